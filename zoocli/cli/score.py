"""`zoocli score`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zoocli.cli.options import Quiet

if TYPE_CHECKING:
    from zoocli.statistics.summary import Summary
    from zoocli.tables.sinks import Sink

NOTICEABLE_SECONDS = 1.0
STDOUT = Path("-")
FORMATS = "csv, parquet, arrow (a stream), feather (a file) or jsonl"
INPUTS = "Parquet, CSV or TSV (gzipped too), Arrow; a directory of Parquet parts; - is stdin."


def score(
    tables: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDICTIONS... VOTES",
            help=f"The last is VOTES, those before it the parts of PREDICTIONS. {INPUTS}",
        ),
    ],
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            "-s",
            metavar="NAME|FILE",
            help="Decision tree: a built-in name or a YAML file.  [default: from the columns]",
        ),
    ] = None,
    loss: Annotated[
        str,
        typer.Option("--loss", "-l", help="dirichlet, cross-entropy (ce), mse or l1 (mae)."),
    ] = "dirichlet",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|-",
            help="Scores table, its format by its ending; - is stdout.  [default: CSV into a pipe,"
            " none with --summary; on a terminal the summary is shown]",
        ),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", "-f", help=f"Of the scores table: {FORMATS}.")
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary", metavar="FILE|-", help="Also write the summary, as JSON; - is stdout."
        ),
    ] = None,
    id: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="Id column of both tables.  [default: the first usual name that both have]",
        ),
    ] = None,
    predictions_id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Id column of PREDICTIONS.")
    ] = None,
    votes_id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Id column of VOTES.")
    ] = None,
    id_from: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Make the id from the id column's text by the one group of this regular "
            "expression, on both sides, such as '([^/]+)\\.jpg$'.",
        ),
    ] = None,
    predictions_column: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="How PREDICTIONS call an answer's column, such as '{answer}_pred'.  "
            "[default: as the answer, perhaps with a usual ending]",
        ),
    ] = None,
    votes_column: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="The same for VOTES, such as '{answer}_count'."),
    ] = None,
    ensemble: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Further predictions of the same galaxies, as passes of a mixture; repeatable.",
        ),
    ] = None,
    null_value: Annotated[
        list[float] | None,
        typer.Option(metavar="N", help="Votes of this value are missing, -999 say; repeatable."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Score just the ids listed there: one a line, or a table."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="Carry a column of either table into the output; repeatable."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="ce, mse, l1: the truth, in VOTES; repeatable for mse and l1.  [default: label]",
        ),
    ] = None,
    prediction: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="ce: the classes in order; mse, l1: one for each --label; repeatable.  "
            "[default: the columns that are not the id]",
        ),
    ] = None,
    class_weights: Annotated[
        str | None, typer.Option(metavar="W,W,...", help="ce: a factor for each class's losses.")
    ] = None,
    label_smoothing: Annotated[
        float, typer.Option(metavar="E", help="ce: share of the label spread over all classes.")
    ] = 0.0,
    scale: Annotated[
        Literal["logits", "probabilities"] | None,
        typer.Option(help="ce: what the predictions are; must be said where both are possible."),
    ] = None,
    on_invalid: Annotated[
        Literal["error", "null"],
        typer.Option(help="Predictions without a likelihood: stop, or give a null loss."),
    ] = "error",
    on_fractional: Annotated[
        Literal["error", "round"], typer.Option(help="Votes that are not whole numbers.")
    ] = "error",
    on_duplicate: Annotated[
        Literal["error", "drop"],
        typer.Option(help="Ids that match and stand more than once: stop, or drop all copies."),
    ] = "error",
    missing_votes: Annotated[
        Literal["error", "zero"],
        typer.Option(help="Questions with some answers missing and others not."),
    ] = "error",
    require_all: Annotated[
        bool, typer.Option("--require-all", help="Unmatched galaxies are an error.")
    ] = False,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|cuda:N", help="Where torch computes.")
    ] = "auto",
    backend: Annotated[
        Literal["auto", "torch", "numba"],
        typer.Option(help="auto: numba for the Dirichlet loss on the CPU, torch otherwise."),
    ] = "auto",
    batch_size: Annotated[int, typer.Option(help="Rows at a time.")] = 65_536,
    threads: Annotated[
        int | None, typer.Option(help="[default: those of SLURM, the container or the machine]")
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Of the whole process, like 4GB.  [default: as for --threads]",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Score predictions against votes: a table with one row a galaxy.

    Its columns: the id, those of --keep, loss, then each question's loss and total votes. Losses
    are negative log-likelihoods in nats (cross-entropy, mse and l1: as named); rows are in the
    order of PREDICTIONS. Galaxies that only one side has are counted and reported.
    """
    from zoocli.errors import UsageError

    if [*tables, *(ensemble or ()), only].count("-") > 1:
        raise UsageError("Standard input can be read only once: give '-' once.")
    if len(tables) < 2:
        raise UsageError(
            "Give at least two tables: the predictions, then the votes, as in "
            "`zoocli score predictions.parquet votes.parquet`."
        )
    from zoocli.scoring.options import ScoreOptions

    options = ScoreOptions(
        schema=schema,
        loss=loss,
        id=id,
        predictions_id=predictions_id,
        votes_id=votes_id,
        id_from=id_from,
        predictions_column=predictions_column,
        votes_column=votes_column,
        ensemble=ensemble or (),
        null_value=null_value or (),
        only=only,
        keep=keep or (),
        label=label or (),
        prediction=prediction or (),
        class_weights=_numbers(class_weights),
        label_smoothing=label_smoothing,
        scale=scale,
        on_invalid=on_invalid,
        on_fractional=on_fractional,
        on_duplicate=on_duplicate,
        missing_votes=missing_votes,
        require_all=require_all,
        device=device,
        backend=backend,
        batch_size=batch_size,
        threads=threads,
        memory_limit=memory_limit,
    )
    inputs = [*tables, *(ensemble or ()), *filter(None, (only, schema))]
    _run(inputs, tables, options, output, format, summary, quiet)


