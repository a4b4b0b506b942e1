"""report.html in a real browser, at the width of a desk and of a hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import zoocli
from tests import browser as browsers
from tests.browser import Visit, assert_whole
from tests.conftest import ROOT
from zoocli.report.figures import draw_evaluation
from zoocli.report.html import render_report

EVIL = "<script>alert(1)</script>"
IDS = [EVIL, '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}", "a&amp;b", "$x_1$"]
SAMPLE = ROOT / "sample_data"
WIDTHS = (1280, 390)


def save(evaluation: zoocli.Evaluation, file: Path) -> Path:
    pictures = list(draw_evaluation(evaluation, ("svg",)))
    file.write_text(render_report(evaluation, pictures), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsers.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample data."""
    with pytest.warns(zoocli.ZoocliWarning):
        evaluation = zoocli.evaluate(
            SAMPLE / "predictions-blur-0.3.parquet",
            SAMPLE / "votes.parquet",
            link="https://example.org/?name={id}",
        )
    return save(evaluation, tmp_path_factory.mktemp("sample") / "report.html")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose ids, question, answers and citation try to be more than text."""
    tree = zoocli.Schema(
        {EVIL: ["_</style><b>", "_$a_b$"], "q & a": ["_x", "_y"]},
        {EVIL: None, "q & a": None},
        "evil",
        title=EVIL,
        citation='"><script>alert(3)</script>',
    )
    random = np.random.default_rng(1)
    answers = tree.label_cols
    ids = {"id": IDS}
    predictions = pd.DataFrame(ids | {name: 1 + random.random(len(IDS)) for name in answers})
    votes = pd.DataFrame(ids | {name: random.integers(1, 9, len(IDS)) for name in answers})
    evaluation = zoocli.evaluate(predictions, votes, tree, link="https://example.org/{id}")
    return save(evaluation, tmp_path_factory.mktemp("evil") / "report.html")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Reports of classes and of values."""
    folder = tmp_path_factory.mktemp("plain")
    files = []
    for kind, loss in (("class", "ce"), ("value", "mse")):
        options = {"scale": "logits"} if loss == "ce" else {}
        with pytest.warns(zoocli.ZoocliWarning):
            evaluation = zoocli.evaluate(
                SAMPLE / f"{kind}-predictions.csv",
                SAMPLE / f"{kind}-labels.csv",
                loss=loss,
                **options,
            )
        files.append(save(evaluation, folder / f"{kind}.html"))
    return files


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_is_seen_and_nothing_is_asked_for(browser, sample, width):
    visit = Visit(browser, sample, width)
    assert_whole(visit, width)
    assert visit.page.locator("figure").count() == 8 + 10
    assert visit.page.locator("table").count() == 5
    visit.page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_reports_of_classes_and_values(browser, plain, width):
    for file in plain:
        visit = Visit(browser, file, width)
        assert_whole(visit, width)
        assert visit.page.locator("#worst").count() == 0
        visit.page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_text_is_shown_as_text(browser, evil, width):
    visit = Visit(browser, evil, width)
    assert_whole(visit, width)
    for text in IDS:
        assert visit.page.locator("#table-worst tbody th").get_by_text(text, exact=True).count()
    assert visit.page.locator("h1 ~ p").nth(1).inner_text().count("<script>") == 2
    assert EVIL in visit.page.locator("#table-questions").inner_text()
    assert visit.page.locator("script").count() == 1
    assert visit.page.locator("img, iframe, object, embed, link[rel=stylesheet]").count() == 0
    hrefs = visit.page.locator("#table-worst a").evaluate_all("all => all.map(a => a.href)")
    assert len(hrefs) == len(IDS) and all(
        a.startswith("https://example.org/%") or a == "https://example.org/a%26amp%3Bb"
        for a in hrefs
    )
    visit.page.close()


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace(",", "")) for text in texts]


def test_rows_sort_by_click(browser, sample):
    visit = Visit(browser, sample, 1280)
    head = visit.page.locator("#table-questions thead th").nth(1)
    first = visit.page.locator("#table-questions tbody.fixed th").all_inner_texts()
    head.get_by_role("button").click()
    losses = numbers(visit.column("table-questions", 1))
    assert losses == sorted(losses) and len(losses) == 10
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert numbers(visit.column("table-questions", 1)) == losses[::-1]
    assert head.get_attribute("aria-sort") == "descending"
    assert visit.page.locator("#table-questions tbody.fixed th").all_inner_texts() == first
    visit.page.locator("#table-questions thead button").first.click()
    names = visit.column("table-questions", 0)
    assert names == sorted(names) and head.get_attribute("aria-sort") is None
    visit.page.close()


def test_rows_sort_by_keyboard(browser, sample):
    visit = Visit(browser, sample, 390)
    visit.page.locator("#table-worst thead button").nth(2).focus()
    visit.page.keyboard.press("Enter")
    losses = numbers(visit.column("table-worst", 2))
    assert losses == sorted(losses) and len(losses) == 20
    visit.page.keyboard.press("Space")
    assert numbers(visit.column("table-worst", 2)) == losses[::-1]
    visit.page.close()


def test_what_is_absent_is_sorted_last(browser, evil):
    visit = Visit(browser, evil, 1280)
    buttons = visit.page.locator("#table-answers thead button").all()
    place = next(at for at, one in enumerate(buttons) if "volunteers" in one.inner_text())
    for _ in range(2):  # ascending, descending
        buttons[place].click()
        shown = visit.column("table-answers", place)
        absent = sum(cell.startswith("-") and not cell[1:2].isdigit() for cell in shown)
        assert absent and all(cell[:1] != "-" for cell in shown[: len(shown) - absent])
    assert visit.said == []
    visit.page.close()


def luminance(colour: str) -> float:
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return (0.3 * red + 0.6 * green + 0.1 * blue) / 255


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark(browser, sample, dark):
    visit = Visit(browser, sample, 1280, dark)
    style = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    ink, page = visit.page.locator("body").evaluate(style)
    assert (luminance(ink) > luminance(page)) == dark
    assert abs(luminance(ink) - luminance(page)) > 0.6
    _, card = visit.page.locator(".card").first.evaluate(style)
    assert luminance(card) == pytest.approx(1.0)  # figures are drawn for white paper
    visit.page.close()


def test_it_can_be_printed(browser, sample):
    visit = Visit(browser, sample, 1280)
    visit.page.emulate_media(media="print")
    assert not visit.page.locator("nav").is_visible()
    assert visit.page.locator(".scroll").first.evaluate("e => getComputedStyle(e).overflowX") == (
        "visible"
    )
    assert visit.page.pdf(format="A4").startswith(b"%PDF")
    visit.page.close()


def test_the_summary_says_how_it_was_made(browser, sample):
    visit = Visit(browser, sample, 1280)
    summary = visit.page.locator("#summary").inner_text()
    assert "loss:dirichlet|schema:decals-dr5-ortho@" in summary and "N = 380" in summary
    made = visit.page.locator("#made").inner_text()
    assert "profile zoobot" in made and "votes_fingerprint" in made and "MNRAS 509" in made
    account = visit.page.locator("#table-account").inner_text()
    assert re.search(r"rows of the predictions without votes\s+20", account)
    visit.page.close()


def test_without_a_browser(monkeypatch):
    monkeypatch.setattr(browsers, "PROGRAMS", ())
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="chromium"):
        browsers.program()
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="chromium"):
        browsers.program()
