"""What `zoocli check` found, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoocli.errors import harmless, some
from zoocli.report.text import count
from zoocli.scoring.checking import Check, CheckedTable, Invalid


def render_check(found: Check) -> str:
    """One line per fact: first what was found, then what is wrong, and last the verdict."""
    return "".join(f"{harmless(line)}\n" for line in _lines(found))


def _lines(found: Check) -> Iterator[str]:
    for title, side in (("predictions", found.predictions), ("votes", found.votes)):
        if side is not None:
            yield f"{title:<12} {_side(side)}"
    if found.schema is not None:
        why = ", which the columns fit" if found.detected else ""
        yield f"{'schema':<12} {found.schema}{why}"
    if found.matching is not None:
        matching = found.matching
        yield (
            f"{'galaxies':<12} {count(matching.matched)} in both tables, "
            f"{count(matching.predictions_only)} rows of predictions without votes, "
            f"{count(matching.votes_only)} rows of votes without predictions, "
            f"{count(matching.duplicated)} ids more than once"
        )
    if found.voted:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in found.voted.items())
        yield f"{'with votes':<12} {shares}"
    yield from (f"{'error':<12} {error}" for error in found.errors)
    yield from (f"{'invalid':<12} {_invalid(one)}" for one in found.invalid)
    yield from (f"{'note':<12} {note}" for note in found.notes)
    yield from (f"{'note':<12} {line}" for line in _contradictions(found.contradictions))
    yield (
        "OK: these inputs can be scored."
        if found.fine
        else "Not OK: these inputs cannot be scored with these options."
    )


def _side(side: CheckedTable) -> str:
    rows = "unknown number of rows" if side.rows is None else f"{count(side.rows)} rows"
    ids = "no id column" if side.id_column is None else f"ids in '{side.id_column}'"
    used = ""
    if side.used:
        more = f" ... '{side.used[-1]}'" if len(side.used) > 1 else ""
        used = f", {count(len(side.used))} read: '{side.used[0]}'{more}"
    return f"{side.name}: {side.format}, {rows}, {count(side.columns)} columns, {ids}{used}"


def _contradictions(found: Sequence[Invalid]) -> Iterator[str]:
    """One line for all questions of a file."""
    for file, problem in dict.fromkeys((one.file, one.problem) for one in found):
        alike = [one for one in found if (one.file, one.problem) == (file, problem)]
        each = ", ".join(f"'{one.column}' {count(one.count)}" for one in alike)
        yield f"{file}: {problem}: {each} (first ids {some(alike[0].first_ids)})"


def _invalid(one: Invalid) -> str:
    return (
        f"{one.file}, '{one.column}': {count(one.count)} {one.problem} "
        f"(first ids {some(one.first_ids)})"
    )
