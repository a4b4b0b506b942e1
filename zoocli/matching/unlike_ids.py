"""What would make the ids of two tables match, when none of them does."""

from __future__ import annotations

import pyarrow as pa

# The usual differences, and the pattern that takes the id out of such a text.
DIFFERENCES = (
    ("a folder before it", r"([^/\\]+)$"),
    ("an ending behind it", r"^(.+)\.[A-Za-z][A-Za-z0-9]{0,4}$"),
    ("a folder before it and an ending behind it", r"([^/\\]+)\.[A-Za-z][A-Za-z0-9]{0,4}$"),
    ("b'...' around it", r"^b['\"](.*)['\"]$"),
    ("quotes around it", r"^['\"](.*)['\"]$"),
    ("blanks around it", r"^\s*(.*?)\s*$"),
    ("zeros before it", r"^0*([0-9].*)$"),
)


def advice_for(predictions: pa.StringArray, votes: pa.StringArray) -> str | None:
    """What to type so that ids match, or what differs; None where nothing usual does.

    >>> advice_for(pa.array(["data/J1", "data/J2"]), pa.array(["J2", "J3"]))[-60:]
    '1 of the first 2 would match: the id has a folder before it.'
    """
    import pyarrow.compute as pc

    def matching(ours: pa.Array, theirs: pa.Array) -> int:
        return int(pc.sum(pc.is_in(ours, theirs)).as_py() or 0)

    found = []
    for what, pattern in DIFFERENCES:
        around = f"^(?s:.*?)(?:{pattern})(?s:.*)$"
        sides = [
            pc.replace_substring_regex(side, around, r"\1", max_replacements=1)
            for side in (predictions, votes)
        ]
        found.append((matching(*sides), what, pattern))
    most, what, pattern = max(found, key=lambda one: one[0])
    of = f"of the first {len(predictions):,}"
    if most:
        return f"With «id_from={pattern}» {most:,} {of} would match: the id has {what}."
    alike = matching(*(pc.utf8_lower(side) for side in (predictions, votes)))
    if alike:
        return f"But for upper and lower case {alike:,} {of} would match: write the ids alike."
    return None
