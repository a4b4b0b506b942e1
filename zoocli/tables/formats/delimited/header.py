"""Where a text table begins: its separator, the names of its columns, and its first row of cells.

Before the names may stand Excel's `sep=;`, blank lines and lines of comments, which begin with `#`.
The last of these may itself be the line with the names, as numpy and TOPCAT write them: it is where
it has as many cells as the next line, unless that one looks more like names. Below the names may
stand a line of units and a ruler of hyphens, as VizieR writes them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

SEPARATORS = ",\t;|"
BLANKS = " "  # any number of them, between cells that hold none
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
RULER = re.compile(r"[-\s,;|]*-{2,}[-\s,;|]*")
EXCEL = re.compile(r"sep=(.?)", re.I)
LINES_BELOW = 2  # of units, and the ruler


@dataclass(frozen=True)
class Header:
    """`names` of the columns; the cells begin after `lines` lines; `separator` may be BLANKS."""

    names: list[str]
    separator: str
    lines: int


def read_header(lines: Sequence[str]) -> Header:
    """From the first lines of a file, the last of which may be cut; csv.Error for no header.

    >>> read_header(["# made by me", "# id,z", "7,0.1"])
    Header(names=['id', 'z'], separator=',', lines=2)
    """
    given = EXCEL.fullmatch(lines[0]) if lines else None
    place = 1 if given else 0
    while place < len(lines) and (not lines[place].strip() or lines[place].startswith("#")):
        place += 1
    place = _line_of_names(lines, place, given[1] if given else None)
    line = lines[place].lstrip("# ") if lines[place].startswith("#") else lines[place]
    separator = (given[1] if given else None) or separator_of(line)
    names = _stripped(cells_of(line, separator))
    for below in range(place + 1, min(place + 1 + LINES_BELOW, len(lines))):
        if RULER.fullmatch(lines[below]):
            return Header(names, separator, below + 1)
    return Header(names, separator, place + 1)


def _stripped(names: list[str]) -> list[str]:
    """Without blanks at their ends, unless that is how two names differ."""
    stripped = [name.strip(BLANKS) for name in names]
    return stripped if len(set(stripped)) == len(set(names)) else names


def _line_of_names(lines: Sequence[str], first: int, separator: str | None) -> int:
    """The line with the names: the first after the comments, or the last comment."""
    comment = first - 1
    if comment < 0 or not lines[comment].startswith("#"):
        return min(first, len(lines) - 1)
    if first == len(lines):
        return comment
    line = lines[comment].lstrip("# ")
    used = separator or separator_of(lines[first])
    named, below = cells_of(line, used), cells_of(lines[first], used)
    if len(named) != len(below) or (len(named) == 1 and " " in line.strip()):
        return first
    after = cells_of(lines[first + 1], used) if first + 1 < len(lines) else []
    looks_named = not any(map(NUMBER.fullmatch, below)) and any(map(NUMBER.fullmatch, after))
    return first if looks_named or any(map(NUMBER.fullmatch, named)) else comment


def separator_of(line: str) -> str:
    """The separator that a line has most of, outside of quotes; blanks where it has none."""
    plain = re.sub('"[^"]*"', "", line)
    best = max(SEPARATORS, key=plain.count)
    return BLANKS if not plain.count(best) and len(plain.split()) > 1 else best


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of one line; raises csv.Error for a carriage return or an unclosed quote."""
    if separator == BLANKS:
        return line.split()
    return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
