"""Adds up the summaries of disjoint parts, as an array job writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from zoocli.errors import DataError, UsageError
from zoocli.runs.merging import merge_provenances
from zoocli.runs.provenance import Provenance, difference
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.sums import Statistics


def merge_summaries(summaries: Sequence[Summary]) -> Summary:
    """The summary of the whole, from the summaries of its parts.

    Parts are disjoint pieces of PREDICTIONS, scored with the same settings against the same whole
    VOTES. Counts add up exactly; sums of losses (in nats for a log-likelihood) are added with one
    rounding, so the order of the parts does not matter, and means and standard errors follow from
    them. `votes_only` is not additive: a row of VOTES is unmatched in the whole where no part
    matched it, so it is votes_rows - sum over parts of (votes_rows - votes_only). A part whose
    matching is None makes the whole's None, with a note.

    Shards say which rows of VOTES they scored: a row in two of them is an error, and the account is
    that of the whole. The caller must make sure that other parts are disjoint: their summaries
    carry no ids. It is only noticed where together they matched more rows of VOTES than there are,
    which is an error, and where two hold the same statistics, which gets a note.

    Raises DataError, which names the file, where a part carries no settings, where loss, schema,
    settings or votes fingerprint differ, where more rows were matched than there are, and where
    shards are missing or repeated; UsageError where there is nothing to merge.

    >>> def part(total: float, galaxies: int) -> Summary:
    ...     statistics = Statistics.from_sums(total, total * total, galaxies, galaxies, 40)
    ...     return Summary(statistics, {}, {}, Provenance(loss="mse", settings={"votes_rows": 9}))
    >>> merged = merge_summaries([part(3.0, 2), part(1.0, 2)]).overall
    >>> merged.mean, merged.galaxies, merged.votes
    (1.0, 4, 80)
    """
    if not summaries:
        raise UsageError("There is nothing to merge: give the JSON summaries of the parts.")
    names = [part.file or f"part {number}" for number, part in enumerate(summaries, start=1)]
    for name, part in zip(names, summaries, strict=True):
        _refuse_another_kind(names[0], summaries[0], name, part)
    provenance = merge_provenances(names, [part.provenance for part in summaries])
    return replace(
        summaries[0],
        overall=_add([part.overall for part in summaries]),
        campaigns=_add_groups([part.campaigns or {} for part in summaries]),
        questions=_add_groups([part.questions for part in summaries]),
        provenance=provenance,
        file=None,
        notes=(
            *_notes(summaries, provenance),
            *_notes_of_repeated(names, summaries),
        ),
    )


def _add(parts: Sequence[Statistics]) -> Statistics:
    votes = [part.votes for part in parts if part.votes is not None]
    return Statistics.from_sums(
        _exact_sum(part.sum for part in parts),
        _exact_sum(part.sum_squares for part in parts),
        sum(part.galaxies for part in parts),
        sum(part.galaxies_all for part in parts),
        sum(votes) if len(votes) == len(parts) else None,
    )


def _exact_sum(values: Iterable[float]) -> float:
    """With one rounding; infinite where it is too large."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def _add_groups(parts: Sequence[Mapping[str, Statistics]]) -> dict[str, Statistics]:
    return {name: _add([part[name] for part in parts]) for name in parts[0]}


def _refuse_another_kind(first_name: str, first: Summary, name: str, part: Summary) -> None:
    if part.provenance.settings is None:
        raise DataError(
            f"{name} carries no settings, so its losses may have been made differently from those "
            "of the other parts. Merge the JSON that `zoocli score --summary` writes, or that "
            "`zoocli summarize --format json` makes of a Parquet or Arrow scores table."
        )
    differing = list(_differences(first, part))
    if differing:
        raise DataError(
            f"{name} cannot be merged with {first_name}: they differ in {'; '.join(differing)}. "
            "Parts must be scored with the same settings against the same votes."
        )


def _differences(first: Summary, part: Summary) -> Iterator[str]:
    """What differs, each with both values."""
    yield from first.provenance.differences(part.provenance)
    for level in ("campaigns", "questions"):
        ours, theirs = getattr(first, level), getattr(part, level)
        yield from difference(level, list(ours or {}), list(theirs or {}))


def _notes_of_repeated(names: Sequence[str], summaries: Sequence[Summary]) -> Iterator[str]:
    """Parts with equal statistics may hold the same galaxies; without losses that means nothing."""
    seen: dict[tuple[Statistics, ...], str] = {}
    for name, part in zip(names, summaries, strict=True):
        key = (part.overall, *part.questions.values())
        if part.overall.sum == 0.0 or part.overall.galaxies < 2:
            continue
        if key in seen:
            yield (
                f"{name} and {seen[key]} hold the same statistics. Make sure that they are not "
                "the same galaxies: those would count twice."
            )
        seen.setdefault(key, name)


def _notes(summaries: Sequence[Summary], whole: Provenance) -> Iterator[str]:
    for part in summaries:
        yield from part.notes
    versions = (whole.version or "").split(",")
    if len(versions) > 1:
        yield f"The parts were scored with different versions of zoocli: {', '.join(versions)}."
    if whole.matching is None:
        yield (
            "Some part carries no account of its matching, so there is none of the whole, and "
            "parts that overlap are not noticed."
        )
