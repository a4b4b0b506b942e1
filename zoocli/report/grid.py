"""Tables of text, for a terminal, Markdown or LaTeX."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

from zoocli.errors import harmless

UNLIMITED = 100_000
NARROWEST_NAME = 16
GAP = 3  # between two columns
INTERVAL = "95 %"  # the heading of the interval of the column before it


@dataclass(frozen=True)
class Grid:
    """Sections of rows under one header; the first column has names, the others numbers.

    The `title` is above the table, the lines of `footer` below. Cells are plain text: each format
    escapes them. `optional`: the columns that a narrow terminal leaves out, the first of them
    first.
    """

    title: str
    header: Sequence[str]
    sections: Sequence[Sequence[Sequence[str]]]
    footer: Sequence[str]
    optional: Sequence[int] = ()

    def fitted(self, width: int) -> Grid:
        """Without as many optional columns as it takes to fit; the footer names them.

        >>> grid = Grid("", ["", "loss", "N"], [[["bar", "1.5", "70"]]], [], optional=[2])
        >>> grid.fitted(12).header, grid.fitted(12).footer
        (['', 'loss'], ['Left out for the width (--wide shows it): N.'])
        """
        lengths = [
            max(len(harmless(cell)) for cell in column)
            for column in zip(self.header, *self.rows, strict=True)
        ]
        left_out: set[int] = set()
        for column in self.optional:
            kept = [length for place, length in enumerate(lengths) if place not in left_out]
            if sum(kept) + GAP * (len(kept) - 1) <= width:
                break
            left_out.add(column)
        if not left_out:
            return self

        def chosen(cells: Sequence[str]) -> list[str]:
            return [cell for place, cell in enumerate(cells) if place not in left_out]

        names = ", ".join(self._heading(place) for place in sorted(left_out))
        return replace(
            self,
            header=chosen(self.header),
            sections=[[chosen(row) for row in section] for section in self.sections],
            footer=[f"Left out for the width (--wide shows it): {names}.", *self.footer],
            optional=(),
        )

    def _heading(self, place: int) -> str:
        """What a column is called in words: an interval is that of the column before it."""
        name = self.header[place]
        return f"{name} of {self.header[place - 1]}" if name == INTERVAL else name

    @property
    def rows(self) -> list[Sequence[str]]:
        """All rows, one section after the other."""
        return [row for section in self.sections for row in section]


def render_grids(grids: Iterable[Grid], format: str, stream: TextIO | None) -> str:
    """The grids, one after the other.

    As "markdown", as "latex", as "html", or else as tables for `stream`.
    """
    if format == "html":
        return "\n".join(map(to_html, grids))
    if format == "markdown":
        return "\n".join(map(to_markdown, grids))
    if format == "latex":
        return "\n".join(map(to_latex, grids))
    return "\n".join(to_terminal(grid, stream) for grid in grids)


def to_terminal(grid: Grid, stream: TextIO | None) -> str:
    """Text for `stream`: in colour and within the width of a terminal, plain elsewhere.

    On a narrow terminal names are wrapped; nothing is cut off.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream or io.StringIO(), highlight=False)
    if console.is_terminal:
        grid = grid.fitted(console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for position, name in enumerate(grid.header):
        table.add_column(
            Text(harmless(name)),
            justify="right" if position else "left",
            style="" if position else "bold",
            no_wrap=position > 0,
            overflow="fold",
        )
    for section in grid.sections:
        for row in section:
            table.add_row(*(Text(harmless(cell)) for cell in row))
        table.add_section()
    measured = Console(width=UNLIMITED).measure(table).maximum
    if console.is_terminal:
        names = max(len(harmless(row[0])) for row in grid.rows)
        console.width = max(console.width, measured - max(names - NARROWEST_NAME, 0))
    else:
        console.width = measured
    with console.capture() as capture:
        console.print(Text(harmless(grid.title), style="bold"), soft_wrap=True)
        console.print()
        console.print(table)
        console.print()
        for line in grid.footer:
            console.print(Text(harmless(line), style="dim"), soft_wrap=True)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def to_markdown(grid: Grid) -> str:
    r"""A table for GitHub and pandoc.

    >>> print(to_markdown(Grid("", ["", "N"], [[["a|b", "7"]]], [])), end="")
    |  | N |
    | --- | ---: |
    | a\|b | 7 |
    """
    lines = [_markdown(grid.title), ""] if grid.title else []
    lines.append(_markdown_row(grid.header))
    lines.append("| --- |" + " ---: |" * (len(grid.header) - 1))
    lines += [_markdown_row(row) for row in grid.rows]
    for line in grid.footer:
        lines += ["", _markdown(line)]
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_markdown, cells)) + " |"


def _markdown(text: str) -> str:
    """Escapes special characters; an underscore within a word is none."""
    return re.sub(r"[\\`*\[\]<>|&~$#]|(?<!\w)_|_(?!\w)", r"\\\g<0>", harmless(text))


def to_html(grid: Grid) -> str:
    """A table without styles of its own but for how cells are aligned.

    >>> print(to_html(Grid("a < b", ["", "N"], [[["  c", "7"]]], ["Yes."])), end="")
    <table>
    <caption>a &lt; b</caption>
    <thead><tr><th></th><th>N</th></tr></thead>
    <tbody>
    <tr><td style="text-align: left; white-space: pre">  c</td><td>7</td></tr>
    </tbody>
    </table>
    <p>Yes.</p>
    """
    lines = ["<table>", f"<caption>{_html(grid.title)}</caption>"]
    lines.append(
        f"<thead><tr>{''.join(f'<th>{_html(cell)}</th>' for cell in grid.header)}</tr></thead>"
    )
    for section in grid.sections:
        rows = [_html_row(row) for row in section]
        lines += ["<tbody>", *rows, "</tbody>"]
    lines.append("</table>")
    return "\n".join([*lines, *(f"<p>{_html(line)}</p>" for line in grid.footer)]) + "\n"


def _html_row(cells: Sequence[str]) -> str:
    name, *numbers = map(_html, cells)
    first = f'<td style="text-align: left; white-space: pre">{name}</td>'
    return f"<tr>{first}{''.join(f'<td>{cell}</td>' for cell in numbers)}</tr>"


def _html(text: str) -> str:
    return html.escape(harmless(text))


LATEX = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "--": "-{}-",
    ",": "{,}",
} | {character: f"\\{character}" for character in "#$%&_{}"}


def to_latex(grid: Grid) -> str:
    r"""A tabular with booktabs rules; title and footer are comments.

    >>> print(to_latex(Grid("50%", ["", "N"], [[["a_b", "7"]]], [])), end="")
    % 50%
    % Needs \usepackage{booktabs}
    \begin{tabular}{lr}
    \toprule
     & N \\
    \midrule
    a\_b & 7 \\
    \bottomrule
    \end{tabular}
    """
    lines = [f"% {harmless(line)}" for line in (grid.title, *grid.footer)]
    lines += [
        r"% Needs \usepackage{booktabs}",
        rf"\begin{{tabular}}{{l{'r' * (len(grid.header) - 1)}}}",
        r"\toprule",
        _latex_row(grid.header),
    ]
    for section in grid.sections:
        lines += [r"\midrule", *map(_latex_row, section)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(_latex(cell) for cell in cells) + r" \\"


def _latex(text: str) -> str:
    if text == "-":
        return "--"
    text = re.sub(r"[\\^~<>|\"#$%&_{},]|--", lambda found: LATEX[found[0]], harmless(text))
    # LaTeX would read a bracket as an option of the line break before it.
    return f"{{{text}}}" if text.startswith("[") else text
