"""Zoobot's older HDF5: ids, answers, passes; its loss is the mixture's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import mpmath
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import ANSWERS, QUESTIONS, done_well, read, run, small_votes, write, write_tree
from tests.conftest import ROOT
from zoocli.errors import DataError, MachineError
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table

RESOURCES = Resources(2, 10**9)
RNG = np.random.default_rng(5)


def save(path: Path, **datasets: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file.create_dataset(name, data=values)
    return path


def cells(path: Path, columns: list[str] | None = None, rows: int = 2) -> dict[str, list[Any]]:
    table = open_table(path, RESOURCES)
    names = columns or table.column_names
    batches = list(table.batches(names, batch_rows=rows))
    return {name: [cell for batch in batches for cell in batch[name].to_pylist()] for name in names}


IDS = {
    "text": (["a", "bb", "é"], ["a", "bb", "é"]),
    "bytes": (np.array([b"a", b"bb  ", b"c"]), ["a", "bb", "c"]),
    "numbers": (np.array([2**53 + 1, -1, 7]), [2**53 + 1, -1, 7]),
}


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
@pytest.mark.parametrize("labels", [["x_a", "x_b"], np.array([b"x_a", b"x_b"])])
def test_one_prediction_a_galaxy(tmp_path: Path, ids: Any, labels: Any) -> None:
    values = RNG.random((3, 2)).astype(np.float32)
    path = save(tmp_path / "p.hdf5", predictions=values, id_str=ids[0], label_cols=labels)
    assert cells(path) == {"id_str": ids[1], "x_a": values[:, 0].tolist(), "x_b": [*values[:, 1]]}
    assert cells(path, ["x_b", "id_str"], rows=100)["x_b"] == values[:, 1].tolist()
    assert open_table(path, RESOURCES).rows == 3
    assert open_table(path, RESOURCES).type_of("x_a") == pa.float32()


@pytest.mark.parametrize("options", [{}, {"chunks": (2, 1, 3), "compression": "gzip"}])
def test_passes(tmp_path: Path, options: dict[str, Any]) -> None:
    values = RNG.random((7, 2, 5))
    path = save(tmp_path / "p.h5", id_str=np.arange(7), label_cols=["x_a", "x_b"])
    with h5py.File(path, "a") as file:
        file.create_dataset("predictions", data=values, **options)
    assert open_table(path, RESOURCES).type_of("x_b") == pa.list_(pa.float64(), 5)
    for rows in (2, 100):
        assert cells(path, ["x_b", "x_a"], rows) == {
            "x_b": values[:, 1].tolist(),
            "x_a": values[:, 0].tolist(),
        }


def test_one_pass_is_no_list(tmp_path: Path) -> None:
    values = RNG.random((3, 2, 1))
    path = save(tmp_path / "p.h5", predictions=values, id_str=np.arange(3), label_cols=["a", "b"])
    assert cells(path, ["b"]) == {"b": values[:, 1, 0].tolist()}


@pytest.mark.parametrize(
    "left_out, named",
    [(["id_str"], "'id_str'"), (["predictions", "label_cols"], "'predictions', ")],
)
def test_datasets_that_are_not_there(tmp_path: Path, left_out: list[str], named: str) -> None:
    every = {"predictions": np.ones((3, 2)), "id_str": ["a", "b", "c"], "label_cols": ["a", "b"]}
    path = save(tmp_path / "p.h5", **{key: every[key] for key in every if key not in left_out})
    with pytest.raises(DataError, match=f"has no dataset {named}.*zoocli reads HDF5 as Zoobot"):
        open_table(path, RESOURCES)


@pytest.mark.parametrize(
    "change",
    [
        {"predictions": np.ones(3)},
        {"predictions": np.ones((2, 3))},
        {"predictions": np.ones((3, 2, 2, 2, 2))},
        {"predictions": np.ones((3, 2), complex)},
        {"predictions": [["a", "b"]] * 3},
        {"id_str": np.ones((3, 1))},
        {"id_str": np.ones(3, complex)},
        {"id_str": "a"},
        {"label_cols": [1, 2]},
        {"label_cols": ["a", "b", "c"]},
    ],
    ids=str,
)
def test_datasets_that_do_not_fit(tmp_path: Path, change: dict[str, Any]) -> None:
    every = {"predictions": np.ones((3, 2)), "id_str": ["a", "b", "c"], "label_cols": ["a", "b"]}
    path = save(tmp_path / "p.h5", **every | change)
    with pytest.raises(DataError, match="do not fit together"):
        open_table(path, RESOURCES)


def test_repeated_answers(tmp_path: Path) -> None:
    path = save(tmp_path / "p.h5", predictions=np.ones((1, 2)), id_str=["a"], label_cols=["x", "x"])
    with pytest.raises(DataError, match="more than one column called 'x'"):
        cells(path, ["x"])


def test_damage(tmp_path: Path) -> None:
    path = save(
        tmp_path / "p.h5", predictions=np.ones((300, 2)), id_str=range(300), label_cols=["a", "b"]
    )
    whole = path.read_bytes()
    for size in (len(whole) // 2, 600, 20):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="cannot be read as HDF5"):
            cells(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(DataError, match="really is HDF5"):
        open_table(path, RESOURCES)


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "p.h5", predictions=np.ones((1, 1)), id_str=["a"], label_cols=["x"])
    votes = write(tmp_path / "v.csv", small_votes())
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MachineError, match=r"needs the package h5py.*pip install 'zoocli\[astro"):
        open_table(path, RESOURCES)
    done = run("score", path, votes)
    assert done.code == 4 and "pip install 'zoocli[astro]'" in done.err


def mixture_loss(passes: np.ndarray, votes: list[int]) -> mpmath.mpf:
    """-ln of the mean over passes of the Dirichlet-multinomial probability, to 50 digits."""
    with mpmath.workdps(50):
        n = mpmath.mpf(sum(votes))
        probabilities = []
        for one in passes.T:  # (answers, passes)
            a = [mpmath.mpf(float(concentration)) for concentration in one]
            likelihood = mpmath.factorial(n) * mpmath.gamma(sum(a)) / mpmath.gamma(n + sum(a))
            for concentration, count in zip(a, votes, strict=True):
                likelihood *= mpmath.rf(concentration, count) / mpmath.factorial(count)
            probabilities.append(likelihood)
        return -mpmath.log(sum(probabilities) / len(probabilities))


def test_five_passes_are_scored_as_their_mixture(tmp_path: Path) -> None:
    values = RNG.uniform(0.5, 90.0, (3, len(ANSWERS), 5))
    predictions = save(
        tmp_path / "p.hdf5", predictions=values, id_str=["a", "b", "c"], label_cols=list(ANSWERS)
    )
    votes = small_votes()
    path = write(tmp_path / "v.parquet", {"id_str": votes.pop("id"), **votes})
    out = tmp_path / "s.parquet"
    done_well("score", predictions, path, "-s", write_tree(tmp_path), "-o", out)
    scores = read(out).to_pydict()
    for question, answers in QUESTIONS.items():
        at = [ANSWERS.index(answer) for answer in answers]
        for row in range(3):
            counts = [votes[answer][row] for answer in answers]
            expected = float(mixture_loss(values[row, at], counts))
            assert abs(scores[f"{question}_loss"][row] - expected) < 1e-10
    assert pq.read_schema(out).names[0] == "id_str"


MEASURE = """
import resource, sys
from pathlib import Path
import h5py, numpy as np
from zoocli.foundation.resources import Resources
from zoocli.tables import open_table

