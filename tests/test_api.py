"""The Python API: the same numbers from paths, DataFrames and Arrow tables."""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

import zoocli
from tests.command import (
    ANSWERS,
    QUESTIONS,
    done_well,
    read,
    small_predictions,
    small_votes,
    write,
    write_tree,
)
from zoocli.metrics import CrossEntropyMetric, MeanLoss, MultiQuestionLossMetric

SCHEMA = zoocli.Schema(
    {"shape": ["_smooth", "_disk", "_artifact"], "bar": ["_yes", "_no"]},
    {"shape": None, "bar": "shape_disk"},
    name="tree",
)


@pytest.fixture
def tables() -> tuple[pa.Table, pa.Table]:
    return pa.table(small_predictions()), pa.table(small_votes(["c", "b", "a"]))


def test_every_kind_of_table_gives_the_same(
    tables: tuple[pa.Table, pa.Table], tmp_path: Path
) -> None:
    expected = zoocli.score(*tables, schema=SCHEMA)
    assert isinstance(expected, pa.Table) and expected["id"].to_pylist() == ["a", "b", "c"]
    predictions, votes = tables
    paths = write(tmp_path / "p.parquet", predictions), write(tmp_path / "v.csv", votes)
    forms: list[tuple[Any, Any]] = [
        paths,
        (str(paths[0]), str(paths[1])),
        (predictions.to_pandas(), votes.to_pandas()),
        (predictions.to_batches()[0], votes),
        (predictions, paths[1]),
        ([predictions.slice(0, 1), predictions.slice(1).to_pandas()], votes),
    ]
    for form in forms:
        made = zoocli.score(*form, schema=SCHEMA)
        assert made.cast(expected.schema).equals(expected)  # pandas may have another type of text
        assert without_names(made) == without_names(expected)


def without_names(table: pa.Table) -> dict[str, Any]:
    """How a table was made; the fingerprint of the predictions stays."""
    made = json.loads(table.schema.metadata[b"zoocli"])
    assert made["predictions"].pop("names")
    return dict(made)


def test_the_command_writes_what_the_function_returns(
    tables: tuple[pa.Table, pa.Table], tmp_path: Path
) -> None:
    paths = [write(tmp_path / f"{i}.parquet", table) for i, table in enumerate(tables)]
    tree = write_tree(tmp_path)
    output, summary = tmp_path / "s.parquet", tmp_path / "s.json"
    done_well("score", *paths, "-s", tree, "-o", output, "--summary", summary)
    made = zoocli.score(*paths, schema=str(tree))
    assert made.equals(read(output))
    shown = zoocli.summarize(made)
    assert shown.to_dict() == json.loads(summary.read_text())
    assert shown.to_dict() == zoocli.summarize(output).to_dict()
    frame = shown.to_pandas()
    assert frame["name"].tolist() == ["overall", "tree", "shape", "bar"]
    assert frame["sum"][0] == shown.overall.sum
    assert list(made.to_pandas().columns) == made.column_names


def test_what_the_user_should_know_is_a_warning(tables: tuple[pa.Table, pa.Table]) -> None:
    predictions, votes = tables
    with pytest.warns(zoocli.ZoocliWarning, match=r"1 galaxies match. 2 rows of the predictions"):
        zoocli.score(predictions, votes.slice(1, 1), schema=SCHEMA)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zoocli.score(predictions, votes, schema=SCHEMA)


