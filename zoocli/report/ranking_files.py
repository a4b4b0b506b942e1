"""The directory of a ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zoocli.errors import UsageError, some
from zoocli.evaluating.comparing.ranked import Ranking
from zoocli.evaluating.sums_file import FILE
from zoocli.report import figures, html
from zoocli.report.evaluation_files import (
    FIGURES,
    IN_FILES,
    REPORT,
    TEXTS,
    require_report,
    write_pictures,
    write_texts,
)
from zoocli.report.ranking import render_ranking
from zoocli.tables.writing.folders import drafted_folder
from zoocli.tables.writing.guards import refuse_inputs_of_folder

FILES = {
    "ranking.json": "json",
    "ranking.csv": "csv",
    "table.md": "markdown",
    "table.tex": "latex",
}
NAMES = (
    *(*FILES, REPORT),
    *(f"{FIGURES}/{name}.{format}" for name in figures.OF_MODELS for format in IN_FILES),
    *(f"*/{name}" for name in (*TEXTS, FILE, REPORT)),
)


def check_folder(folder: Path, inputs: list[str], models: Iterable[str]) -> None:
    """Raises, before all the work, where the directory cannot be written or have these models."""
    taken = (".", "..", *FILES, REPORT, FIGURES)
    odd = [name for name in models if name in taken or "/" in name]
    if odd:
        raise UsageError(f"{some(odd)} cannot be the name of a directory. Give it another name.")
    refuse_inputs_of_folder(folder, inputs)
    with drafted_folder(folder, NAMES, f"*/{FILE}"):
        pass


@contextmanager
def drafted_ranking(folder: Path, ranking: Ranking, report: bool) -> Iterator[Callable[[], None]]:
    """Writes all files of a ranking; calling what this yields makes the directory appear.

    Each model's evaluation lies in a folder of its name, which `zoocli merge` reads. With `report`,
    there are a page of all models with its figures, and one of each. An earlier ranking in the
    directory is replaced. Raises UsageError if the directory holds other files, and MachineError if
    it cannot be written or if packages of the report are missing.
    """
    with drafted_folder(folder, NAMES, f"*/{FILE}") as (draft, show):
        for name, format in FILES.items():
            (draft / name).write_text(render_ranking(ranking, format), encoding="utf-8")
        for model in ranking.models:
            place = draft / model.name
            place.mkdir()
            write_texts(place, model.evaluation)
        if report:
            _write_reports(draft, ranking)
        yield show


def _write_reports(draft: Path, ranking: Ranking) -> None:
    require_report("The report")
    from zoocli.report.figures import models
    from zoocli.report.html.models import ranking_content

    pictures = list(models.of_ranking(ranking, (*IN_FILES, "svg")))
    write_pictures(draft / FIGURES, pictures)
    page = html.render_models(ranking_content(ranking, REPORT), pictures)
    (draft / REPORT).write_text(page, encoding="utf-8")
    for model in ranking.models:
        drawn = list(figures.draw_evaluation(model.evaluation, ("svg",)))
        page = html.render_report(model.evaluation, drawn)
        (draft / model.name / REPORT).write_text(page, encoding="utf-8")
