"""How far a run has come: a bar on a terminal, one line a minute elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from zoocli.cli.messages import say

SECONDS_BETWEEN_LINES = 60.0


@contextlib.contextmanager
def progress_bar(
    quiet: bool, unit: str = "galaxies"
) -> Iterator[Callable[[int, int | None], None]]:
    """Gives a function to call with the rows done, and of how many (None: not known)."""
    if quiet:
        yield lambda rows, of: None
    elif sys.stderr.isatty():
        with _bar(unit) as update:
            yield update
    else:
        yield _lines(unit)


@contextlib.contextmanager
def _bar(unit: str) -> Iterator[Callable[[int, int | None], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(f"{{task.completed:,.0f}} {unit}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    start = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring", total=None, rate="")

        def update(rows: int, of: int | None) -> None:
            rate = rows / max(time.monotonic() - start, 1e-9)
            progress.update(task, completed=rows, total=of, rate=f"{rate:,.0f}/s")

        yield update


def _lines(unit: str) -> Callable[[int, int | None], None]:
    start = last = time.monotonic()

    def update(rows: int, of: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            total = "" if of is None else f" of {of:,} ({rows / of:.0%})"
            say(f"zoocli: {rows:,} {unit}{total} in {now - start:,.0f} s")

    return update
