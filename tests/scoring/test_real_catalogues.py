"""Published catalogues as they are: what they give is what a converter of one's own gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.command import done_well
from tests.conftest import SHARED_DATA
from zoocli.schema import Schema, load_schema

FERENGI = SHARED_DATA / "gz-hubble-ferengi.csv.gz"

pytestmark = pytest.mark.skipif(not FERENGI.exists(), reason="the shared data are not here")


def predictions_for(ids: pd.Series, schema: Schema, file: Path) -> Path:
    """Made-up concentrations for these ids, in another order."""
    random = np.random.default_rng(8)
    table = pd.DataFrame({ids.name: random.permutation(ids.to_numpy())})
    for answer in schema.label_cols:
        table[answer] = 1 + 100 * random.random(len(ids)) ** 3
    table.to_csv(file, index=False)
    return file


def summary_of(*arguments: object) -> dict[str, object]:
    content: dict[str, object] = json.loads(
        done_well("score", *arguments, "--summary", "-", "-q").out
    )
    return content


def test_fractions_and_totals_are_the_counts_that_a_converter_makes(tmp_path: Path) -> None:
    schema = load_schema("gz-hubble-ortho")
    catalogue = schema.catalogues["gz-hubble-ferengi"]
    published = pd.read_csv(FERENGI)
    converted = published[["subject_id"]].copy()
    for question in schema.questions:
        total = published[f"{catalogue.columns[question.name]}_count"]
        for answer in question.answers:
            fraction = published[f"{catalogue.columns[answer.name]}_frac"]
            votes = fraction.fillna(0) * total
            assert (np.abs(votes - votes.round()) < 1e-3).all()
            converted[answer.name] = votes.round().astype(int)
    assert converted.iloc[:, 1:].to_numpy().sum() > 300_000
    converted.to_csv(tmp_path / "counts.csv", index=False)
    predictions = predictions_for(published["subject_id"], schema, tmp_path / "predictions.csv")
    found = summary_of(predictions, FERENGI)
    expected = summary_of(predictions, tmp_path / "counts.csv", "-s", "gz-hubble-ortho")
    assert found["schema"] == "gz-hubble-ortho"
    assert found["matching"]["matched"] == len(published) == 8_306  # type: ignore[index]
    for part in ("overall", "questions"):
        assert found[part] == expected[part]
