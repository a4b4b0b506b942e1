"""The command line in this process, which spares each test the start of another one."""

from __future__ import annotations

import io
import math
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

from zoocli.cli import main, outputs

TREE = """
title: A small tree
question_answer_pairs:
  shape: [_smooth, _disk, _artifact]
  bar: [_yes, _no]
dependencies:
  shape: null
  bar: shape_disk
"""
ANSWERS = ("shape_smooth", "shape_disk", "shape_artifact", "bar_yes", "bar_no")
QUESTIONS = {"shape": ANSWERS[:3], "bar": ANSWERS[3:]}


@contextmanager
def handlers_restored() -> Iterator[None]:
    """After `main`, which listens to signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.unraisablehook
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    binary: bytes
    err: str

    @property
    def out(self) -> str:
        return self.binary.decode()


class Stream(io.TextIOWrapper):
    """A stream in memory that can say that it is a terminal."""

    def __init__(self, content: bytes = b"", terminal: bool = False) -> None:
        self.binary = io.BytesIO(content)
        self._terminal = terminal
        super().__init__(self.binary, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return self._terminal


def run(*arguments: object, stdin: bytes = b"", terminal: bool = False) -> Done:
    """Runs `zoocli` with the arguments; an exception that `main` lets through fails the test."""
    out, err = Stream(terminal=terminal), Stream()
    code: object = None
    try:
        with ExitStack() as stack:
            stack.enter_context(handlers_restored())
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            stack.enter_context(patch.object(sys, "stdin", Stream(stdin)))
            # Whether this machine's loops are ready already is no matter of the test's.
            stack.enter_context(patch.object(outputs, "NOTICEABLE_SECONDS", math.inf))
            main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    assert isinstance(code, int)
    return Done(code, out.binary.getvalue(), err.binary.getvalue().decode())


def done_well(*arguments: object, **options: Any) -> Done:
    """Runs `zoocli`, which must succeed."""
    done = run(*arguments, **options)
    assert done.code == 0, done.err
    return done


def write(path: Path, columns: Mapping[str, Any] | pa.Table) -> Path:
    """Writes a table in the format of the file's ending."""
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix in (".arrow", ".feather"):
        pyarrow.feather.write_feather(table, path)
    elif path.suffix == ".gz":
        with pa.output_stream(path, compression="gzip") as file:
            pyarrow.csv.write_csv(table, file)
    else:
        pyarrow.csv.write_csv(table, path)
    return path


def read(path: Path) -> pa.Table:
    """Reads what `zoocli score` wrote, CSV ids as text."""
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix in (".arrow", ".feather"):
        return pyarrow.feather.read_table(path)
    return pyarrow.csv.read_csv(path)


def small_predictions(ids: Sequence[object] = ("a", "b", "c")) -> dict[str, Any]:
    """Concentrations for the small tree, another set for each row."""
    return {"id": list(ids)} | {
        answer: [1.0 + number + 0.25 * row for row in range(len(ids))]
        for number, answer in enumerate(ANSWERS)
    }


def small_votes(ids: Sequence[object] = ("a", "b", "c")) -> dict[str, Any]:
    """Votes for the small tree: the third galaxy, the sixth and so on have none."""
    return {"id": list(ids)} | {
        answer: [0 if row % 3 == 2 else number + row for row in range(len(ids))]
        for number, answer in enumerate(ANSWERS)
    }


def write_tree(folder: Path) -> Path:
    """The small tree as a schema file."""
    path = folder / "tree.yaml"
    path.write_text(TREE)
    return path


def lgamma_loss(concentrations: Sequence[float], votes: Sequence[float]) -> float:
    """The formula of the design with math.lgamma, for moderate numbers; about 1e-12 exact."""
    a, n = math.fsum(concentrations), math.fsum(votes)
    likelihood = math.lgamma(n + 1) + math.lgamma(a) - math.lgamma(n + a)
    for concentration, count in zip(concentrations, votes, strict=True):
        likelihood += math.lgamma(count + concentration)
        likelihood -= math.lgamma(concentration) + math.lgamma(count + 1)
    return -likelihood if n else 0.0
