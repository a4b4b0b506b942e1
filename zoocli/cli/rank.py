"""`zoocli rank`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from zoocli.cli.evaluate import wants_report
from zoocli.cli.groups import Without, with_groups
from zoocli.cli.inputs import files_of
from zoocli.cli.messages import inform, say_notes
from zoocli.cli.options import INPUTS, Quiet, Report, Wide
from zoocli.cli.outputs import compile_note, put, put_and_publish, refuse_stdout, shown_on
from zoocli.cli.progress import progress_bar
from zoocli.errors import UsageError, harmless
from zoocli.report.formats import EvaluationFormat
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.options.option import OUTPUT


@with_groups
def rank(
    *,
    tables: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL... VOTES",
            help="The last table is VOTES; each before it is the predictions of one model: a file, "
            f"a directory or a quoted pattern; NAME=PATH gives it a name. {INPUTS}",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Directory for ranking.json, ranking.csv, table.md, table.tex, report.html, "
            "figures, and each model's evaluation.  [default: the table goes to stdout]",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    format: Annotated[
        EvaluationFormat | None,
        typer.Option(
            "--format", "-f", help="Format on stdout.  [default: table]", rich_help_panel=OUTPUT
        ),
    ] = None,
    wide: Wide = False,
    report: Report = None,
    options: Annotated[EvaluateOptions, Without("by", "fractions", "link")],
    quiet: Quiet = False,
) -> None:
    """Rank models by their loss against the same votes.

    Each model is evaluated on the galaxies that all of them have. One row a model, best first: its
    loss and other numbers, the difference from the best model with its 95 % interval and p-value
    (paired randomisation test, Holm-adjusted), and a group: models that have a letter in common
    are not distinguishable.
    """
    models = named(tables[:-1])
    files = files_of("rank", [*models.values(), *tables[-1:]], options.score)
    from zoocli.evaluating.comparing.rank import rank_models
    from zoocli.report.ranking import render_ranking
    from zoocli.report.ranking_files import check_folder, drafted_ranking

    has_report = wants_report(output, report, quiet)
    refuse_stdout("--output", output, "a directory")
    if output is not None:
        check_folder(output, files, models)
    with progress_bar(quiet) as bar:

        def progress(name: str, number: int, count: int) -> Callable[[int, int | None], None]:
            del number, count
            if not quiet and sys.stderr.isatty():
                inform(harmless(name))
            return bar

        ranking = rank_models(models, tables[-1], options, progress)
    say_notes([*compile_note(), *ranking.notes], quiet)
    if output is None:
        put(render_ranking(ranking, format or "table", shown_on(wide)))
        return
    text = "" if format is None else render_ranking(ranking, format, shown_on(wide))
    with drafted_ranking(output, ranking, has_report) as show:
        put_and_publish(text, show)
    if format is None and not quiet:
        for verdict in ranking.verdicts:
            inform(harmless(verdict))


def named(models: Sequence[str]) -> dict[str, str]:
    """The models by their names: NAME of NAME=PATH, else that of the file without its endings.

    Raises UsageError where two have the same name.

    >>> named(["a/zoobot.csv.gz", "new=b/zoobot.csv"])
    {'zoobot': 'a/zoobot.csv.gz', 'new': 'b/zoobot.csv'}
    """
    from zoocli.tables.compression import SUFFIXES

    found: dict[str, str] = {}
    for model in models:
        name, equals, path = model.partition("=")
        if not (equals and name) or "/" in name or os.path.lexists(model):
            file = Path(model.rstrip("/"))
            name, path = (file.with_suffix("") if file.suffix in SUFFIXES else file).stem, model
        if name in found:
            raise UsageError(
                f"Two models are called '{name}': '{found[name]}' and '{path}'. Give them names, "
                f"as in first={found[name]} second={path}."
            )
        found[name] = path
    return found
