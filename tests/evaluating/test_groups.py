"""`evaluate --by`: each group has the numbers of an evaluation of its galaxies alone."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

import zoocli
from tests.command import done_well, run
from tests.conftest import ROOT
from zoocli.errors import DataError, UsageError
from zoocli.products.simulation import simulate

SAMPLE = ROOT / "sample_data"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Votes with redshifts, some unknown, also as CSV and in a table of their own; with surveys."""
    folder = tmp_path_factory.mktemp("groups")
    (folder / "tree.yaml").write_text(
        "question_answer_pairs: {shape: [_smooth, _disk], bar: [_yes, _no]}\n"
        "dependencies: {shape: null, bar: shape_disk}\n"
    )
    simulate(folder, schema=str(folder / "tree.yaml"), galaxies=600, seed=4, volunteers=15)
    random = np.random.default_rng(1)
    redshift = random.random(600) * 0.3
    redshift[::40] = np.nan
    votes = pq.read_table(folder / "votes.parquet")
    redshifts = pa.array(redshift, from_pandas=True)
    votes_z = votes.append_column("redshift", redshifts)
    pq.write_table(votes_z, folder / "votes-z.parquet")
    pc.write_csv(votes_z, folder / "votes-z.csv")
    text = (folder / "votes-z.csv").read_text().replace(",\n", ",N/A\n")
    (folder / "votes-z.csv").write_text(text)
    table = pa.table({"id_str": votes["id_str"], "redshift": redshifts})
    pq.write_table(table.take(random.permutation(600)), folder / "z.parquet")
    predictions = pq.read_table(folder / "predictions.parquet")
    surveys = pa.array(np.where(random.random(600) < 0.3, "north", "south"))
    pq.write_table(predictions.append_column("survey", surveys), folder / "surveys.parquet")
    for part in range(2):
        pq.write_table(
            predictions.append_column("survey", surveys).slice(300 * part, 300),
            folder / f"part-{part}.parquet",
        )
    return folder


def evaluate(data: Path, *options: object, votes: str = "votes-z.parquet") -> Rows:
    tree = ("-s", data / "tree.yaml", "-q", "-f", "csv")
    text = done_well("evaluate", data / "surveys.parquet", data / votes, *tree, *options).out
    return list(csv.DictReader(io.StringIO(text)))


def of_group(rows: Rows, by: str, group: str) -> Rows:
    columns = ("question", "answer", "metric", "value", "low", "high", "N")
    return [
        {name: row[name] for name in columns}
        for row in rows
        if (row["by"], row["group"]) == (by, group)
    ]


def test_a_group_is_what_a_condition_leaves(data: Path) -> None:
    found = evaluate(data, "--by", "redshift:0.1,0.2", "--by", "survey")
    for by, group, where in (
        ("redshift", "below 0.1", "redshift < 0.1"),
        ("redshift", "0.1 to 0.2", "redshift >= 0.1 and redshift < 0.2"),
        ("redshift", "0.2 and more", "redshift >= 0.2"),
        ("redshift", "no value", "redshift is null"),
        ("survey", "north", "survey == 'north'"),
    ):
        alone = evaluate(data, "--where", where)
        assert of_group(found, by, group) == alone
    assert of_group(found, "", "") == evaluate(data)
    edges = {(row["group_low"], row["group_high"]) for row in found if row["group"] == "0.1 to 0.2"}
    assert edges == {("0.1", "0.2")}


@pytest.mark.parametrize(
    ("votes", "more"),
    [("votes-z.csv", ()), ("votes.parquet", ("--with", "z.parquet"))],
    ids=["csv", "with"],
)
def test_the_column_may_be_text_or_in_a_further_table(
    data: Path, votes: str, more: tuple[str, ...]
) -> None:
    by = ("--by", "redshift:q3")
    further = [data / one if "." in one else one for one in more]
    assert evaluate(data, *by, *further, votes=votes) == evaluate(data, *by)


def test_quantiles_have_equally_many_galaxies(data: Path) -> None:
    rows = evaluate(data, "--by", "redshift:q3")
    sizes = [
        int(row["N"])
        for row in rows
        if (row["question"], row["metric"], row["by"]) == ("overall", "loss", "redshift")
    ]
    assert sizes == [195, 195, 195, 15]


@pytest.mark.parametrize("options", [("--batch-size", 50, "--threads", 3), ("--threads", 1)])
def test_batches_and_threads_change_nothing(data: Path, options: tuple[object, ...]) -> None:
    by = ("--by", "redshift:3", "--by", "survey")
    assert evaluate(data, *by, *options) == evaluate(data, *by)


