"""The directory of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.sums_file import FILE, write_sums
from zoocli.report import figures, html
from zoocli.report.evaluation import render_evaluation
from zoocli.tables.writing.folders import drafted_folder
from zoocli.tables.writing.guards import refuse_inputs_of_folder

if TYPE_CHECKING:
    from zoocli.report.figures.picture import Picture

TEXTS = {
    "metrics.json": "json",
    "metrics.csv": "csv",
    "table.md": "markdown",
    "table.tex": "latex",
}
REPORT, FIGURES = "report.html", "figures"
IN_FILES = ("pdf", "png")
NAMES = (
    *TEXTS,
    FILE,
    REPORT,
    *(f"{FIGURES}/{name}.{format}" for name in figures.NAMES for format in IN_FILES),
)


def require_report(what: str) -> None:
    """Raises MachineError, which says what to install, where packages of the report are missing."""
    figures.require(what)
    html.require(what)


def check_folder(folder: Path, inputs: list[str]) -> None:
    """Raises now, rather than after all the work, if the directory cannot be written."""
    refuse_inputs_of_folder(folder, inputs)
    with drafted_folder(folder, NAMES, FILE):
        pass


@contextmanager
def drafted_evaluation(
    folder: Path, evaluation: Evaluation, report: bool
) -> Iterator[Callable[[], None]]:
    """Writes all files of an evaluation; calling what this yields makes the directory appear.

    With `report`, these include the figures and the HTML page. An earlier evaluation in the
    directory is replaced. Raises UsageError if the directory holds other files, and MachineError if
    it cannot be written or if packages of the report are missing.
    """
    with drafted_folder(folder, NAMES, FILE) as (draft, show):
        write_texts(draft, evaluation)
        if report:
            _write_report(draft, evaluation)
        yield show


def write_texts(folder: Path, evaluation: Evaluation) -> None:
    """Writes the numbers of an evaluation, and its sums, into a folder."""
    for name, format in TEXTS.items():
        (folder / name).write_text(render_evaluation(evaluation, format), encoding="utf-8")
    write_sums(folder / FILE, evaluation)


def write_pictures(folder: Path, pictures: Sequence[Picture]) -> None:
    """Makes a folder of figures as files."""
    folder.mkdir()
    for picture in pictures:
        for format in IN_FILES:
            (folder / f"{picture.name}.{format}").write_bytes(picture.files[format])


def _write_report(draft: Path, evaluation: Evaluation) -> None:
    require_report("The report")
    pictures = list(figures.draw_evaluation(evaluation, (*IN_FILES, "svg")))
    write_pictures(draft / FIGURES, pictures)
    (draft / REPORT).write_text(html.render_report(evaluation, pictures), encoding="utf-8")
