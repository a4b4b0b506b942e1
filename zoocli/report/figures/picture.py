"""A figure as files: how it is encoded, and its caption."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zoocli.report.figures.style import drawing

# The files have no dates, so that the same numbers give the same bytes.
METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"Creator": "zoocli", "Producer": None, "CreationDate": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}


@dataclass(frozen=True)
class Picture:
    """A drawn figure: its file name without suffix, title, caption, and bytes by format.

    `width` in inches; `figure` is what matplotlib drew.
    """

    name: str
    title: str
    caption: str
    width: float
    files: dict[str, bytes]
    figure: Figure

    @property
    def svg(self) -> str:
        """The drawing as an element of an HTML page, with ids unique in it."""
        text = self.files["svg"].decode()
        text = text[text.index("<svg") :]
        text = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{self.name}-", text)
        return re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.S)


def picture(
    name: str, title: str, caption: str, draw: Callable[[], Figure], formats: Sequence[str]
) -> Picture:
    """Draws and encodes a figure."""
    with drawing(name):
        figure = draw()
        files = {format: _encoded(figure, format) for format in formats}
        return Picture(name, title, caption, float(figure.get_figwidth()), files, figure)


def _encoded(figure: Figure, format: str) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=format, metadata=METADATA[format])
    return file.getvalue()


def text_width(figure: Figure, texts: Sequence[str], size: float) -> float:
    """The width in inches of the widest of the texts."""
    canvas = FigureCanvasAgg(figure)
    widths = [0.0]
    for text in texts:
        drawn = figure.text(0, 0, text, size=size)
        widths.append(drawn.get_window_extent(canvas.get_renderer()).width / figure.dpi)
        drawn.remove()
    return max(widths)