def save(path, rows):
    with h5py.File(path, "w") as file:
        predictions = file.create_dataset("predictions", (rows, 8), "f4", chunks=(1 << 14, 8))
        ids = file.create_dataset("id_str", (rows,), "i8", chunks=(1 << 14,))
        file["label_cols"] = [f"x_{n}" for n in range(8)]
        for start in range(0, rows, 1 << 16):
            stop = min(start + (1 << 16), rows)
            predictions[start:stop] = np.full((stop - start, 8), 1.5, "f4")
            ids[start:stop] = np.arange(start, stop)

def read(path):
    table = open_table(path, Resources(1, 10**9))
    batches = table.batches(table.column_names)
    assert sum(batch.num_rows for batch in batches) == table.rows
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

folder = Path(sys.argv[1])
save(folder / "small.h5", 200_000)
save(folder / "large.h5", 2_000_000)
before = read(folder / "small.h5")
print(read(folder / "large.h5") - before)
"""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """2 million rows, 80 MB, after 200 thousand."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 20  # MB


@pytest.mark.parametrize("how", ["external link", "linked folder", "external storage", "virtual"])
@pytest.mark.parametrize("present", [True, False])
def test_values_in_another_file_are_refused(tmp_path: Path, how: str, present: bool) -> None:
    values = RNG.random((3, 2))
    other = save(tmp_path / "other.h5", predictions=values)
    path = save(tmp_path / "p.hdf5", id_str=["a", "b", "c"], label_cols=["x_a", "x_b"])
    with h5py.File(path, "a") as file:
        if how == "external link":
            file["predictions"] = h5py.ExternalLink("other.h5", "predictions")
        elif how == "linked folder":
            file["folder"] = h5py.ExternalLink("other.h5", "/")
            file["predictions"] = h5py.SoftLink("/folder/predictions")
        elif how == "external storage":
            raw = [(str(tmp_path / "other.raw"), 0, values.nbytes)]
            file.create_dataset("predictions", (3, 2), "f8", external=raw)[:] = values
        else:
            layout = h5py.VirtualLayout((3, 2), "f8")
            layout[:] = h5py.VirtualSource(other, "predictions", (3, 2))
            file.create_virtual_dataset("predictions", layout)
    if not present:
        other.unlink()
    with pytest.raises(DataError, match=r"lie in another file|no dataset 'predictions'"):
        open_table(path, RESOURCES)