def test_the_warning_points_at_the_caller(tables: tuple[pa.Table, pa.Table]) -> None:
    with pytest.warns(zoocli.ZoocliWarning) as caught:
        zoocli.score(tables[0], tables[1].slice(1, 1), schema=SCHEMA)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"on_invald": "null"}, zoocli.UsageError, "no option 'on_invald'.*on_invalid"),
        ({"on_invalid": "ignore"}, zoocli.UsageError, "on_invalid= is one of error, null"),
        ({"loss": "mes"}, zoocli.UsageError, "Did you mean 'mse'"),
        ({"schema": "desii"}, zoocli.UsageError, "desi"),
        ({"keep": "nothing"}, zoocli.DataError, "'nothing'"),
        ({"id": "nothing"}, zoocli.DataError, "'nothing'"),
        ({"threads": 0}, zoocli.UsageError, "threads="),
        ({"only": []}, zoocli.DataError, "lists no ids"),
        ({"only": 7}, zoocli.UsageError, "the list"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_calls(
    tables: tuple[pa.Table, pa.Table], options: dict[str, Any], error: type, match: str
) -> None:
    with pytest.raises(error, match=match):
        zoocli.score(*tables, **({"schema": SCHEMA} | options))


@pytest.mark.parametrize("source", [None, 7, [1, 2], {"id": ["a"]}, np.zeros((3, 3))])
def test_things_that_are_no_tables(source: Any, tables: tuple[pa.Table, pa.Table]) -> None:
    with pytest.raises(zoocli.UsageError, match="give a path, a pandas DataFrame, an Arrow table"):
        zoocli.score(source, tables[1], schema=SCHEMA)


def test_a_frame_with_mixed_ids(tables: tuple[pa.Table, pa.Table]) -> None:
    frame = tables[0].to_pandas()
    frame["id"] = [1, "b", 2.5]
    with pytest.raises(zoocli.DataError, match="the predictions"):
        zoocli.score(frame, tables[1], schema=SCHEMA)


def test_errors_name_the_side(tables: tuple[pa.Table, pa.Table]) -> None:
    predictions, votes = tables
    with pytest.raises(zoocli.DataError, match=r"the votes has no column 'bar_no'"):
        zoocli.score(predictions, votes.drop_columns("bar_no"), schema=SCHEMA)
    negative = predictions.set_column(1, "shape_smooth", pa.array([-1.0, 1.0, 2.0]))
    with pytest.raises(zoocli.DataError, match=r"the predictions has 1 galaxy with concentrations"):
        zoocli.score(negative, votes, schema=SCHEMA)


def test_one_name_where_a_list_is_expected(tables: tuple[pa.Table, pa.Table]) -> None:
    predictions = tables[0].append_column("z", pa.array([1, 2, 3]))
    made = zoocli.score(predictions, tables[1], schema=SCHEMA, keep="z")
    assert made["z"].to_pylist() == [1, 2, 3]
    listed = pd.DataFrame({"id": ["a", "c"]})
    made = zoocli.score(predictions, tables[1], schema=SCHEMA, keep=["z"], only=listed)
    assert made["z"].to_pylist() == [1, 3]


def test_inputs_are_left_as_they_were(tables: tuple[pa.Table, pa.Table]) -> None:
    predictions, votes = (table.to_pandas() for table in tables)
    before = predictions.copy(), votes.copy()
    zoocli.score(predictions, votes, schema=SCHEMA)
    pd.testing.assert_frame_equal(predictions, before[0])
    pd.testing.assert_frame_equal(votes, before[1])


def test_a_result_may_be_changed(tables: tuple[pa.Table, pa.Table]) -> None:
    frame = zoocli.score(*tables, schema=SCHEMA).to_pandas()
    frame.loc[0, "loss"] = 7.0
    assert zoocli.score(*tables, schema=SCHEMA)["loss"][0].as_py() != 7.0


# Files instead of tables in memory

ENDINGS = [".parquet", ".csv", ".arrow", ".jsonl"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_output_is_what_the_command_writes(
    ending: str, tables: tuple[pa.Table, pa.Table], tmp_path: Path
) -> None:
    paths = [write(tmp_path / f"{i}.parquet", table) for i, table in enumerate(tables)]
    tree = write_tree(tmp_path)
    ours, theirs = tmp_path / f"ours{ending}", tmp_path / f"theirs{ending}"
    done_well("score", *paths, "-s", tree, "-o", theirs)
    summary = zoocli.score(*paths, str(tree), output=ours)
    assert ours.read_bytes() == theirs.read_bytes()
    assert summary.to_dict() == zoocli.summarize(zoocli.score(*paths, str(tree))).to_dict()
    done_well("catalog", paths[0], "-s", tree, "-o", theirs)
    assert zoocli.catalog(paths[0], str(tree), output=str(ours)) is None
    assert ours.read_bytes() == theirs.read_bytes()


def test_predictions_go_to_a_file(tmp_path: Path) -> None:
    head, target = tmp_path / "head.pt", tmp_path / "predictions.parquet"
    torch.save({"linear.weight": torch.ones(2, 1), "linear.bias": torch.zeros(2)}, head)
    features = pa.table({"id": ["a", "b"], "feat_0": [0.0, 1.0]})
    options: dict[str, Any] = {"classes": ["p", "q"], "activation": "none"}
    assert zoocli.predict(features, head, output=target, **options) is None
    assert read(target).equals(zoocli.predict(features, head, **options))


def test_an_output_that_is_an_input_is_refused(
    tables: tuple[pa.Table, pa.Table], tmp_path: Path
) -> None:
    p, v = (write(tmp_path / f"{name}.parquet", t) for name, t in zip("pv", tables, strict=True))
    tree = write_tree(tmp_path)
    before = {file: file.read_bytes() for file in (p, v, tree)}
    calls: list[Any] = [
        lambda: zoocli.score([str(p)], tables[1], SCHEMA, output=p),
        lambda: zoocli.score(tables[0], v, SCHEMA, output=str(v)),
        lambda: zoocli.score(*tables, tree, output=tree),
        lambda: zoocli.score(*tables, SCHEMA, ensemble=[p], output=p),
        lambda: zoocli.score(*tables, SCHEMA, only=v, output=v),
        lambda: zoocli.catalog(p, SCHEMA, output=p),
        lambda: zoocli.fit(p, v, v, SCHEMA),
    ]
    for call in calls:
        with pytest.raises(zoocli.UsageError, match="is also an input"):
            call()
    assert before == {file: file.read_bytes() for file in (p, v, tree)}


def test_a_failure_leaves_the_output_as_it_was(
    tables: tuple[pa.Table, pa.Table], tmp_path: Path
) -> None:
    target = tmp_path / "scores.csv"
    target.write_text("as it was")
    negative = tables[0].set_column(1, "shape_smooth", pa.array([-1.0, 1.0, 2.0]))
    with pytest.raises(zoocli.DataError, match="1 galaxy with concentrations"):
        zoocli.score(negative, tables[1], SCHEMA, output=target)
    assert [file.name for file in tmp_path.iterdir()] == ["scores.csv"]
    assert target.read_text() == "as it was"
    with pytest.raises(zoocli.UsageError, match="ending"):
        zoocli.score(*tables, SCHEMA, output=tmp_path / "scores.xyz")
    with pytest.raises(zoocli.MachineError, match="no folder"):
        zoocli.score(*tables, SCHEMA, output=tmp_path / "absent" / "scores.csv")


def test_a_device_is_written_to_and_stays(tables: tuple[pa.Table, pa.Table]) -> None:
    assert zoocli.score(*tables, SCHEMA, output="/dev/null").overall.galaxies == 2
    assert Path("/dev/null").is_char_device()


# Checking, detecting, merging


def test_check_finds_everything_and_warns_of_nothing(tables: tuple[pa.Table, pa.Table]) -> None:
    negative = tables[0].set_column(1, "shape_smooth", pa.array([-1.0, 1.0, 2.0]))
    found = zoocli.check(negative, tables[1].slice(1, 2), SCHEMA)
    assert isinstance(found, zoocli.Check) and not found.fine
    assert found.matching is not None and found.matching.predictions_only == 1
    assert [(one.column, one.first_ids) for one in found.invalid] == [("shape_smooth", ("a",))]
    assert zoocli.check(negative, tables[1], SCHEMA, on_invalid="null").fine
    assert zoocli.check("absent.csv", tables[1]).errors
    with pytest.raises(zoocli.UsageError, match=r"check\(\) has no option 'on_invald'"):
        zoocli.check(*tables, on_invald="null")


def test_a_schema_is_detected_from_tables(tmp_path: Path) -> None:
    rings = {"id": ["a"], "ring_yes": [2], "ring_no": [0]}
    file = write(tmp_path / "v.csv", rings)
    assert zoocli.detect_schema(pd.DataFrame(rings), str(file)).name == "gz-rings"
    with pytest.raises(zoocli.DataError, match="No built-in schema fits"):
        zoocli.detect_schema(file, pa.table({"id": ["a"], "ring_yes": [2]}))


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_parts_are_merged_from_results_and_from_files(tmp_path: Path) -> None:
    predictions, votes = draw(300)
    parts = [predictions.slice(0, 100), predictions.slice(100)]
    summaries = [zoocli.summarize(zoocli.score(part, votes, SCHEMA)) for part in parts]
    whole = zoocli.summarize(zoocli.score(predictions, votes, SCHEMA))
    assert_alike(zoocli.merge(summaries), whole)
    files = [tmp_path / f"{number}.json" for number in range(2)]
    for file, summary in zip(files, summaries, strict=True):
        file.write_text(json.dumps(summary.to_dict()))
    merged = zoocli.merge(files)
    assert isinstance(merged, zoocli.Summary)
    assert_alike(merged, whole)
    evaluations = [zoocli.evaluate(part, votes, SCHEMA) for part in parts]
    expected = zoocli.evaluate(predictions, votes, SCHEMA)
    made = zoocli.merge(evaluations)
    assert made.matching == expected.matching
    values = [
        [np.nan if one.value is None else one.value for one in found.metrics]
        for found in (made, expected)
    ]
    np.testing.assert_allclose(*values, rtol=1e-12, atol=1e-15)
    with pytest.raises(zoocli.UsageError, match="Merge each kind alone"):
        zoocli.merge([summaries[0], evaluations[1]])
    with pytest.raises(zoocli.UsageError, match="nothing to merge"):
        zoocli.merge([])


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_directories_of_evaluations_are_merged(tmp_path: Path) -> None:
    predictions, votes = draw(60)
    tree, v = write_tree(tmp_path), write(tmp_path / "v.parquet", votes)
    p = write(tmp_path / "p.parquet", predictions)
    folders = [tmp_path / f"part-{number}" for number in (1, 2)]
    for number, folder in enumerate(folders, start=1):
        options = ("-s", tree, "--shard", f"{number}/2", "-o", folder)
        done_well("evaluate", p, v, *options)
    merged = zoocli.merge([str(folder) for folder in folders])
    assert isinstance(merged, zoocli.Evaluation)
    assert (merged.shard, merged.galaxies) == (None, 60)
    assert zoocli.merge([folders[0], folders[1]]).to_dict() == merged.to_dict()


# The same numbers as the metrics


def draw(galaxies: int) -> tuple[pa.Table, pa.Table]:
    random = np.random.default_rng(4)
    ids = [f"g{number}" for number in range(galaxies)]
    predictions: dict[str, Any] = {"id": ids}
    votes: dict[str, Any] = {"id": ids}
    for answer in ANSWERS:
        predictions[answer] = random.gamma(2.0, 10.0, galaxies)
        votes[answer] = random.integers(0, 40, galaxies) * (random.random(galaxies) < 0.6)
    return pa.table(predictions), pa.table(votes)


def assert_alike(one: zoocli.Summary, other: zoocli.Summary) -> None:
    for made, metric in zip(one.rows(), other.rows(), strict=True):
        for key, value in made.items():
            exact = isinstance(value, int | str) or value is None
            assert metric[key] == (value if exact else pytest.approx(value, rel=1e-12)), key


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_the_tree_metric_gives_the_same_numbers(backend: str) -> None:
    predictions, votes = draw(500)
    metric = MultiQuestionLossMetric(SCHEMA)
    inputs = torch.tensor(np.stack([predictions[a].to_numpy() for a in ANSWERS], axis=1))
    for rows in (slice(0, 123), slice(123, 500)):
        targets = {a: torch.tensor(votes[a].to_numpy().copy())[rows] for a in ANSWERS}
        metric.update(inputs[rows], targets)
    scores = zoocli.score(predictions, votes, schema=SCHEMA, backend=backend)
    assert_alike(zoocli.summarize(scores), metric.to_summary())


def test_the_class_metric_gives_the_same_numbers() -> None:
    random = np.random.default_rng(5)
    logits, labels = random.normal(0, 2, (300, 3)), random.integers(0, 3, 300)
    ids = list(range(300))
    columns = dict(zip("abc", logits.T, strict=True))
    options: dict[str, Any] = {"label_smoothing": 0.1}
    scores = zoocli.score(
        pa.table({"id": ids} | columns),
        pa.table({"id": ids, "label": labels}),
        loss="ce",
        class_weights=[1.0, 2.0, 3.0],
        **options,
    )
    metric = CrossEntropyMetric(weight=[1.0, 2.0, 3.0], **options)
    metric.update(torch.tensor(logits), torch.tensor(labels))
    assert_alike(zoocli.summarize(scores), metric.to_summary())


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_the_value_metrics_give_the_same_numbers(loss: str) -> None:
    random = np.random.default_rng(6)
    guess, truth = random.normal(0, 2, (2, 300, 2))
    ids = list(range(300))
    names = ["mass", "size"]
    scores = zoocli.score(
        pa.table({"id": ids} | dict(zip(names, guess.T, strict=True))),
        pa.table({"id": ids} | dict(zip(names, truth.T, strict=True))),
        loss=loss,
        label=names,
        prediction=names,
    )
    metric = MeanLoss(loss, targets=names)
    metric.update(torch.tensor(guess), torch.tensor(truth))
    assert_alike(zoocli.summarize(scores), metric.to_summary())


# Against pandas and scipy


def reference(p: pd.DataFrame, v: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """What on_duplicate="drop" should give: the scores, and the account of the rows."""
    repeated = set(p.id[p.id.duplicated()]) | set(v.id[v.id.duplicated()])
    both = set(p.id) & set(v.id)
    kept = p[p.id.isin(both - repeated)].merge(v, on="id", how="left", suffixes=("", "_votes"))
    made = pd.DataFrame({"id": kept.id, "loss": 0.0})
    for question, answers in QUESTIONS.items():
        a = kept[list(answers)].to_numpy(float)
        k = kept[[f"{answer}_votes" for answer in answers]].to_numpy(float)
        n, total = k.sum(1), a.sum(1)
        terms = gammaln(k + a) - gammaln(a) - gammaln(k + 1)
        loss = -(gammaln(n + 1) + gammaln(total) - gammaln(n + total) + terms.sum(1))
        made[f"{question}_loss"], made[f"{question}_total-votes"] = loss, n.astype("int32")
        made["loss"] += loss
    return made, {
        "matched": len(made),
        "predictions_only": int((~p.id.isin(both)).sum()),
        "votes_only": int((~v.id.isin(both)).sum()),
        "duplicated": len(both & repeated),
        "invalid": 0,
    }


def frames(side: str) -> st.SearchStrategy[pd.DataFrame]:
    """Small tables whose few ids often repeat."""
    value = st.integers(0, 300) if side == "votes" else st.floats(0.5, 200.0)
    row = st.tuples(st.sampled_from("abcdefgh"), *[value] * len(ANSWERS))
    return st.lists(row, min_size=1, max_size=12).map(
        lambda rows: pd.DataFrame(rows, columns=["id", *ANSWERS])
    )


@settings(deadline=None, max_examples=100)
@given(
    p=frames("predictions"),
    v=frames("votes"),
    batch_size=st.sampled_from([1, 3, 100]),
    threads=st.sampled_from([1, 2]),
)
def test_any_small_tables(p: pd.DataFrame, v: pd.DataFrame, batch_size: int, threads: int) -> None:
    expected, account = reference(p, v)
    options: dict[str, Any] = {"batch_size": batch_size, "threads": threads, "schema": SCHEMA}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zoocli.ZoocliWarning)
        if account["duplicated"] or not account["matched"]:
            with pytest.raises(zoocli.DataError):
                zoocli.score(p, v, **options)
        options["on_duplicate"] = "drop"
        if not account["matched"]:
            with pytest.raises(zoocli.DataError):
                zoocli.score(p, v, **options)
            return
        scores = zoocli.score(p, v, **options)
    pd.testing.assert_frame_equal(scores.to_pandas(), expected, rtol=1e-9, atol=1e-9)
    result = zoocli.summarize(scores).to_dict()
    assert result["matching"] == account
    dropped_ids = set(p.id) & set(v.id) - set(expected.id)
    for frame, side in ((p, "predictions_only"), (v, "votes_only")):
        assert len(frame) == len(expected) + account[side] + frame.id.isin(dropped_ids).sum()
    votes = expected.filter(like="total-votes").sum(axis=1)
    overall = result["overall"]
    assert (overall["galaxies"], overall["galaxies_all"]) == ((votes > 0).sum(), len(expected))
    assert overall["votes"] == votes.sum()
    assert overall["sum"] == pytest.approx(expected.loss.sum(), abs=1e-8)


def test_a_list_of_ids(tables: tuple[pa.Table, pa.Table]) -> None:
    ids = tables[0]["id"].to_pylist()[:2]
    every = zoocli.score(*tables, SCHEMA)
    for only in (ids, tuple(ids), pa.table({"id": ids})):
        found = zoocli.score(*tables, SCHEMA, only=only)
        assert found["id"].to_pylist() == [one for one in every["id"].to_pylist() if one in ids]
    numbers = pa.table({"id": [1, 2, 3]})
    numbered = [table.set_column(0, "id", numbers["id"]) for table in tables]
    assert zoocli.score(*numbered, SCHEMA, only=[2])["id"].to_pylist() == [2]


def test_the_figures_are_those_of_the_report(
    tables: tuple[pa.Table, pa.Table], tmp_path: Path
) -> None:
    found = zoocli.figures(zoocli.evaluate(*tables, SCHEMA))
    assert {"loss", "reliability", "confusion-shape"} <= found.keys()
    found["loss"].savefig(tmp_path / "loss.pdf")
    assert (tmp_path / "loss.pdf").read_bytes().startswith(b"%PDF")
    import matplotlib.pyplot as plt

    assert not plt.get_fignums()  # they belong to no window


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("score", ("predictions", "votes", "schema", "output", "where", "keep", "on_invalid")),
        ("evaluate", ("by", "fractions", "profile", "where", "seed")),
        ("rank", ("models", "votes", "where", "profile")),
        ("catalog", ("advanced", "keep")),
        ("predict", ("head", "activation")),
        ("fit", ("learning_rate", "batch_size")),
    ],
)
def test_signatures_show_the_options(name: str, options: tuple[str, ...]) -> None:
    shown = inspect.signature(getattr(zoocli, name)).parameters
    assert {*options} <= {*shown} and "options" not in shown
