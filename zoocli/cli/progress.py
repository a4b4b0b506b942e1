"""Progress of a run: a bar on a terminal, one line per minute elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Protocol

from zoocli.cli.messages import say

SECONDS_BETWEEN_LINES = 60.0


class Update(Protocol):
    """Takes the rows done, their total (None: not known), and a text about the parts."""

    def __call__(self, rows: int, of: int | None, parts: str = "") -> None:
        """Shows them."""


@contextlib.contextmanager
def progress_bar(quiet: bool, unit: str = "galaxies") -> Iterator[Update]:
    """Yields a function to call with the rows done."""
    if quiet:
        yield lambda rows, of, parts="": None
    elif sys.stderr.isatty():
        with _bar(unit) as update:
            yield update
    else:
        yield _lines(unit)


@contextlib.contextmanager
def _bar(unit: str) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(f"{{task.completed:,.0f}} {unit}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rate]}{task.fields[parts]}"),
        TimeRemainingColumn(),
    )
    start = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring", total=None, rate="", parts="")

        def update(rows: int, of: int | None, parts: str = "") -> None:
            rate = rows / max(time.monotonic() - start, 1e-9)
            progress.update(task, completed=rows, total=of, rate=f"{rate:,.0f}/s", parts=parts)

        yield update


def _lines(unit: str) -> Update:
    start = last = time.monotonic()

    def update(rows: int, of: int | None, parts: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            total = "" if of is None else f" of {of:,} ({rows / of:.0%})"
            say(f"zoocli: {rows:,} {unit}{total}{parts} in {now - start:,.0f} s")

    return update
