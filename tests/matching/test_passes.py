"""Several passes: lists in a cell, and further files, are scored as an equal-weight mixture."""

from __future__ import annotations

from pathlib import Path

import mpmath
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zoocli
from tests.command import done_well, read, run, write
from tests.reference.make_dirichlet import loss_and_gradient

TREE = {
    "question_answer_pairs": {"shape": ["_smooth", "_disk", "_artifact"], "bar": ["_yes", "_no"]},
    "dependencies": {"shape": None, "bar": "shape_disk"},
}
ANSWERS = ("shape_smooth", "shape_disk", "shape_artifact", "bar_yes", "bar_no")
QUESTIONS = {"shape": slice(0, 3), "bar": slice(3, 5)}
GALAXIES, PASSES = 40, 5
IDS = [f"g{number}" for number in range(GALAXIES)]
BACKENDS = ("numba", "torch")


@pytest.fixture(scope="module")
def concentrations() -> np.ndarray:
    """(passes, answers, galaxies), from the tiny to the large."""
    random = np.random.default_rng(7)
    return np.exp(random.normal(1.5, 2.0, (PASSES, len(ANSWERS), GALAXIES)))


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    random = np.random.default_rng(8)
    counts = random.poisson(random.choice([0, 3, 400], (len(ANSWERS), GALAXIES)))
    counts[3:, :5] = 0  # a question without votes
    return counts


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    from zoocli.schema import Schema

    (tmp_path / "tree.yaml").write_text(Schema(**TREE, name="tree").to_yaml())
    return tmp_path / "tree.yaml"


def votes_table(counts: np.ndarray) -> pa.Table:
    return pa.table({"id": IDS, **dict(zip(ANSWERS, counts, strict=True))})


def lists(concentrations: np.ndarray, kind: pa.DataType | None = None) -> pa.Table:
    columns = {
        answer: pa.array(concentrations[:, number].T.tolist(), kind)
        for number, answer in enumerate(ANSWERS)
    }
    return pa.table({"id": IDS, **columns})


def one_pass(concentrations: np.ndarray) -> pa.Table:
    return pa.table({"id": IDS, **dict(zip(ANSWERS, concentrations, strict=True))})


def exact_mixture(concentrations: np.ndarray, counts: np.ndarray) -> float:
    """-ln of the mean likelihood, at 50 digits; concentrations (passes, answers)."""
    with mpmath.workdps(50):
        losses = [loss_and_gradient(one.tolist(), counts.tolist())[0] for one in concentrations]
        likelihoods = [mpmath.exp(-loss) for loss in losses]
        return float(-mpmath.log(mpmath.fsum(likelihoods) / len(likelihoods)))


def assert_mixture(scores: pa.Table, concentrations: np.ndarray, counts: np.ndarray) -> None:
    for question, answers in QUESTIONS.items():
        losses = scores[f"{question}_loss"].to_pylist()
        for galaxy, loss in enumerate(losses):
            exact = exact_mixture(concentrations[:, answers, galaxy], counts[answers, galaxy])
            assert abs(loss - exact) <= 1e-9, (question, galaxy)
            if not counts[answers, galaxy].any():
                assert loss == 0.0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float64()),
        pa.large_list(pa.float64()),
        pa.list_(pa.float64(), PASSES),
    ],
    ids=str,
)
def test_lists_in_cells_are_a_mixture(
    tree: Path, concentrations: np.ndarray, counts: np.ndarray, kind: pa.DataType, backend: str
) -> None:
    scores = zoocli.score(
        lists(concentrations, kind), votes_table(counts), schema=tree, backend=backend
    )
    assert_mixture(scores, concentrations, counts)
    assert b"passes:5" in scores.schema.metadata[b"zoocli"]


