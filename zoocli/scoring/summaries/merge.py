"""Adds up the summaries of disjoint parts, as an array job writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from zoocli.errors import DataError, UsageError, shortened, some
from zoocli.scoring.summaries.shards import add_coverage, check_shards
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.sums import Coverage, Matching, Statistics


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
    ...     return Summary(statistics, {}, {}, loss="mse", settings={"votes_rows": 9})
    >>> merged = merge_summaries([part(3.0, 2), part(1.0, 2)]).overall
    >>> merged.mean, merged.galaxies, merged.votes
    (1.0, 4, 80)
    """
    if not summaries:
        raise UsageError("There is nothing to merge: give the JSON summaries of the parts.")
    names = [part.file or f"part {number}" for number, part in enumerate(summaries, start=1)]
    for name, part in zip(names, summaries, strict=True):
        _refuse_another_kind(names[0], summaries[0], name, part)
    matching = account_of_whole(names, summaries)
    versions = sorted({part.version or "unknown" for part in summaries})
    return replace(
        summaries[0],
        overall=_add([part.overall for part in summaries]),
        campaigns=_add_groups([part.campaigns or {} for part in summaries]),
        questions=_add_groups([part.questions for part in summaries]),
        shard=None,
        matching=matching,
        coverage=None,
        version=",".join(versions),
        file=None,
        notes=(
            *_notes(summaries, matching, versions),
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
    if part.settings is None:
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
    for name in ("loss", "schema"):
        yield from _difference(name, getattr(first, name), getattr(part, name))
    yield from setting_differences(first.settings or {}, part.settings or {})
    for level in ("campaigns", "questions"):
        ours, theirs = getattr(first, level), getattr(part, level)
        yield from _difference(level, list(ours or {}), list(theirs or {}))


def setting_differences(here: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    """Each setting that differs, with both values."""
    for name in dict.fromkeys([*here, *there]):
        yield from _difference(name, here.get(name), there.get(name))


def _difference(name: str, ours: Any, theirs: Any) -> Iterator[str]:
    if ours != theirs:
        yield f"{name} ({_shown(ours)} and {_shown(theirs)})"


def _shown(value: Any) -> str:
    return (
        "none"
        if value is None
        else some(value)
        if isinstance(value, list)
        else shortened(repr(value))
    )


class Accounted(Protocol):
    """A part, and what it says about its galaxies."""

    @property
    def settings(self) -> dict[str, Any] | None:
        """What changed the numbers."""

    @property
    def shard(self) -> str | None:
        """I/N, of a shard."""

    @property
    def matching(self) -> Matching | None:
        """What became of every galaxy."""

    @property
    def coverage(self) -> Coverage | None:
        """Which rows of VOTES were scored, of a shard."""


def account_of_whole(names: Sequence[str], parts: Sequence[Accounted]) -> Matching | None:
    """The account of the whole, from those of disjoint parts scored against the same votes.

    Exact for shards. None where some part has none. Raises DataError where shards are missing or
    repeated, where parts matched the same rows of VOTES, and where no shard matched any.
    """
    shards = check_shards(names, [part.shard for part in parts])
    settings = parts[0].settings or {}
    rows = settings.get("votes_rows")
    accounts = [part.matching for part in parts if part.matching is not None]
    covered = [part.coverage for part in parts if part.coverage is not None]
    if not isinstance(rows, int) or min(len(accounts), len(covered)) < len(parts):
        return add_matching(names, [part.matching for part in parts], rows)
    scored = add_coverage(names, covered, rows, by_row=not settings.get("only"))
    if shards and not scored.any():
        raise DataError("No galaxy matched in any shard. Are these predictions of those votes?")
    return Matching(
        matched=sum(account.matched for account in accounts),
        predictions_only=sum(account.predictions_only for account in accounts),
        votes_only=rows - int(np.count_nonzero(scored)) - covered[0].dropped_rows,
        duplicated=covered[0].dropped,
        invalid=sum(account.invalid for account in accounts),
    )


def require_coverage(names: Sequence[str], parts: Sequence[Accounted]) -> None:
    """Raises DataError for a shard that does not say which rows of VOTES it matched."""
    for name, part in zip(names, parts, strict=True):
        if part.shard is not None and part.coverage is None:
            raise DataError(
                f"{name} is of a shard, but does not say which rows of VOTES it matched, so ids in "
                "two shards would not be noticed. Merge what the runs themselves wrote: the "
                "JSON of `zoocli score --summary`, or the directories of `zoocli evaluate -o`."
            )


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


def add_matching(
    names: Sequence[str], accounts: Sequence[Matching | None], rows: Any
) -> Matching | None:
    """Adds the accounts of parts scored against the same `rows` of VOTES.

    None where some part has none, or the rows are not known. Raises DataError where the parts
    together matched more rows than there are.
    """
    parts = [account for account in accounts if account is not None]
    if len(parts) < len(accounts) or not isinstance(rows, int):
        return None
    used = sum(rows - part.votes_only for part in parts)
    if used > rows:
        raise DataError(
            f"The parts overlap: {some(names)} together matched {used:,} rows of VOTES, which has "
            f"{rows:,}, so some galaxies are in several parts. Merge disjoint parts, each once."
        )
    return Matching(
        matched=sum(part.matched for part in parts),
        predictions_only=sum(part.predictions_only for part in parts),
        votes_only=rows - used,
        duplicated=sum(part.duplicated for part in parts),
        invalid=sum(part.invalid for part in parts),
    )


def _notes(
    summaries: Sequence[Summary], matching: Matching | None, versions: Sequence[str]
) -> Iterator[str]:
    for part in summaries:
        yield from part.notes
    if len(versions) > 1:
        yield f"The parts were scored with different versions of zoocli: {', '.join(versions)}."
    if matching is None:
        yield (
            "Some part carries no account of its matching, so there is none of the whole, and "
            "parts that overlap are not noticed."
        )
