"""The style of all figures: as wide as a journal column, in colours safe for colour blindness.

Colours are those of Okabe & Ito (2008, https://jfly.uni-koeln.de/color/), and cividis for maps.
"""

from __future__ import annotations

import contextlib
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib

from zoocli.errors import harmless

COLUMN = 3.4  # inches: the width of a column in a two-column journal
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    *("#000000", "#E69F00", "#56B4E9", "#009E73"),
    *("#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
)
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
GREY = "#666666"
MAP = "cividis_r"  # pale to dark, as ink on paper: what is rare does not stand out
SMALL = 6.0  # points: no text is smaller

STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib
    "font.size": 7.0,
    "axes.titlesize": 6.5,
    "axes.labelsize": 7.0,
    "axes.titlepad": 3.0,
    "axes.labelpad": 2.0,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.0,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "image.interpolation": "none",
    "text.parse_math": False,  # a name with two $ is not a formula
    "savefig.dpi": 300,
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


@contextlib.contextmanager
def drawing(name: str) -> Iterator[None]:
    """This style, whatever the user's is, while the figure `name` is drawn and encoded.

    A character that the font lacks is drawn as a box, without a warning.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        matplotlib.rcdefaults()
        # The ids of an SVG depend on the salt: figures on one page must not share any.
        matplotlib.rcParams.update(STYLE | {"svg.hashsalt": name})
        yield


def wrapped(text: str, width: int, lines: int = 2) -> str:
    r"""Text in at most `lines` lines, broken at hyphens and spaces where possible.

    >>> wrapped("does-this-galaxy-have-a-bar", 12)
    'does-this-\ngalaxy-have…'
    """
    parts = textwrap.wrap(harmless(text), width) or [""]
    if len(parts) > lines:
        last = parts[lines - 1].rstrip("- ")[: width - 1]
        parts = [*parts[: lines - 1], f"{last}…"]
    return "\n".join(parts)
