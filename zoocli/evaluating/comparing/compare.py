"""Whether one model really beats another: paired differences between scores tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoocli.errors import DataError, MachineError, UsageError, some
from zoocli.evaluating.buckets import BUCKETS
from zoocli.evaluating.comparing.comparison import Baseline, Comparison, Difference, System
from zoocli.evaluating.comparing.holm import holm
from zoocli.evaluating.comparing.paired import PairedSums
from zoocli.evaluating.comparing.paired_losses import MatchedLosses, Share, bytes_per_galaxy
from zoocli.evaluating.comparing.paired_tables import ScoresTable, refuse_differences
from zoocli.foundation.option_checks import MOST_SEED, check_range
from zoocli.foundation.resources import PROGRAM_BYTES, Resources
from zoocli.runs.options.condition import condition_of
from zoocli.runs.options.evaluate import JACKKNIFE
from zoocli.runs.provenance import Provenance
from zoocli.scoring.summaries.summarize import as_schema
from zoocli.tables.opening import open_table
from zoocli.tables.parts.filtered import FilteredTable
from zoocli.tables.sources import TableLike
from zoocli.tables.where import Where

if TYPE_CHECKING:
    from zoocli.schema import Schema

BYTES_PER_LEVEL = 4 * 8 * BUCKETS
SKEWED = 0.3  # of the mean difference: then p is off by about a tenth at 0.05
DEFAULT_MEMORY = 2_000_000_000  # so that many galaxies take time and not memory


def compare(
    baseline: TableLike,
    *systems: TableLike,
    schema: Schema | str | Path | None = None,
    seed: int = 0,
    id: str | None = None,
    where: str | None = None,
    threads: int | None = None,
    memory_limit: str | int | None = None,
) -> Comparison:
    """The differences in mean loss of `systems` from `baseline`, and how sure each is.

    All are scores tables as `zoocli score` writes them: paths, pandas DataFrames or Arrow tables.
    Galaxies are matched by their exact ids (column `id`, by default the first), and those that not
    all tables have are left out, as are those for which the condition `where` does not hold, over
    columns that `zoocli score --keep` carried into any of the tables. For every question, campaign
    and overall, over the galaxies with a vote (for a loss without votes, over all):

    - the difference of the means, system minus baseline, in nats for a log-likelihood: negative
      where the system is better;
    - its 95 % interval: Student's, with the spread of the difference without each of 1,024 buckets
      of galaxies in turn (a jackknife: `zoocli.evaluating.intervals`). None below 5 galaxies;
    - p of the paired randomisation test, two-sided: how often random signs of the buckets'
      differences give a sum of at least this size (`zoocli.evaluating.comparing.flips`). It takes
      the differences to be symmetric where neither model is better; a note says where they are
      too skewed for their number;
    - the same p adjusted for all systems and questions (Holm 1979).

    Galaxies are the unit: the numbers say what other galaxies would give, not what training the
    models again would give. Buckets follow from the ids and `seed`, so neither order nor threads
    change anything. A null loss takes the galaxy out of that question, its campaign and
    the overall, for all systems. Tables are held in memory up to `memory_limit` (2 GB), and beyond
    that read several times.

    Raises DataError where the tables differ in loss, schema, questions or total votes, where an id
    occurs twice, or where no galaxy is in all of them; UsageError for values out of range.

    >>> import pyarrow as pa
    >>> ids = [f"galaxy {number}" for number in range(200)]
    >>> first = pa.table({"id": ids, "loss": [1.0 + number % 7 for number in range(200)]})
    >>> second = pa.table({"id": ids, "loss": [0.9 + number % 7 for number in range(200)]})
    >>> system = compare(first, second).systems[0]
    >>> round(system.overall.difference, 6), system.verdict
    (-0.1, 'better than the baseline (p < 1e-10)')
    """
    if not systems:
        raise UsageError("There is nothing to compare with the baseline: give a system.")
    check_range("seed", seed, least=0, most=MOST_SEED)
    limits = Resources.available(threads, memory_limit)
    if memory_limit is None:
        limits = replace(limits, memory=min(limits.memory, DEFAULT_MEMORY))
    tables = _where(_open([baseline, *systems], id, schema), condition_of(where))
    levels = tables[0].layout.levels
    sums = [PairedSums(len(levels), seed) for _ in systems]
    counts = _Counts([0] * len(tables))
    with limits.applied():
        for share in _shares(tables, limits):
            matched = MatchedLosses(tables, share)
            counts.add(matched)
            for block in matched.blocks(levels):
                counts.invalid += block.invalid
                first, *others = block.losses
                for paired, losses in zip(sums, others, strict=True):
                    paired.add(block.hashes, first, losses, block.counted)
    if not counts.compared:
        raise DataError(_why_nothing(tables))
    return _comparison(tables, sums, seed, counts, where)


def _open(
    sources: Sequence[TableLike], id: str | None, schema: Schema | str | Path | None
) -> list[ScoresTable]:
    """The tables, all read with the same levels: those of the first that knows its campaigns."""
    schema = as_schema(schema)
    names = ["the baseline", *(f"system {number}" for number in range(1, len(sources)))]
    tables = [
        ScoresTable.open(open_table(source, name=name), id, schema)
        for source, name in zip(sources, names, strict=True)
    ]
    for table in tables[1:]:
        refuse_differences(tables[0], table)
    known = next((table for table in tables if table.campaigns_known), tables[0])
    return [table.with_levels_of(known) for table in tables]


def _where(tables: list[ScoresTable], where: Where | None) -> list[ScoresTable]:
    """Each table that has the condition's columns has only the galaxies for which it holds.

    Raises DataError where no table has them.
    """
    if where is None:
        return tables
    names = {column.name for column in where.columns}
    filtered = [
        replace(one, table=FilteredTable(one.table, where))
        if names <= {*one.table.column_names}
        else one
        for one in tables
    ]
    if filtered == tables:
        tables[0].table.require(sorted(names))
    return filtered


def _shares(tables: Sequence[ScoresTable], limits: Resources) -> Iterator[Share]:
    """As many shares as the memory limit requires."""
    sums = len(tables[0].layout.levels) * BYTES_PER_LEVEL * (len(tables) - 1)
    fixed = PROGRAM_BYTES + sums
    needed = tables[0].table.count_rows() * bytes_per_galaxy(tables)
    spare = limits.memory - fixed
    if spare <= 0:
        raise MachineError(
            f"The memory limit of {limits.memory / 1e9:.2f} GB leaves no room beside the program "
            f"and its sums ({fixed / 1e9:.2f} GB). Raise «memory_limit»."
        )
    count = max(1, -(-needed // spare))
    return (Share(number, count) for number in range(count))


def _why_nothing(tables: Sequence[ScoresTable]) -> str:
    if any(isinstance(one.table, FilteredTable) and one.table.excluded for one in tables):
        return "«where» holds for no galaxy that is in all tables. Loosen the condition."
    looks = "; ".join(
        f"{table.name}, column '{table.ids}': {some(table.first_ids()) or 'no rows'}"
        for table in tables
    )
    return (
        f"No galaxy is in all tables. Their ids look like this: {looks}. Name the id column with "
        "«id», or give scores of the same galaxies."
    )


@dataclass
class _Counts:
    """What became of the galaxies: `rows` of each table, `compared` in all, `invalid` of those."""

    rows: list[int]
    compared: int = 0
    invalid: int = 0

    def add(self, matched: MatchedLosses) -> None:
        """Adds one share of the galaxies."""
        self.rows = [a + b for a, b in zip(self.rows, matched.rows, strict=True)]
        self.compared += matched.compared

    def left_out(self) -> list[int]:
        """The galaxies of each table that not all of them have."""
        return [rows - self.compared for rows in self.rows]


def _comparison(
    tables: Sequence[ScoresTable],
    sums: Sequence[PairedSums],
    seed: int,
    counts: _Counts,
    where: str | None,
) -> Comparison:
    made = next((table.made for table in tables if table.made is not None), Provenance())
    left_out = counts.left_out()
    return Comparison(
        baseline=Baseline(tables[0].name, tables[0].signature, left_out[0]),
        systems=_ranked(tables[1:], sums, left_out[1:]),
        loss=made.loss,
        schema=made.schema,
        schema_hash=made.setting("schema_hash"),
        votes_fingerprint=made.setting("votes_fingerprint"),
        compared=counts.compared,
        invalid=counts.invalid,
        settings={"intervals": JACKKNIFE, "seed": seed}
        | ({} if where is None else {"where": where}),
        notes=(*_notes(tables, counts), *_skewed(tables[1:], sums)),
    )


def _ranked(
    tables: Sequence[ScoresTable], sums: Sequence[PairedSums], left_out: Sequence[int]
) -> tuple[System, ...]:
    """The systems by their overall means, the lowest first."""
    results = _adjusted([paired.results() for paired in sums], len(tables[0].questions))
    order = sorted(range(len(results)), key=lambda number: results[number][0].mean_system or 0.0)
    return tuple(
        _system(tables[number], results[number], rank, left_out[number])
        for rank, number in enumerate(order, start=1)
    )


def _adjusted(results: list[list[Difference]], questions: int) -> list[list[Difference]]:
    """With Holm's p over all systems and questions, which come last in each list."""
    family = [
        (system, place)
        for system, differences in enumerate(results)
        for place in range(len(differences) - questions, len(differences))
        if differences[place].p is not None
    ]
    values = [results[system][place].p or 0.0 for system, place in family]
    for (system, place), value in zip(family, holm(values), strict=True):
        results[system][place] = replace(results[system][place], p_holm=value)
    return results


