"""`zoocli score` for decision trees: the losses that reach the table, and the rules for votes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import (
    ANSWERS,
    QUESTIONS,
    done_well,
    lgamma_loss,
    read,
    run,
    small_predictions,
    small_votes,
    write,
    write_tree,
)
from tests.reference.cases import ANCHOR, DirichletCase, dirichlet_cases

BACKENDS = ("numba", "torch")
MOST_VOTES = 2**31 - 1


def cases_by_answers() -> dict[int, list[DirichletCase]]:
    """The reference cases that int32 can hold, by their number of answers."""
    cases: dict[int, list[DirichletCase]] = {}
    for case in dirichlet_cases():
        if sum(case.votes) <= MOST_VOTES:
            cases.setdefault(len(case.votes), []).append(case)
    return dict(sorted(cases.items()))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question for each number of answers, a galaxy for each case, as files."""
    folder = tmp_path_factory.mktemp("reference")
    groups = cases_by_answers()
    galaxies = max(map(len, groups.values()))
    predictions: dict[str, object] = {"id": list(range(galaxies))}
    votes = dict(predictions)
    tree = {}
    for answers, cases in groups.items():
        tree[f"q{answers}"] = [f"_a{number}" for number in range(answers)]
        for number in range(answers):
            chosen = [cases[row % len(cases)] for row in range(galaxies)]
            predictions[f"q{answers}_a{number}"] = [c.concentrations[number] for c in chosen]
            votes[f"q{answers}_a{number}"] = [c.votes[number] for c in chosen]
    schema = {"question_answer_pairs": tree, "dependencies": dict.fromkeys(tree)}
    (folder / "tree.yaml").write_text(json.dumps(schema))
    for suffix in ("parquet", "csv"):
        write(folder / f"predictions.{suffix}", predictions)
        write(folder / f"votes.{suffix}", votes)
    return folder


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_table_keeps_the_error_bounds(
    reference: Path, tmp_path: Path, backend: str, suffix: str
) -> None:
    output = tmp_path / f"scores.{suffix}"
    tables = (reference / f"predictions.{suffix}", reference / f"votes.{suffix}")
    done_well("score", *tables, "-s", reference / "tree.yaml", "-o", output, "--backend", backend)
    scores = read(output)
    checked = 0
    for answers, cases in cases_by_answers().items():
        losses = scores[f"q{answers}_loss"].to_pylist()
        totals = scores[f"q{answers}_total-votes"].to_pylist()
        for row, (loss, total) in enumerate(zip(losses, totals, strict=True)):
            case = cases[row % len(cases)]
            assert total == sum(case.votes)
            assert abs(loss - case.loss) <= case.bound, (case, loss)
            checked += 1
    assert checked > 1000


@pytest.mark.parametrize("backend", BACKENDS)
def test_anchor(tmp_path: Path, backend: str) -> None:
    concentrations, votes, loss = ANCHOR
    names = [f"q_{answer}" for answer in "abc"]
    tree = {"question_answer_pairs": {"q": ["_a", "_b", "_c"]}, "dependencies": {"q": None}}
    (tmp_path / "tree.yaml").write_text(json.dumps(tree))
    predictions = {"id": ["x"]} | {n: [a] for n, a in zip(names, concentrations, strict=True)}
    counts = {"id": ["x"]} | {n: [k] for n, k in zip(names, votes, strict=True)}
    tables = write(tmp_path / "p.csv", predictions), write(tmp_path / "v.csv", counts)
    done = done_well("score", *tables, "-s", tmp_path / "tree.yaml", "--backend", backend)
    header, row = done.out.splitlines()
    assert header == "id,loss,q_loss,q_total-votes"
    assert row.split(",")[0] == "x" and row.split(",")[3] == "6"
    assert float(row.split(",")[1]) == float(row.split(",")[2]) == pytest.approx(loss, abs=1e-13)


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """Predictions and votes of the small tree, beside its schema."""
    write_tree(tmp_path)
    return (
        write(tmp_path / "predictions.parquet", small_predictions()),
        write(tmp_path / "votes.parquet", small_votes()),
    )


def score(tables: tuple[Path, Path], *options: object) -> pa.Table:
    """The table that the command writes."""
    output = tables[0].parent / "scores.parquet"
    done_well("score", *tables, "-s", tables[0].parent / "tree.yaml", "-o", output, *options)
    return read(output)


def rewrite(path: Path, **columns: object) -> None:
    """Replaces columns of a Parquet file."""
    table = pq.read_table(path).to_pydict() | columns
    write(path, pa.table(table))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_galaxys_loss_is_the_sum_of_its_questions(small: tuple[Path, Path], backend: str) -> None:
    scores = score(small, "--backend", backend).to_pylist()
    predictions, votes = (pq.read_table(path).to_pylist() for path in small)
    for row, a, k in zip(scores, predictions, votes, strict=True):
        losses = {
            question: lgamma_loss([a[name] for name in names], [k[name] for name in names])
            for question, names in QUESTIONS.items()
        }
        for question, loss in losses.items():
            assert row[f"{question}_loss"] == pytest.approx(loss, abs=1e-12)
        assert row["loss"] == pytest.approx(sum(losses.values()), abs=1e-12)


