"""Small scores tables, as `zoocli score` writes them, for the tests that read them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

QUESTIONS = ("smooth-dr5", "bar-dr5", "smooth-dr8")
CAMPAIGNS = {"dr5": (0, 1), "dr8": (2,)}
VOTES_ROWS = 100_000
SETTINGS: dict[str, Any] = {
    "schema_hash": "1f2e",
    "votes_fingerprint": "77aa",
    "votes_rows": VOTES_ROWS,
}


def metadata(matched: int, invalid: int = 0, **changed: Any) -> dict[str, Any]:
    """What stands under the key `zoocli`."""
    content: dict[str, Any] = {
        "signature": "loss:dirichlet|...",
        "version": "0.1.0",
        "loss": "dirichlet",
        "schema": "two-campaigns",
        "settings": SETTINGS,
        "shard": None,
        "matching": {
            "matched": matched,
            "predictions_only": 5,
            "votes_only": VOTES_ROWS - matched,
            "duplicated": 0,
            "invalid": invalid,
        },
        "groups": {"campaigns": CAMPAIGNS, "questions": QUESTIONS},
    }
    return content | changed


def draw(galaxies: int, seed: int = 1) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Losses and total votes (questions, galaxies): some unanswered, none null."""
    random = np.random.default_rng(seed)
    votes = random.integers(0, 4, (len(QUESTIONS), galaxies), dtype=np.int32)
    return random.gamma(2.0, 1.5, votes.shape) * (votes > 0), votes


def scores_table(
    losses: npt.NDArray[np.float64],
    votes: npt.NDArray[np.int32],
    content: dict[str, Any] | None = None,
) -> pa.Table:
    """The table; a NaN loss becomes a null. `content` is its metadata."""
    columns: dict[str, Any] = {
        "id_str": [f"{number:06d}" for number in range(losses.shape[1])],
        "redshift": np.linspace(0.0, 1.0, losses.shape[1]),
        "loss": pa.array(losses.sum(axis=0), from_pandas=True),
    }
    for name, loss, count in zip(QUESTIONS, losses, votes, strict=True):
        columns[f"{name}_loss"] = pa.array(loss, from_pandas=True)
        columns[f"{name}_total-votes"] = pa.array(count)
    table = pa.table(columns)
    return (
        table if content is None else table.replace_schema_metadata({"zoocli": json.dumps(content)})
    )