def test_merged_parts_and_shards_are_the_whole(data: Path, tmp_path: Path) -> None:
    by = ("--by", "redshift:3", "--by", "survey")
    common = (data / "votes-z.parquet", "-s", data / "tree.yaml", "-q", "--no-report", *by)
    for part in range(2):
        done_well("evaluate", data / f"part-{part}.parquet", *common, "-o", tmp_path / f"p{part}")
        shard = ("--shard", f"{part + 1}/2", "-o", tmp_path / f"s{part}")
        done_well("evaluate", data / "surveys.parquet", *common, *shard)
    whole = evaluate(data, *by)
    for kind in "ps":
        merged = done_well("merge", tmp_path / f"{kind}0", tmp_path / f"{kind}1", "-q", "-f", "csv")
        found = list(csv.DictReader(io.StringIO(merged.out)))
        for one, other in zip(found, whole, strict=True):
            for name, value in one.items():
                if name in ("value", "low", "high") and value:
                    assert float(value) == pytest.approx(float(other[name]), rel=1e-9, abs=1e-9)
                else:
                    assert value == other[name]
    other = (*common[:-4], "--by", "redshift:4")
    done_well("evaluate", data / "part-0.parquet", *other, "-o", tmp_path / "other")
    refused = run("merge", tmp_path / "other", tmp_path / "p1")
    assert refused.code == 3 and "differ in by" in refused.err


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_of_classes_and_values(tmp_path: Path) -> None:
    for names, options, place in (
        (("class-predictions.csv", "class-labels.csv"), {"loss": "ce", "scale": "logits"}, "group"),
        (("value-predictions.csv", "value-labels.csv"), {"loss": "mse"}, "group"),
    ):
        predictions, labels = (pc.read_csv(SAMPLE / name) for name in names)
        group = pa.array(["even" if row % 2 else "odd" for row in range(len(labels))])
        labels = labels.append_column(place, group)
        whole: Any = zoocli.evaluate(predictions, labels, by=place, **options)  # type: ignore
        assert [one.bin.label for one in whole.groups] == ["even", "odd"]
        for one in whole.groups:
            where = f"group == '{one.bin.label}'"
            alone = zoocli.evaluate(predictions, labels, where=where, **options)  # type: ignore
            assert one.evaluation.metrics == alone.metrics
        columns = {"by", "group", "group_low", "group_high"}
        assert columns < {*whole.to_pandas().columns}
        assert "By group" in zoocli_table(whole)


def zoocli_table(evaluation: Any) -> str:
    from zoocli.report.evaluation import render_evaluation

    return render_evaluation(evaluation, "markdown")


def test_the_report_has_a_table_and_a_figure_of_each_column(data: Path, tmp_path: Path) -> None:
    files = (data / "surveys.parquet", data / "votes-z.parquet", "-s", data / "tree.yaml", "-q")
    done_well("evaluate", *files, "--by", "redshift:2", "--by", "survey", "-o", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<h2>By redshift</h2>" in page and "<h2>By survey</h2>" in page
    assert 'id="figure-by-2"' in page
    assert (tmp_path / "out" / "figures" / "by-1.pdf").exists()
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [one["group"] for one in content["groups"]][-2:] == ["north", "south"]
    assert sum(one["galaxies"] for one in content["groups"] if one["by"] == "survey") == 600
    done_well("evaluate", *files, "--no-report", "-o", tmp_path / "out")  # replaces all of it
    assert not (tmp_path / "out" / "figures").exists()


@pytest.mark.parametrize(
    ("by", "error", "said"),
    [
        ("colour", DataError, "has a column 'colour'"),
        ("redshift:0.2,0.1", UsageError, "must be finite and rise"),
        ("redshift:many", UsageError, "give a number of bins after the colon"),
        ("id_str", DataError, "more than 100 different texts"),
    ],
)
def test_what_makes_no_groups_is_refused(
    data: Path, by: str, error: type[Exception], said: str
) -> None:
    files = (data / "surveys.parquet", data / "votes-z.parquet")
    with pytest.raises(error, match=said):
        zoocli.evaluate(*files, schema=data / "tree.yaml", by=by)


def test_rank_has_no_groups(data: Path) -> None:
    file = str(data / "surveys.parquet")
    refused = run("rank", f"a={file}", f"b={file}", data / "votes-z.parquet", "--by", "survey")
    assert refused.code == 2 and "--by" in refused.err
    with pytest.raises(UsageError, match="single model"):
        zoocli.rank({"a": file, "b": file}, data / "votes-z.parquet", by="survey")


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
@pytest.mark.parametrize("kind", ["arrow", "csv"])
@pytest.mark.parametrize("place", ["predictions", "votes", "further"])
def test_numbers_that_mean_missing_have_no_bin(tmp_path: Path, place: str, kind: str) -> None:
    random = np.random.default_rng(0)
    ids = [f"g{number}" for number in range(100)]
    answers = {name: random.integers(1, 9, 100) for name in ("ring_yes", "ring_no")}
    tables: dict[str, Any] = {name: pa.table({"id": ids} | answers) for name in "pv"}
    tables["f"] = pa.table({"id": ids})
    column = pa.array(np.where(np.arange(100) % 10 == 0, -999.0, 1 + random.random(100)))
    tables[place[0]] = tables[place[0]].append_column("z", column)
    if kind == "csv":
        for name, table in tables.items():
            pc.write_csv(table, tmp_path / f"{name}.csv")
            tables[name] = tmp_path / f"{name}.csv"
    further = {"with_": [tables["f"]]} if place == "further" else {}
    made: Any = zoocli.evaluate(
        tables["p"], tables["v"], "gz-rings", by="z:2", null_value=-999, **further
    )
    found = {one.bin.label: one.evaluation.galaxies for one in made.groups}
    assert found.pop("no value") == 10
    assert len(found) == 2 and sum(found.values()) == 90
