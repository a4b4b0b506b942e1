"""The documentation as a site: built strictly, whole, and what a browser makes of it."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import zoocli
from tests.browser import chromium
from tests.conftest import ROOT
from zoocli.cli import COMMANDS

pytest.importorskip("material")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without a network: any address but this machine's would be an error."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Silent, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_command_and_public_name_is_there(site: Path) -> None:
    commands = (site / "reference" / "commands.html").read_text()
    for name in COMMANDS:
        assert f"zoocli {name}" in commands
    names = (site / "reference" / "python.html").read_text()
    for name, home in zoocli._HOMES.items():
        if home != "tables.sources":  # types of arguments
            assert f'id="zoocli.{home}.{name}"' in names


def test_in_a_browser(site: Path, address: str) -> None:
    """No page asks for anything elsewhere, says anything on the console, or is too wide."""
    pages = sorted(str(page.relative_to(site)) for page in site.rglob("*.html"))
    assert len(pages) > 25
    with chromium() as browser:
        for width in (1280, 390):
            view = browser.new_page(viewport={"width": width, "height": 900})
            said: list[str] = []
            asked: list[str] = []
            view.on("console", lambda message, said=said: said.append(message.text))
            view.on("request", lambda request, asked=asked: asked.append(request.url))
            for page in pages:
                view.goto(f"{address}/{page}")
                wide = view.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (page, wide)
            assert not said
            assert all(one.startswith(address) for one in asked)


def test_the_search_finds(address: str) -> None:
    with chromium() as browser:
        view = browser.new_page()
        view.goto(f"{address}/index.html")
        view.click(".md-search__input")
        view.keyboard.type("climatology", delay=20)
        view.wait_for_selector(".md-search-result__item", timeout=15_000)
        assert "climatology" in view.inner_text(".md-search-result__list").lower()
