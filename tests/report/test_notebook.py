"""Results at a prompt and in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

import zoocli
from tests.conftest import ROOT

SAMPLE = ROOT / "sample_data"
TABLES = (SAMPLE / "predictions.parquet", SAMPLE / "votes.parquet")
pytestmark = pytest.mark.filterwarnings("ignore::zoocli.errors.ZoocliWarning")

RESULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "summary": (
        lambda: zoocli.summarize(zoocli.score(*TABLES)),
        "<Summary: dirichlet of decals-dr5-ortho, 380 galaxies, mean loss 23.25>",
    ),
    "evaluation": (
        lambda: zoocli.evaluate(*TABLES),
        "<TreeEvaluation: dirichlet of decals-dr5-ortho, 380 galaxies, mean loss 23.25>",
    ),
    "classes": (
        lambda: zoocli.evaluate(
            SAMPLE / "class-predictions.csv",
            SAMPLE / "class-labels.csv",
            loss="ce",
            scale="logits",
        ),
        "<ClassEvaluation: cross-entropy, ",
    ),
    "ranking": (
        lambda: zoocli.rank({"one": TABLES[0], "other": TABLES[0]}, TABLES[1]),
        "<Ranking: 'one', 'other', 380 galaxies>",
    ),
    "comparison": (
        lambda: zoocli.compare(zoocli.score(*TABLES), zoocli.score(*TABLES)),
        "<Comparison: ",
    ),
    "binned": (
        lambda: zoocli.summarize_by(zoocli.score(*TABLES), "bar-dr5_total-votes:2"),
        "<BinnedSummary: dirichlet of decals-dr5-ortho, 380 galaxies, mean loss 23.25, by bar-dr5",
    ),
    "galaxy": (
        lambda: zoocli.show("300000_617", *TABLES),
        "<ShownGalaxy: 300000_617, loss 22.47>",
    ),
}


class Cells(HTMLParser):
    """Reads the tables; every element that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_displayed(name: str) -> None:
    make, line = RESULTS[name]
    result = make()
    assert repr(result).startswith(line) and len(repr(result)) < 200
    reader = Cells()
    reader.feed(result._repr_html_())
    reader.close()
    assert not reader.open and len(reader.cells) > 5


def test_names_are_only_text() -> None:
    ids = [f"g{number}" for number in range(10)]
    hostile = "<script>alert(1)</script>"
    tables = (
        pd.DataFrame({"id": ids, "a": [1.0] * 10, hostile: [2.0] * 10}),
        pd.DataFrame({"id": ids, "label": ["a"] * 10}),
    )
    found = zoocli.evaluate(*tables, loss="ce", scale="logits")
    assert "<script" not in found._repr_html_() and "&lt;script&gt;" in found._repr_html_()
