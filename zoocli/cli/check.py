"""`zoocli check`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from zoocli.cli.inputs import (
    Backend,
    BatchSize,
    ClassWeights,
    Device,
    Ensemble,
    IdFrom,
    IdName,
    Keep,
    Label,
    LabelSmoothing,
    LossName,
    MemoryLimit,
    MissingVotes,
    NullValue,
    OnDuplicate,
    OnFractional,
    OnInvalid,
    Only,
    Prediction,
    PredictionsColumn,
    PredictionsId,
    RequireAll,
    Scale,
    SchemaName,
    Tables,
    Threads,
    VotesColumn,
    VotesId,
    input_files,
    score_options,
)
from zoocli.cli.options import Quiet
from zoocli.errors import DataError


def check(
    context: typer.Context,
    tables: Tables,
    schema: SchemaName = None,
    loss: LossName = "dirichlet",
    format: Annotated[
        Literal["text", "json"], typer.Option("--format", "-f", help="How it is said.")
    ] = "text",
    id: IdName = None,
    predictions_id: PredictionsId = None,
    votes_id: VotesId = None,
    id_from: IdFrom = None,
    predictions_column: PredictionsColumn = None,
    votes_column: VotesColumn = None,
    ensemble: Ensemble = None,
    null_value: NullValue = None,
    only: Only = None,
    keep: Keep = None,
    label: Label = None,
    prediction: Prediction = None,
    class_weights: ClassWeights = None,
    label_smoothing: LabelSmoothing = 0.0,
    scale: Scale = None,
    on_invalid: OnInvalid = "error",
    on_fractional: OnFractional = "error",
    on_duplicate: OnDuplicate = "error",
    missing_votes: MissingVotes = "error",
    require_all: RequireAll = False,
    device: Device = "auto",
    backend: Backend = "auto",
    batch_size: BatchSize = 65_536,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    quiet: Quiet = False,
) -> None:
    """Say all that is wrong with predictions and votes; write nothing.

    Does what `zoocli score` does with the same options, and goes on where that would stop: files,
    ids, overlap, schema, every invalid value by column, and (as notes) votes that contradict the
    tree. Exits 0 where a score would succeed, 3 where it would fail.
    """
    from zoocli.checking import check as library
    from zoocli.cli.progress import progress_bar
    from zoocli.cli.summarize import put
    from zoocli.report import render_json
    from zoocli.report.check import render_check

    input_files(context)
    with progress_bar(quiet) as progress:
        found = library(tables[:-1], tables[-1], score_options(context), progress)
    put(render_json(found.to_dict()) if format == "json" else render_check(found))
    if not found.fine:
        raise typer.Exit(DataError.exit_code)
