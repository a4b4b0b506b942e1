"""The pages of several models in a real browser: of a ranking, and of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import zoocli
from tests import browser as browsers
from tests.browser import Visit, assert_whole
from zoocli.report.figures import models
from zoocli.report.html import render_models
from zoocli.report.html.models import ModelsContent, comparison_content, ranking_content

EVIL = "<script>alert(1)</script> $x_1$"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsers.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of nine models, one of which has a name that tries to be more than text."""
    folder = tmp_path_factory.mktemp("models")
    tree = zoocli.Schema(
        {"bar": ["_yes", "_no"], "q & a": ["_x", "_y"]}, {"bar": None, "q & a": None}, "small"
    )
    random = np.random.default_rng(2)
    ids = {"id_str": [f"g{number}" for number in range(80)]}
    truth = {name: 1 + 30 * random.random(80) for name in tree.label_cols}
    votes = pd.DataFrame(ids | {name: random.poisson(k / 3) for name, k in truth.items()})
    tables = {
        name: pd.DataFrame(
            ids | {answer: a * np.exp(blur * random.normal(size=80)) for answer, a in truth.items()}
        )
        for name, blur in [(EVIL, 0.2), *((f"model {n}", n / 30) for n in range(8))]
    }
    ranking = zoocli.rank(tables, votes, tree)
    scores = []
    for number, table in enumerate([*tables.values()][:4]):
        scores.append(folder / f"<b>{number}.parquet")
        zoocli.score(table, votes, tree, output=scores[-1])
    comparison = zoocli.compare(*scores)

    def save(name: str, content: ModelsContent, pictures: Any) -> Path:
        file = folder / name
        file.write_text(render_models(content, list(pictures)), encoding="utf-8")
        return file

    ranked = ranking_content(ranking, "report.html")
    compared = comparison_content(comparison)
    return {
        "ranking": save("ranking.html", ranked, models.of_ranking(ranking, ("svg",))),
        "comparison": save("comparison.html", compared, models.of_comparison(comparison, ("svg",))),
    }


@pytest.mark.parametrize("width", [1280, 390])
def test_everything_is_seen_and_hostile_names_are_text(browser, pages, width) -> None:
    visit = Visit(browser, pages["ranking"], width)
    assert_whole(visit, width)
    assert visit.page.locator("figure").count() == 4
    assert visit.page.locator("#table-models tbody th").count() == 9
    assert visit.page.locator("#table-models tbody th").get_by_text(EVIL, exact=True).count() == 1
    assert visit.page.locator("script").count() == 1
    links = visit.page.locator("#summary a").evaluate_all("all => all.map(a => a.href)")
    assert len(links) == 9 and all("<" not in link for link in links)
    visit.page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_comparison_has_a_table_for_each_system(browser, pages, width) -> None:
    visit = Visit(browser, pages["comparison"], width)
    assert_whole(visit, width)
    assert visit.page.locator("table.sortable").count() == 3
    assert visit.page.locator("figure").count() == 1
    visit.page.close()
