"""Group letters: models that have a letter in common are not distinguishable.

The compact letter display of Piepho (2004, Journal of Computational and Graphical Statistics 13,
456): begin with one group of all, split it at each pair that differs, and drop every group that
another one contains.
"""

from __future__ import annotations

from collections.abc import Collection
from string import ascii_lowercase


def group_letters(count: int, differing: Collection[tuple[int, int]]) -> list[str]:
    """The letters of `count` items in order, of which some pairs differ.

    >>> group_letters(3, [(0, 2)])
    ['a', 'ab', 'b']
    >>> group_letters(2, [])
    ['a', 'a']
    """
    groups = [frozenset(range(count))]
    for one, other in differing:
        split = []
        for group in groups:
            if one in group and other in group:
                split += [group - {one}, group - {other}]
            else:
                split.append(group)
        distinct = list(dict.fromkeys(split))
        groups = [group for group in distinct if not any(group < wider for wider in distinct)]
    ordered = sorted(groups, key=sorted)
    return [
        "".join(_letter(place) for place, group in enumerate(ordered) if item in group)
        for item in range(count)
    ]


def _letter(place: int) -> str:
    """a to z, then a2, b2 and so on."""
    again, letter = divmod(place, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(again + 1) if again else "")
