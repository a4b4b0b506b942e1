"""How the result of the whole was made, from how those of its disjoint parts were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoocli.errors import DataError, some
from zoocli.matching.account import Matching
from zoocli.runs.provenance import Predictions, Provenance
from zoocli.runs.shards import add_coverage, check_shards


def merge_provenances(names: Sequence[str], parts: Sequence[Provenance]) -> Provenance:
    """That of the whole; the caller has checked that the parts do not differ.

    Raises DataError where shards are missing or repeated, and where parts overlap.
    """
    predictions = [part.predictions for part in parts if part.predictions is not None]
    return replace(
        parts[0],
        predictions=Predictions.sum(predictions) if len(predictions) == len(parts) else None,
        shard=None,
        matching=_account_of_whole(names, parts),
        coverage=None,
        version=",".join(sorted({part.version or "unknown" for part in parts})),
    )


def _account_of_whole(names: Sequence[str], parts: Sequence[Provenance]) -> Matching | None:
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
        return _add_matching(names, [part.matching for part in parts], rows)
    scored = add_coverage(names, covered, rows, by_row=not settings.get("only"))
    if shards and not scored.any():
        raise DataError("No galaxy matched in any shard. Are these predictions of those votes?")
    return Matching(
        matched=sum(account.matched for account in accounts),
        predictions_only=sum(account.predictions_only for account in accounts),
        votes_only=rows - int(np.count_nonzero(scored)) - covered[0].dropped_rows,
        duplicated=covered[0].dropped,
        invalid=sum(account.invalid for account in accounts),
        excluded=_excluded(accounts),
    )


def _add_matching(
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
        excluded=_excluded(parts),
    )


def _excluded(accounts: Sequence[Matching]) -> int | None:
    counts = [account.excluded for account in accounts if account.excluded is not None]
    return sum(counts) if counts else None


def require_coverage(names: Sequence[str], parts: Sequence[Provenance]) -> None:
    """Raises DataError for a shard that does not say which rows of VOTES it matched."""
    for name, part in zip(names, parts, strict=True):
        if part.shard is not None and part.coverage is None:
            raise DataError(
                f"{name} is of a shard, but does not say which rows of VOTES it matched, so ids in "
                "two shards would not be noticed. Merge what the runs themselves wrote: the "
                "JSON of `zoocli score --summary`, or the directories of `zoocli evaluate -o`."
            )