def test_columns_and_their_types(small: tuple[Path, Path]) -> None:
    assert score(small).schema.remove_metadata() == pa.schema(
        [
            ("id", pa.string()),
            ("loss", pa.float64()),
            ("shape_loss", pa.float64()),
            ("shape_total-votes", pa.int32()),
            ("bar_loss", pa.float64()),
            ("bar_total-votes", pa.int32()),
        ]
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_galaxy_without_votes_counts_in_mean_all_alone(
    small: tuple[Path, Path], tmp_path: Path, backend: str
) -> None:
    summary = tmp_path / "summary.json"
    table = score(small, "--summary", summary, "--backend", backend)
    scores = table.to_pylist()
    assert scores[2] == {
        "id": "c",
        "loss": 0.0,
        "shape_loss": 0.0,
        "shape_total-votes": 0,
        "bar_loss": 0.0,
        "bar_total-votes": 0,
    }
    assert all(math.copysign(1.0, table[name][2].as_py()) == 1.0 for name in ("loss", "bar_loss"))
    overall = json.loads(summary.read_text())["overall"]
    assert (overall["galaxies"], overall["galaxies_all"]) == (2, 3)
    assert overall["mean"] == pytest.approx((scores[0]["loss"] + scores[1]["loss"]) / 2)
    assert overall["mean_all"] == pytest.approx((scores[0]["loss"] + scores[1]["loss"]) / 3)


def test_nobody_voted_at_all(small: tuple[Path, Path], tmp_path: Path) -> None:
    rewrite(small[1], **{answer: [None, None, None] for answer in ANSWERS})
    summary = tmp_path / "summary.json"
    assert score(small, "--summary", summary)["loss"].to_pylist() == [0.0] * 3
    overall = json.loads(summary.read_text())["overall"]
    assert overall["mean"] is None and overall["se"] is None and overall["mean_all"] == 0.0
    assert (overall["galaxies"], overall["galaxies_all"], overall["votes"]) == (0, 3, 0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("bad", [math.nan, None, math.inf, -math.inf, 0.0, -1.0])
def test_invalid_predictions_become_null(
    small: tuple[Path, Path], tmp_path: Path, bad: float | None, backend: str
) -> None:
    rewrite(small[0], bar_yes=[bad, 2.0, bad])
    whole = score(small, "--on-invalid", "null", "--backend", backend)
    summary = tmp_path / "summary.json"
    done_well(
        *("score", *small, "-s", tmp_path / "tree.yaml", "--on-invalid", "null"),
        *("--backend", backend, "--summary", summary),
    )
    assert whole["bar_loss"].is_null().to_pylist() == [True, False, True]
    assert whole["loss"].is_null().to_pylist() == [True, False, True]
    assert whole["shape_loss"].null_count == 0
    assert whole["bar_total-votes"].to_pylist() == [7, 9, 0]
    result = json.loads(summary.read_text())
    assert result["matching"]["invalid"] == 2 and result["matching"]["matched"] == 3
    second = whole.to_pylist()[1]
    assert result["overall"]["mean"] == second["loss"]
    assert (result["overall"]["galaxies"], result["overall"]["galaxies_all"]) == (1, 1)
    assert result["overall"]["votes"] == 9 + 6
    assert result["questions"]["bar"]["galaxies_all"] == 1
    assert result["questions"]["bar"]["votes"] == 9
    assert result["questions"]["shape"]["galaxies_all"] == 3
    assert result["campaigns"]["tree"]["galaxies_all"] == 1


def test_single_precision_is_read_as_it_stands(small: tuple[Path, Path]) -> None:
    exact = score(small)
    table = pq.read_table(small[0])
    single = [pa.field(f.name, pa.float32() if f.name != "id" else f.type) for f in table.schema]
    pq.write_table(table.cast(pa.schema(single)), small[0])
    assert score(small).equals(exact)  # the small predictions are exact in single precision
    one_single = [*single[:2], *list(table.schema)[2:]]
    pq.write_table(table.cast(pa.schema(one_single)), small[0])
    assert score(small).equals(exact)


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint16(), pa.int64(), pa.float32(), pa.float64(), pa.decimal128(21, 1)]
)
def test_votes_of_any_number_type(small: tuple[Path, Path], kind: pa.DataType) -> None:
    exact = score(small)
    table = pq.read_table(small[1])
    for answer in ANSWERS:
        at = table.schema.get_field_index(answer)
        table = table.set_column(at, pa.field(answer, kind), table[answer].cast(kind))
    pq.write_table(table, small[1])
    assert score(small).equals(exact)


def test_the_largest_number_of_votes(small: tuple[Path, Path]) -> None:
    rewrite(small[1], bar_yes=[MOST_VOTES - 7, 1, 0], bar_no=[7, 70_000, 0])
    assert score(small)["bar_total-votes"].to_pylist() == [MOST_VOTES, 70_001, 0]