def _system(table: ScoresTable, differences: list[Difference], rank: int, left_out: int) -> System:
    overall, campaigns, questions = table.layout.levels.split(differences)
    return System(
        file=table.name,
        signature=table.signature,
        rank=rank,
        left_out=left_out,
        overall=overall,
        campaigns=campaigns if table.campaigns_known else None,
        questions=questions,
    )


def _notes(tables: Sequence[ScoresTable], counts: _Counts) -> Iterator[str]:
    bare = [table.name for table in tables if table.made is None]
    if bare:
        yield (
            f"{some(bare)} carry no settings (Parquet and Arrow scores tables do), so only their "
            "columns show that loss, schema and votes are the same as those of the others."
        )
    excluded = [
        f"{one.table.excluded:,} of {one.name}"
        for one in tables
        if isinstance(one.table, FilteredTable) and one.table.excluded
    ]
    if excluded:
        yield f"«where» does not hold for {', '.join(excluded)}, which are left out."
    left_out = [
        f"{number:,} of {table.name}"
        for table, number in zip(tables, counts.left_out(), strict=True)
        if number
    ]
    if left_out:
        yield (
            f"{counts.compared:,} galaxies are in all tables; the others are left out: "
            f"{', '.join(left_out)}."
        )
    if counts.invalid:
        yield (
            f"{counts.invalid:,} galaxies have a null loss in some table and are left out of "
            "that question, its campaign and the overall comparison."
        )


def _skewed(systems: Sequence[ScoresTable], sums: Sequence[PairedSums]) -> Iterator[str]:
    """Where the differences are too skewed for the test to be exact."""
    for system, paired in zip(systems, sums, strict=True):
        skewness = paired.skewness(0)
        if skewness is not None and abs(skewness) > SKEWED:
            yield (
                f"The differences of {system.name} are skewed for their number, and the test takes "
                "them to be symmetric: its p-value is approximate. The interval is safer."
            )
