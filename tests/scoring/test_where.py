"""`--where`: what holds is what pandas says, and the scores are those of the rows chosen before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zoocli
from tests.alike import close_enough
from tests.command import done_well, run, small_predictions, small_votes, write, write_tree
from zoocli.errors import DataError, UsageError
from zoocli.tables.where import Where

COUNT = 60
RNG = np.random.default_rng(11)
IDS = [f"g{number}" for number in range(COUNT)]
MAGNITUDES = [*RNG.uniform(14, 20, COUNT - 2), None, float("nan")]
SURVEYS = [*RNG.choice(["dr5", "dr8"], COUNT - 1), None]
NIGHTS = RNG.integers(0, 9, COUNT).tolist()


def predictions() -> pa.Table:
    return pa.table(small_predictions(IDS)).append_column("mag r", [MAGNITUDES])


def votes() -> pa.Table:
    table = pa.table(small_votes(IDS))
    return table.append_column("survey", [SURVEYS]).append_column("night", [NIGHTS])


CASES = {
    "`mag r` < 17": lambda row: row.mag < 17,
    "17 > `mag r`": lambda row: row.mag < 17,
    "not `mag r` < 17": lambda row: row.mag >= 17,
    "15 <= `mag r` < 17 and survey == 'dr5'": lambda row: (
        15 <= row.mag < 17 and row.survey == "dr5"
    ),
    "survey in ('dr5', 'x') or night > 6": lambda row: row.survey == "dr5" or row.night > 6,
    "survey not in ('dr5',)": lambda row: row.survey == "dr8",
    "survey != \"dr5\"": lambda row: row.survey == "dr8",
    "`mag r` is null": lambda row: pd.isna(row.mag),
    "predictions.`mag r` is not null and votes.night ** 2 / 3 - 1 >= 7": lambda row: (
        not pd.isna(row.mag) and row.night**2 / 3 - 1 >= 7
    ),
    "-night < -3": lambda row: row.night > 3,
    "night == 3.0 or night in (1, 5)": lambda row: row.night in (1, 3, 5),
    "id == 'g7'": lambda row: row.id == "g7",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
@pytest.mark.parametrize("condition", CASES)
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_scores_are_those_of_the_rows_for_which_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path)
    write(Path(f"p.{suffix}"), predictions())
    write(Path(f"v.{suffix}"), votes())
    rows = pd.DataFrame({"id": IDS, "mag": MAGNITUDES, "survey": SURVEYS, "night": NIGHTS})
    holds = [bool(CASES[condition](row)) for row in rows.itertuples()]
    assert 0 < sum(holds) < COUNT
    done = done_well(
        *("score", f"p.{suffix}", f"v.{suffix}", "-s", "tree.yaml", "-o", "s.parquet"),
        *("--where", condition, "--summary", "s.json"),
    )
    assert f"does not hold for {COUNT - sum(holds):,} galaxies" in done.err
    expected = zoocli.score(predictions().filter(pa.array(holds)), votes(), "tree.yaml")
    found = pq.read_table("s.parquet")
    assert found.equals(expected)
    summary = json.loads(Path("s.json").read_text())
    assert summary["matching"]["excluded"] == COUNT - sum(holds)
    assert summary["matching"]["matched"] == sum(holds)
    assert summary["matching"]["votes_only"] == 0
    assert f"|where:{condition}|" in summary["signature"]
    assert zoocli.summarize("s.parquet").matching.excluded == COUNT - sum(holds)


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5), st.just(float("nan"))), min_size=1),
       st.floats(-5, 5), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))  # fmt: skip
def test_comparisons_are_those_of_numpy(
    cells: list[float | None], limit: float, operator: str
) -> None:
    condition = Where.parse(f"x {operator} {limit!r}")
    found = condition.holds({condition.columns[0]: pa.array(cells, pa.float64())}).to_pylist()
    known = np.array([np.nan if cell is None else cell for cell in cells])
    compared = {
        "<": known < limit, "<=": known <= limit, ">": known > limit, ">=": known >= limit,
        "==": known == limit, "!=": (known != limit) & ~np.isnan(known),
    }[operator]  # fmt: skip
    assert found == compared.tolist()


TYPES: dict[str, tuple[Any, str, list[bool]]] = {
    "times": (pa.array([0, 10**15], pa.timestamp("us")), "x > '1990-01-01'", [False, True]),
    "dates": (pa.array([0, 9_000], pa.date32()), "x <= '1990-01-01'", [True, False]),
    "truth values": (pa.array([True, False]), "x", [True, False]),
    "truth values as numbers": (pa.array([True, False]), "x == 1", [True, False]),
    "19 digits": (pa.array([2**63 - 1, 2**63 - 2]), f"x == {2**63 - 1}", [True, False]),
    "unsigned": (pa.array([2**64 - 1, 0], pa.uint64()), f"x > {2**64 - 2}", [True, False]),
    "beyond 64 bits": (pa.array([1, None]), f"x < {10**30} and x < {10**400}", [True, False]),
    "codes": (pa.array(["a", "b"]).dictionary_encode(), "x in ('b', 'c')", [False, True]),
    "text": (pa.array([" 3.5 ", "NA"]), "x * 2 >= 7", [True, False]),
}


@pytest.mark.parametrize("name", TYPES)
def test_columns_of_other_types(name: str) -> None:
    cells, text, expected = TYPES[name]
    condition = Where.parse(text)
    assert condition.holds({condition.columns[0]: cells}).to_pylist() == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "mag <", "mag = 3", "1 < 2", "__import__('os').system('x')", "mag.real > 3",
        "votes.a.b > 3", "f(mag)", "lambda: mag", "[mag for mag in x]", "mag if mag else mag",
        "mag @ 3", "mag[0] > 1", "(mag := 3)", "mag is 3", "mag in 'abc'", "mag in ()",
        "b'x' == mag", "f'{mag}' == 'x'", "mag > 1j", "not " * 500 + "mag", "(" * 5_000 + "mag",
        "mag > 1; mag", "x" * 20_000, "`", "mag & 3 > 1", "mag > ...", "\0",
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no condition"):
        Where.parse(text)
    done = run("score", "p.parquet", "v.parquet", "--where", text)
    assert done.code == 2 and done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("redshift > 1", "Neither .* has a column 'redshift'"),
        ("votes.`mag r` > 1", "mag r"),
        ("shape_disk > 1", "both have a column 'shape_disk'.*predictions.shape_disk or votes."),
        ("survey < 3", "does not fit its columns, 'survey'"),
        ("night == 'x'", "does not fit its columns, 'night'"),
        ("night", "neither true nor false"),
        ("night > 100", "holds for none of the 60 that match"),
    ],
)
def test_what_does_not_fit_the_tables_is_refused(tmp_path: Path, condition: str, said: str) -> None:
    tree = write_tree(tmp_path)
    with pytest.raises(DataError, match=f"(?s){said}"):
        zoocli.score(predictions(), votes(), tree, where=condition)


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_evaluate_and_rank(tmp_path: Path) -> None:
    tree = write_tree(tmp_path)
    chosen = [night > 3 for night in NIGHTS]
    expected = zoocli.evaluate(predictions().filter(pa.array(chosen)), votes(), tree)
    found = zoocli.evaluate(predictions(), votes(), tree, where="night > 3")
    assert [one.to_dict() for one in found.metrics] == [one.to_dict() for one in expected.metrics]
    ranking = zoocli.rank(
        {"a": predictions(), "b": predictions()}, votes(), tree, where="night > 3"
    )
    assert ranking.galaxies == sum(chosen)
    assert ranking.best.evaluation.by_name == found.by_name
    assert ranking.best.evaluation.matching == found.matching
    assert "|where:night > 3|" in ranking.signature


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_rank_takes_the_galaxies_for_which_it_holds_in_every_model(tmp_path: Path) -> None:
    tree = write_tree(tmp_path)
    table = predictions()
    one = table.append_column("quality", [range(COUNT)])
    other = table.append_column("quality", [range(COUNT, 0, -1)])
    ranking = zoocli.rank({"one": one, "other": other}, votes(), tree, where="quality > 20")
    both = [20 < row < COUNT - 20 for row in range(COUNT)]
    assert ranking.galaxies == sum(both)
    assert [model.evaluation.galaxies for model in ranking.models] == [sum(both)] * 2
    assert [model.left_out for model in ranking.models] == [
        sum(row > 20 for row in range(COUNT)) - sum(both),
        sum(COUNT - row > 20 for row in range(COUNT)) - sum(both),
    ]


@pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")
def test_shards_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path)
    write(Path("p.parquet"), predictions())
    write(Path("v.parquet"), votes())
    options = ("p.parquet", "v.parquet", "-s", "tree.yaml", "--where", "night > 3", "-q")
    whole = json.loads(done_well("score", *options, "--summary", "-").out)
    for shard in (1, 2, 3):
        done_well("score", *options, "--shard", f"{shard}/3", "--summary", f"{shard}.json")
    merged = json.loads(done_well("merge", "1.json", "2.json", "3.json").out)
    assert merged["matching"] == whole["matching"]
    assert close_enough([merged["overall"]], [whole["overall"]])
    other = (*options[:5], "night > 4", "-q", "--summary", "4.json", "--shard", "1/3")
    done_well("score", *other)
    done = run("merge", "4.json", "2.json", "3.json")
    assert done.code == 3 and "where" in done.err


def test_a_named_column_is_no_class(tmp_path: Path) -> None:
    table: dict[str, Any] = {
        "id": IDS, "round": RNG.uniform(0, 1, COUNT), "flat": RNG.uniform(0, 1, COUNT),
        "magnitude": RNG.uniform(14, 20, COUNT),
    }  # fmt: skip
    labels = {"id": IDS, "label": RNG.choice(["round", "flat"], COUNT).tolist()}
    options: dict[str, Any] = {"loss": "ce", "scale": "logits", "where": "magnitude < 30"}
    found = zoocli.score(pa.table(table), pa.table(labels), **options)
    del table["magnitude"], options["where"]
    assert found.equals(zoocli.score(pa.table(table), pa.table(labels), **options))


def test_check_counts_what_is_left_out(tmp_path: Path) -> None:
    tree = write_tree(tmp_path)
    found = zoocli.check(predictions(), votes(), tree, where="night > 3")
    assert found.matching is not None
    assert found.matching.excluded == sum(night <= 3 for night in NIGHTS)
    assert any("does not hold" in note for note in found.notes)