def _run(
    inputs: list[str],
    tables: list[str],
    options: Any,
    output: str | None,
    format: str | None,
    summary: Path | None,
    quiet: bool,
) -> None:
    from zoocli.cli.progress import progress_bar
    from zoocli.cli.summarize import put, say_notes
    from zoocli.report import render_summaries
    from zoocli.scoring import score_into
    from zoocli.statistics.summary import Summary

    _check_outputs(output, format, summary, inputs)
    with choose_sink(output, format, summary) as sink:
        with progress_bar(quiet) as progress:
            scoring = score_into(sink, tables[:-1], tables[-1], options, progress)
        result = Summary.of_scoring(scoring)
        _publish(lambda: sink.commit(scoring.metadata()), result, summary)
    if not quiet:
        say_notes([*_compile_note(), *result.notes])
    if summary is None and output is None and sys.stdout.isatty():
        put(render_summaries([result], "table", sys.stdout))
        if not quiet:
            from zoocli.cli.messages import say

            say("zoocli: note: nothing was written; -o FILE writes the scores table.")


def _compile_note() -> Iterator[str]:
    from zoocli.kernels import compiling

    if compiling.compile_seconds > NOTICEABLE_SECONDS:
        yield (
            "the loops were compiled for this machine, which took "
            f"{compiling.compile_seconds:.0f} seconds. The next run finds them ready."
        )


def _publish(commit_table: Callable[[], None], result: Summary, target: Path | None) -> None:
    """Lets the table and the summary be seen; where either cannot be written, no file is."""
    from zoocli.cli.summarize import put
    from zoocli.report import render_json
    from zoocli.tables.sinks import drafted_text, publish_all

    text = render_json(result.to_dict())
    if target is None:
        commit_table()
    elif target == STDOUT:
        publish_all(lambda: put(text), sys.stdout.flush, commit_table)
    else:
        with drafted_text(target, text) as show_summary:
            publish_all(commit_table, show_summary)


def _check_outputs(
    output: str | None, format: str | None, summary: Path | None, inputs: list[str]
) -> None:
    """Refuses, before any work, outputs that would damage something or cannot be written."""
    from zoocli.errors import UsageError
    from zoocli.tables.sinks import is_device, refuse_inputs, try_writing

    table = None if output in (None, "-") else Path(str(output))
    if summary == STDOUT:
        if output == "-" or (output is None and format is not None):
            raise UsageError("Standard output takes one of the two: the table or the summary.")
        summary = None
    for target in (table, summary):
        if target is not None:
            refuse_inputs(target, inputs)
    if summary is None:
        return
    if table is not None and table.resolve() == summary.resolve() and not is_device(table):
        raise UsageError(f"--output and --summary are both '{summary}'. Give them two names.")
    try_writing(summary)


def choose_sink(output: str | None, format: str | None, summary: Path | None) -> Sink:
    """Where the table goes: the file, or stdout when it is a pipe, or nowhere."""
    from zoocli.tables.encoders import format_of
    from zoocli.tables.sinks import DeviceSink, FileSink, NoSink, StreamSink, is_device

    to_stdout = output == "-" or (
        output is None and (format is not None or (summary is None and not sys.stdout.isatty()))
    )
    if to_stdout:
        return StreamSink(sys.stdout.buffer, format_of(Path("stdout.csv"), format))
    if output is None:
        return NoSink()
    target = Path(output)
    if is_device(target):
        return DeviceSink(target, format_of(Path("device.csv"), format))
    return FileSink(target, format)


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    from zoocli.errors import UsageError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--class-weights takes numbers with commas between, like 1,2.5,1; not '{text}'."
        ) from None
