"""The pages are true: their commands run and print what they show; README names every command."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELLIPSIS = "..."


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a console block with the output that is shown under it."""
    parts = re.split(r"^\$ ", block, flags=re.M)[1:]
    return [tuple(part.partition("\n")[::2]) for part in parts]


def same(printed: str, expected: str) -> bool:
    """The same text, or the same number: another processor may round its last digit otherwise."""
    try:
        return math.isclose(float(printed), float(expected), rel_tol=1e-12)
    except ValueError:
        return printed.rstrip() == expected.rstrip()


@pytest.fixture
def shell(tmp_path):
    """Runs a line as a shell does, in one folder for the whole page."""
    folder = tmp_path
    (folder / "sample_data").symlink_to(ROOT / "sample_data")
    programs = folder / "bin"
    programs.mkdir()
    for name, options in (("zoocli", "-m zoocli"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {options} "$@"\n')
        program.chmod(0o755)

    def run(line: str) -> str:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=folder,
            env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout

    return run


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run_and_print_what_is_shown(page, shell):
    shown_anything = False
    for block in blocks(page, "console"):
        for line, shown in commands(block):
            if "jq" in line and shutil.which("jq") is None:
                line = line.partition("| jq")[0]
                shell(line)
                continue
            printed = shell(line).splitlines()
            for number, expected in enumerate(shown.splitlines()):
                if expected == ELLIPSIS:
                    break
                assert same(printed[number], expected), line
                shown_anything = True
    assert shown_anything or not blocks(page, "console")
    for block in blocks(page, "python"):
        shell(f"python - <<'END'\n{block}\nEND")


def test_every_command_is_named():
    from zoocli.cli import COMMANDS

    for name in COMMANDS:
        assert f"zoocli {name}" in README


def anchors(page: Path) -> set[str]:
    """What links into a page may point to: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text())
    assert links or page.name != "README.md"
    for link in links:
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("*.md")), *PAGES[1:]])
def test_pages_are_whole_lines(page: Path):
    assert page.read_text().endswith("\n")
