"""The summary of a scores table, or of a JSON summary."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoocli.runs.provenance import Provenance
from zoocli.scoring.scores_table import read_batches, read_layout
from zoocli.scoring.summaries.merge import merge_summaries
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.summaries.summary_file import is_json, read_summary
from zoocli.scoring.sums import Sums
from zoocli.tables.sources import TableLike

if TYPE_CHECKING:
    from zoocli.schema import Schema
    from zoocli.tables import Table


def summarize(scores: TableLike, schema: Schema | str | Path | None = None) -> Summary:
    """The statistics of a scores table, or those that a JSON summary holds.

    `scores` is a path (Parquet, CSV, Arrow, a directory of Parquet parts, a JSON summary; "-" is
    standard input), a pandas DataFrame, an Arrow table or an astropy Table. Only the columns of
    losses (nats for a log-likelihood) and total votes are read, batch by batch, and added as
    scoring adds them: null and NaN losses leave every statistic. What the table does not carry is
    None in the result, and its `notes` say so; for such a table `schema` (a name, a file or a
    Schema) names the campaigns.

    Raises DataError for what is not a scores table, for losses that are negative, infinite or
    text, and where the table, its metadata and `schema` disagree.

    >>> import pyarrow as pa
    >>> table = pa.table({
    ...     "id": ["a", "b", "c"], "loss": [1.0, 3.0, 0.0],
    ...     "ring_loss": [1.0, 3.0, 0.0], "ring_total-votes": [5, 4, 0],
    ... })
    >>> overall = summarize(table).overall
    >>> overall.mean, overall.galaxies, overall.galaxies_all, overall.votes
    (2.0, 2, 3, 9)
    """
    from zoocli.tables.opening import open_table

    schema = as_schema(schema)
    if isinstance(scores, str | os.PathLike) and is_json(scores):
        return _ignoring(schema, read_summary(scores), str(scores))
    return summarize_table(open_table(scores, name="the scores table"), schema)


def as_schema(schema: Schema | str | Path | None) -> Schema | None:
    """The schema, loaded if it is given by its name or its file."""
    if not isinstance(schema, str | Path):
        return schema
    from zoocli.schema import load_schema

    return load_schema(schema)


def summarize_table(table: Table, schema: Schema | None) -> Summary:
    """The summary of an open scores table."""
    tables = tables_of(table)
    if len(tables) == 1:
        return _summarize_plain(*tables[0], schema)
    return merge_summaries(
        [
            replace(_summarize_plain(part, content, schema), file=part.name)
            for part, content in tables
        ]
    )


def tables_of(table: Table) -> list[tuple[Table, Mapping[str, Any] | None]]:
    """The tables that were scored one by one, each with its metadata.

    A directory is one table where it is known as such or its pieces all carry the same metadata.
    """
    from zoocli.tables.parts.joined import Parts

    if not isinstance(table, Parts) or table.metadata is not None:
        return [(table, table.metadata)]
    metadata = [part.metadata for part in table.parts]
    if all(content == metadata[0] for content in metadata):
        return [(table, metadata[0])]
    return list(zip(table.parts, metadata, strict=True))


def _ignoring(schema: Schema | None, summary: Summary, name: str) -> Summary:
    summary = replace(summary, file=None)
    if schema is None:
        return summary
    note = f"{name} is a summary, which has its own campaigns: the schema was not used."
    return replace(summary, notes=(note,))


def _summarize_plain(
    table: Table, metadata: Mapping[str, Any] | None, schema: Schema | None
) -> Summary:
    layout = read_layout(table, metadata, schema)
    sums = Sums.zeros(len(layout.levels))
    rows = 0
    for batch in read_batches(table, layout):
        sums.add_batch(layout.levels, batch.loss, batch.losses, batch.votes)
        rows += len(batch.loss)
    nothing_known = Provenance(version=None)
    summary = Summary.from_sums(layout.levels, sums, layout.has_votes, provenance=nothing_known)
    if layout.known:
        return _with_metadata(summary, table.name, metadata or {}, rows)
    note = (
        f"{table.name} carries no settings (Parquet and Arrow scores tables do), so its loss, "
        "settings, matching and signature are not known"
    )
    if schema is not None:
        provenance = Provenance(schema=schema.name, version=None)
        return replace(summary, provenance=provenance, notes=(f"{note}.",))
    note += ", nor its campaigns: name the schema to see them." if layout.has_votes else "."
    return replace(summary, campaigns=None, notes=(note,))


def _with_metadata(summary: Summary, name: str, metadata: Mapping[str, Any], rows: int) -> Summary:
    """Adds what the table says about its making; its account only while that fits the rows."""
    made = Provenance.of_table(name, metadata)
    summary = replace(summary, provenance=made)
    nulls = rows - summary.overall.galaxies_all
    matching = summary.matching
    if matching is None or (rows, nulls) == (matching.matched, matching.invalid):
        return summary
    note = (
        f"{name} has {rows:,} rows, {nulls:,} of them with a null loss, but was written with "
        f"{matching.matched:,} and {matching.invalid:,}: rows were added, changed or left out "
        "since, so its account of the matching no longer holds."
    )
    unaccounted = replace(made, shard=None, matching=None)
    return replace(summary, provenance=unaccounted, notes=(note,))
