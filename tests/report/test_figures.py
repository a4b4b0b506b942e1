"""Figures: what they show, that all of it fits, and that they are the same every time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from tests.conftest import ROOT
from tests.evaluations import evaluation_of, galaxies_of, simulated, sums_of
from zoocli.evaluating.reliability import ReliabilityCurve
from zoocli.report.figures import NAMES, draw_evaluation
from zoocli.report.figures import picture as pictures
from zoocli.report.figures.calibration import _curve
from zoocli.report.figures.confusion import _draw as draw_confusion
from zoocli.report.figures.confusion import file_names
from zoocli.report.figures.intervals import Interval, interval_rows
from zoocli.report.figures.layout import figure_of
from zoocli.report.figures.style import drawing
from zoocli.runs.options.rules import Rules
from zoocli.schema import Schema

LONG = "does-this-galaxy-have-a-bar-through-its-centre-or-is-there-no-sign-of-one-at-all"
HOSTILE = Schema(
    {"cost $x_1$ & $y^2$": ["_<b>", "_50%"], LONG: [f"_{LONG}", "_no"], "棒": ["_有", "_無"]},
    {"cost $x_1$ & $y^2$": None, LONG: None, "棒": None},
    "hostile",
)


def hostile(votes: bool = True) -> Any:
    random = np.random.default_rng(0)
    shape = (6, 40)
    counts = random.integers(0, 30, shape) * votes
    return evaluation_of(
        sums_of(galaxies_of(HOSTILE, 1 + 9 * random.random((1, *shape)), counts)), HOSTILE
    )


def small() -> Any:
    galaxies = simulated()
    return evaluation_of(sums_of(galaxies), galaxies.schema)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures themselves; nothing is encoded."""
    figures: list[Any] = []

    def keep(figure: Any, format: str) -> bytes:
        figures.append(figure)
        check_that_text_fits(figure)
        return b""

    monkeypatch.setattr(pictures, "_encoded", keep)
    return figures


def check_that_text_fits(figure: Any) -> None:
    """All text lies within the figure, is large enough, and no two labels of an axis overlap."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    width, height = figure.bbox.size
    hidden: set[Any] = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        shown = [
            tick for tick in ticks if low <= tick.get_loc() <= high and tick.label1.get_visible()
        ]
        hidden |= {label for tick in ticks for label in (tick.label1, tick.label2)}
        hidden -= {tick.label1 for tick in shown}
        boxes = [
            tick.label1.get_window_extent(renderer) for tick in shown if tick.label1.get_text()
        ]
        assert not any(one.overlaps(other) for one, other in pairwise(boxes)), axis.get_label()
    for text in figure.findobj(Text):
        if text not in hidden and text.get_visible() and text.get_text():
            box = text.get_window_extent(renderer)
            assert box.x0 > -1 and box.y0 > -1, text
            assert box.x1 < width + 1 and box.y1 < height + 1, text
            assert text.get_fontsize() >= 6


def texts(figure: Any) -> set[str]:
    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.parametrize("make", [small, hostile])
def test_everything_fits(make, drawn):
    evaluation = make()
    found = list(draw_evaluation(evaluation, ("png",)))
    assert len(found) == len(drawn) == 8 + 3
    for figure in drawn:
        assert all(axes.has_data() for axes in figure.axes)
    assert {"mean loss (nats per galaxy)", "N"} <= texts(drawn[0])
    counted = evaluation.by_name[evaluation.schema.questions[0].name, None, "rmse"].N
    for figure in drawn[3:9]:
        assert any(f"N = {counted:,}" in text for text in texts(figure))


def test_without_votes_there_is_no_empty_panel(drawn):
    list(draw_evaluation(hostile(votes=False), ("png",)))
    for figure in drawn[3:]:
        assert "no galaxies\nwith votes" in texts(figure)


def test_when_no_galaxy_counts(drawn):
    galaxies = simulated()
    sums = sums_of(galaxies, Rules(min_votes=10_000))
    list(draw_evaluation(evaluation_of(sums, galaxies.schema), ("png",)))
    assert len(drawn) == 11


def test_names_are_no_formulas(drawn, monkeypatch):
    def refuse(*arguments: object) -> None:
        raise AssertionError("mathtext")

    monkeypatch.setattr("matplotlib.mathtext.MathTextParser.parse", refuse)
    list(draw_evaluation(hostile(), ("png",)))
    assert "cost $x_1$ & $y^2$" in texts(drawn[0])


def test_nothing_global_is_changed(drawn):
    before = dict(matplotlib.rcParams)
    list(draw_evaluation(small(), ("png",)))
    assert dict(matplotlib.rcParams) == before


def test_the_user_s_own_style_changes_nothing():
    def rows() -> Any:
        return interval_rows(["a"], [("", [Interval(1.0, 0.5, 2.0, 7)])], "nats")

    before = pictures.picture("x", "", "", rows, ("svg",)).files
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "text.usetex": True}):
        assert pictures.picture("x", "", "", rows, ("svg",)).files == before


def test_the_same_bytes_every_time(tmp_path):
    """In other processes too, whose hashes of texts differ; and no date stands in the files."""
    code = """
