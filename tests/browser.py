"""A real browser without a window, and what a page did in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program() -> str:
    """The browser; where there is none, a test fails in continuous integration, else is skipped."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("there is no chromium: apt-get install chromium")
    return str(found)


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page that was opened: `said` on the console, `asked` for over the network, `dialogs`."""

    def __init__(self, browser: Any, file: Path, width: int, dark: bool = False) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        scheme = "dark" if dark else "light"
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.route("**/*", self._allow_only(file.as_uri()))
        self.page.goto(file.as_uri())

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _allow_only(self, address: str) -> Any:
        def handle(route: Any) -> None:
            if route.request.url == address:
                route.continue_()
            else:
                self.asked.append(route.request.url)
                route.abort()

        return handle

    def column(self, table: str, column: int) -> list[str]:
        """The cells' texts, without their intervals, of the rows that can be sorted."""
        rows = self.page.locator(f"#{table} tbody.sorted tr")
        script = "(rows, n) => rows.map((row) => row.cells[n].firstChild.textContent.trim())"
        return list(rows.evaluate_all(script, column))


def assert_whole(visit: Visit, width: int) -> None:
    """No complaint, no request, nothing wider than the page, every table and figure to be seen."""
    assert (visit.said, visit.asked, visit.dialogs) == ([], [], [])
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = visit.page.locator("table, figure, figure svg, .headlines > div, h2").evaluate_all(
        """parts => parts.map(part => {
            const box = part.getBoundingClientRect();
            return [part.checkVisibility(), box.width, box.height];
        })"""
    )
    assert len(boxes) > 5
    assert all(visible and wide > 30 and high > 8 for visible, wide, high in boxes)
    ends = visit.page.locator("figure svg, .scroll").evaluate_all(
        "parts => parts.map(part => part.getBoundingClientRect()).map(b => [b.left, b.right])"
    )
    assert all(left >= 0 and right <= width for left, right in ends)