def test_slices_of_lists_and_galaxies_without_votes(
    tree: Path, concentrations: np.ndarray, counts: np.ndarray
) -> None:
    """Offsets into the values of a list, and rows that are passed over."""
    for kind in (pa.list_(pa.float32()), pa.list_(pa.float32(), PASSES)):
        table = lists(concentrations, kind)
        whole = zoocli.score(table, votes_table(counts), schema=tree)
        with pytest.warns(zoocli.ZoocliWarning, match="have no prediction"):
            part = zoocli.score(table.slice(11, 9), votes_table(counts), schema=tree)
        assert part.equals(whole.slice(11, 9))
        chosen = votes_table(counts).take([30, 3, 17])
        with pytest.warns(zoocli.ZoocliWarning, match="have no votes"):
            few = zoocli.score(table, chosen, schema=tree, batch_size=7)
        assert few.equals(whole.take([3, 17, 30]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_ensemble_is_the_same_mixture(
    tmp_path: Path, tree: Path, concentrations: np.ndarray, counts: np.ndarray, backend: str
) -> None:
    """Files in any order; one of them holds two passes itself."""
    random = np.random.default_rng(9)
    pq.write_table(votes_table(counts), tmp_path / "votes.parquet")
    pq.write_table(one_pass(concentrations[0]), tmp_path / "a.parquet")
    for name, table in (
        ("b", lists(concentrations[1:3])),
        ("c", one_pass(concentrations[3])),
        ("d", one_pass(concentrations[4])),
    ):
        pq.write_table(table.take(random.permutation(GALAXIES)), tmp_path / f"{name}.parquet")
    more = [part for name in "bcd" for part in ("--ensemble", tmp_path / f"{name}.parquet")]
    output = tmp_path / "scores.parquet"
    files = (tmp_path / "a.parquet", tmp_path / "votes.parquet")
    done_well("score", *files, "-s", tree, *more, "-o", output, "--backend", backend)
    scores = read(output)
    assert scores["id"].to_pylist() == IDS
    assert_mixture(scores, concentrations, counts)


def test_batches_and_threads_change_nothing(
    tree: Path, concentrations: np.ndarray, counts: np.ndarray
) -> None:
    table, votes = lists(concentrations), votes_table(counts)
    whole = zoocli.score(table, votes, schema=tree)
    for batch_size, threads in ((1, 1), (3, 2), (39, 4)):
        again = zoocli.score(table, votes, schema=tree, batch_size=batch_size, threads=threads)
        assert again.equals(whole)


def test_the_mixture_is_not_the_average(
    tree: Path, concentrations: np.ndarray, counts: np.ndarray
) -> None:
    mixture = zoocli.score(lists(concentrations), votes_table(counts), schema=tree)
    average = zoocli.score(one_pass(concentrations.mean(0)), votes_table(counts), schema=tree)
    assert not np.allclose(mixture["loss"].to_numpy(), average["loss"].to_numpy(), atol=0.01)


def test_one_invalid_pass_makes_the_mixture_null(
    tree: Path, concentrations: np.ndarray, counts: np.ndarray
) -> None:
    broken = concentrations.copy()
    broken[3, 1, 6] = -1.0
    with pytest.raises(zoocli.DataError, match=r"'shape_disk'; first ids 'g6'"):
        zoocli.score(lists(broken), votes_table(counts), schema=tree)
    with pytest.warns(zoocli.ZoocliWarning, match="1 galaxies have a null loss"):
        scores = zoocli.score(lists(broken), votes_table(counts), schema=tree, on_invalid="null")
    assert scores["shape_loss"].null_count == scores["loss"].null_count == 1
    assert scores["loss"][6].as_py() is None


def test_a_null_cell_is_an_invalid_prediction(
    tree: Path, concentrations: np.ndarray, counts: np.ndarray
) -> None:
    for kind in (pa.list_(pa.float64()), pa.list_(pa.float64(), PASSES)):
        table = lists(concentrations, kind)
        cells = table["bar_no"].to_pylist()
        cells[8] = None
        table = table.set_column(5, "bar_no", pa.array(cells, kind))
        with pytest.warns(zoocli.ZoocliWarning):
            scores = zoocli.score(table, votes_table(counts), schema=tree, on_invalid="null")
        assert [row for row in range(GALAXIES) if scores["loss"][row].as_py() is None] == [8]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("blank", [1, 1_500])
def test_the_first_list_says_how_many_passes_there_are(
    blank: int,
    ending: str,
    concentrations: np.ndarray,
    counts: np.ndarray,
    tree: Path,
    tmp_path: Path,
) -> None:
    """However many rows before it have none: their order must not matter."""
    table = lists(concentrations)
    names = table.column_names[1:]
    nothing = pa.table(
        {"id": [f"blank{row}" for row in range(blank)]}
        | {name: pa.nulls(blank, table.schema.field(name).type) for name in names}
    )
    expected = zoocli.score(table, votes_table(counts), tree)["loss"]
    whole = pa.concat_tables([nothing, table])
    if ending == "csv":
        cells = {
            name: [None if cell is None else str(cell) for cell in whole[name].to_pylist()]
            for name in names
        }
        whole = pa.table({"id": whole["id"]} | cells)
    source = write(tmp_path / f"p.{ending}", whole)
    with pytest.warns(zoocli.ZoocliWarning, match=f"{blank:,} rows"):
        found = zoocli.score(source, votes_table(counts), tree, on_invalid="null", batch_size=256)
    assert found["loss"].to_pylist() == expected.to_pylist()


def ensemble(tmp_path: Path, member: pa.Table, counts: np.ndarray, tree: Path, *more: str) -> str:
    pq.write_table(votes_table(counts), tmp_path / "votes.parquet")
    pq.write_table(one_pass(np.ones((len(ANSWERS), GALAXIES))), tmp_path / "a.parquet")
    pq.write_table(member, tmp_path / "b.parquet")
    done = run(
        *("score", tmp_path / "a.parquet", tmp_path / "votes.parquet", "-s", tree),
        *("--ensemble", tmp_path / "b.parquet", "-o", tmp_path / "scores.parquet", *more),
    )
    assert done.code == 3
    assert not (tmp_path / "scores.parquet").exists()
    return done.err


def test_what_an_ensemble_must_be(
    tmp_path: Path, tree: Path, concentrations: np.ndarray, counts: np.ndarray
) -> None:
    member = one_pass(concentrations[0])
    lacking = ensemble(tmp_path, member.slice(2), counts, tree)
    assert "2 galaxies with no predictions in a file of the ensemble" in lacking
    assert "b.parquet" in lacking and "'g0', 'g1'" in lacking
    folder = {name: str(tmp_path / f"{name}.parquet") for name in ("a", "b", "votes")}
    with pytest.raises(zoocli.DataError, match=r"has 2 galaxies with no predictions in a file"):
        zoocli.evaluate(folder["a"], folder["votes"], str(tree), ensemble=[folder["b"]])
    twice = ensemble(tmp_path, pa.concat_tables([member, member[:1]]), counts, tree)
    assert "1 ids occur more than once" in twice and "'g0'" in twice
    columns = ensemble(tmp_path, member.drop(["bar_no"]), counts, tree)
    assert "b.parquet has no column 'bar_no'" in columns
    ids = ensemble(tmp_path, member.rename_columns(["name", *ANSWERS]), counts, tree)
    assert "b.parquet has no column 'id'" in ids


def test_an_ensemble_obeys_the_memory_limit(
    tmp_path: Path, tree: Path, concentrations: np.ndarray, counts: np.ndarray
) -> None:
    wide = lists(np.ones((4096, len(ANSWERS), GALAXIES)))
    with pytest.raises(zoocli.MachineError, match="does not fit into memory"):
        zoocli.score(
            one_pass(concentrations[0]),
            votes_table(counts),
            schema=tree,
            ensemble=[wide],
            memory_limit=305_000_000,
        )