def test_fractional_votes_are_rounded(small: tuple[Path, Path], tmp_path: Path) -> None:
    rewrite(small[1], bar_yes=[2.4, 3.6, 0.2], bar_no=[1.0, 2.0, 0.0])
    refused = run("score", *small, "-s", tmp_path / "tree.yaml")
    assert refused.code == 3 and "3 galaxies with votes that are not whole" in refused.err
    still = run("score", *small, "-s", tmp_path / "tree.yaml", "--on-fractional", "round")
    assert still.code == 3 and "within 0.001 of a whole" in still.err
    rewrite(small[1], bar_yes=[2.0009, 3.9995, 1e-7], bar_no=[1.0, 2.0, 0.0])
    rounded = score(small, "--on-fractional", "round")
    assert rounded["bar_total-votes"].to_pylist() == [3, 6, 0]
    rewrite(small[1], bar_yes=[2, 4, 0])
    assert score(small)["bar_loss"].equals(rounded["bar_loss"])


def test_partly_missing_votes(small: tuple[Path, Path], tmp_path: Path) -> None:
    rewrite(small[1], bar_yes=[None, 5, None], bar_no=[4, 5, None])
    refused = run("score", *small, "-s", tmp_path / "tree.yaml")
    assert refused.code == 3 and "in 'bar'; first ids 'a'." in refused.err
    zero = score(small, "--missing-votes", "zero")
    assert zero["bar_total-votes"].to_pylist() == [4, 10, 0]
    rewrite(small[1], bar_yes=[0, 5, 0], bar_no=[4, 5, 0])
    assert score(small)["bar_loss"].equals(zero["bar_loss"])


def test_all_missing_is_no_votes(small: tuple[Path, Path]) -> None:
    rewrite(small[1], bar_yes=[None, 5, math.nan], bar_no=[None, 5, math.nan])
    assert score(small)["bar_total-votes"].to_pylist() == [0, 10, 0]


def test_a_catalogues_own_column_names(tmp_path: Path, small: tuple[Path, Path]) -> None:
    exact = score(small)
    tree = tmp_path / "tree.yaml"
    tree.write_text(tree.read_text() + "columns: {bar_yes: t03_bar_a06_count}\n")
    table = pq.read_table(small[1])
    names = ["t03_bar_a06_count" if name == "bar_yes" else name for name in table.column_names]
    pq.write_table(table.rename_columns(names), small[1])
    assert score(small)["bar_loss"].equals(exact["bar_loss"])


def test_hostile_names(tmp_path: Path) -> None:
    folder = tmp_path / "it's; a [bold]folder* 'x'"
    folder.mkdir()
    question = "is it [red] \"odd\"; DROP TABLE x, 'y'"
    tree = {"question_answer_pairs": {question: ["_a b", "_c;d"]}, "dependencies": {question: None}}
    (folder / "tree?.yaml").write_text(json.dumps(tree))
    names = [f"{question}_a b", f"{question}_c;d"]
    predictions = {"my id": ["g,1", 'g"2'], names[0]: [1.5, 2.5], names[1]: [3.5, 4.5]}
    votes = {"my id": ["g,1", 'g"2'], names[0]: [1, 2], names[1]: [3, 4]}
    expected = [lgamma_loss((1.5, 3.5), (1, 3)), lgamma_loss((2.5, 4.5), (2, 4))]
    for suffix in ("csv", "parquet", "csv.gz", "feather"):
        tables = (
            write(folder / f"p[1].{suffix}", predictions),
            write(folder / f"v*.{suffix}", votes),
        )
        output = folder / f"s;?.{'csv' if suffix == 'csv.gz' else suffix}"
        done_well(
            "score", *tables, "-s", folder / "tree?.yaml", "--id", "my id", "-o", output, "-q"
        )
        scores = read(output)
        assert scores["my id"].to_pylist() == ["g,1", 'g"2']
        assert scores[f"{question}_loss"].to_pylist() == pytest.approx(expected, abs=1e-12)


def test_backends_agree_on_simulated_votes(tmp_path: Path) -> None:
    done_well("simulate", tmp_path, "-s", "desi", "-n", 2000, "--seed", 3, "-q")
    tables = tmp_path / "predictions.parquet", tmp_path / "votes.parquet"
    made = []
    for backend in BACKENDS:
        output = tmp_path / f"{backend}.parquet"
        done_well("score", *tables, "-o", output, "--backend", backend)
        made.append(read(output))
    for name in made[0].column_names:
        one, other = (table[name].to_numpy() for table in made)
        if name.endswith("loss"):
            np.testing.assert_allclose(one.astype(float), other.astype(float), rtol=0, atol=1e-10)
        else:
            assert (one == other).all()


@pytest.mark.parametrize(
    "option",
    [
        ("--label", "x"),
        ("--prediction", "x"),
        ("--class-weights", "1,2"),
        ("--label-smoothing", 0.5),
        ("--scale", "logits"),
    ],
)
def test_options_of_other_losses(small: tuple[Path, Path], option: tuple[str, object]) -> None:
    done = run("score", *small, *option)
    assert done.code == 2 and f"'dirichlet' does not use {option[0]}" in done.err