import hashlib, sys
import numpy as np
from zoocli.report.figures.confusion import _draw
from zoocli.report.figures.intervals import Interval, interval_rows
from zoocli.report.figures.picture import picture
rows = lambda: interval_rows(["bar", "arms"], [("", [Interval(1.0, 0.5, 2.0, 7)] * 2)], "nats")
cells = lambda: _draw("bar", ["yes", "no"], np.array([[3, 1], [0, 2]]), ("predicted", "voted"))
for draw in (rows, cells):
    for format, content in picture("x", "", "", draw, ("pdf", "png", "svg")).files.items():
        assert b"Date" not in content and b"matplotlib v" not in content.lower(), format
        print(format, hashlib.sha256(content).hexdigest())
assert "matplotlib.pyplot" not in sys.modules
"""
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1] and printed[0].count("\n") == 3 * 2


def test_dots_and_bars_are_the_numbers():
    intervals = [Interval(3.0, 2.5, 3.75, 1200), Interval(None, None, None, 0)]
    with drawing("test"):
        (axes,) = interval_rows(["bar", "arms"], [("", intervals)], "nats").axes
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [3.0, np.nan])
    np.testing.assert_array_equal(axes.collections[0].get_segments()[0], [[2.5, 0], [3.75, 0]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bar", "arms"]
    assert {text.get_text() for text in axes.texts} == {"N", "1,200", "0"}
    assert axes.get_ylim() == (1.5, -0.5)  # the first on top


def test_cells_are_shares_of_their_row():
    matrix = np.array([[3, 1], [0, 0]])
    with drawing("test"):
        (axes,) = draw_confusion("bar", ["yes", "no"], matrix, ("predicted", "voted")).axes
    assert [(text.get_position(), text.get_text()) for text in axes.texts] == [
        ((0, 0), "75"),
        ((1, 0), "25"),
    ]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["yes\n(4)", "no\n(0)"]
    image = axes.images[0].get_array()
    np.testing.assert_array_equal(image.filled(-1), [[0.75, 0.25], [-1, -1]])


def test_reliability_is_observed_against_predicted():
    curve = ReliabilityCurve(
        np.array([0.2, 0.8]), np.array([0.3, 0.7]), np.array([0.1, np.nan]), np.array([5, 1])
    )
    with drawing("test"):
        axes = figure_of(2.0).add_subplot()
        _curve(axes, curve)
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[0.2, 0.3], [0.8, 0.7]])


def test_the_density_has_predicted_along_and_observed_up(drawn):
    evaluation = small()
    list(draw_evaluation(evaluation, ("png",)))
    question = evaluation.schema.questions[0]
    expected = sum(evaluation.densities()[answer.name] for answer in question.answers)
    shown = drawn[3].axes[0].images[0].get_array().filled(0)
    np.testing.assert_array_equal(shown, expected.T)  # rows of an image go up


def test_svgs_of_one_page_share_no_ids():
    found = list(draw_evaluation(small(), ("svg",)))
    ids = [re.findall(r'\bid="([^"]+)"', one.svg) for one in found]
    assert sum(map(len, ids)) == len(set().union(*ids))
    for one, own in zip(found, ids, strict=True):
        used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', one.svg)
        assert used and {first or second for first, second in used} <= set(own)
        assert one.svg.startswith("<svg ") and "<!--" not in one.svg


def test_file_names_are_those_that_a_directory_may_hold():
    from fnmatch import fnmatchcase

    names = file_names(["a", "A", "../b", "b/", "x" * 300, "棒", "木"])
    assert len({name.lower() for name in names}) == 7
    for name in names:
        assert "/" not in name and len(name) < 80
        assert any(fnmatchcase(f"confusion-{name}", pattern) for pattern in NAMES)
