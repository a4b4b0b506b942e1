"""The directory of an evaluation."""

from __future__ import annotations

from pathlib import Path

from zoocli.report.evaluation import render_evaluation
from zoocli.statistics.evaluation.evaluation import Evaluation
from zoocli.statistics.evaluation.sums_file import FILE, write_sums
from zoocli.tables.folders import drafted_folder
from zoocli.tables.sinks import refuse_inputs

TEXTS = {
    "metrics.json": "json",
    "metrics.csv": "csv",
    "table.md": "markdown",
    "table.tex": "latex",
}
NAMES = (*TEXTS, FILE)


def check_folder(folder: Path, inputs: list[str]) -> None:
    """Raises now, rather than after all the work, where the directory cannot be written."""
    for name in NAMES:
        refuse_inputs(folder / name, inputs)
    with drafted_folder(folder, NAMES):
        pass


def write_folder(folder: Path, evaluation: Evaluation) -> None:
    """Writes all files of an evaluation; the directory appears whole or not at all.

    An earlier evaluation there is replaced. Raises UsageError where the directory holds other
    files, MachineError where it cannot be written.
    """
    with drafted_folder(folder, NAMES) as (draft, show):
        for name, format in TEXTS.items():
            text = render_evaluation(evaluation, format)
            (draft / name).write_text(text, encoding="utf-8")
        write_sums(draft / FILE, evaluation)
        show()
