"""The levels of a decision tree: overall, its campaigns, its questions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.metric import OVERALL
from zoocli.foundation.arrays import Floats
from zoocli.schema import Schema


def levels(schema: Schema) -> dict[str, tuple[int, ...]]:
    """The positions of the questions of each level: overall, the campaigns, the questions.

    >>> rings = Schema({"ring": ["_yes", "_no"]}, {"ring": None}, "rings")
    >>> levels(rings)
    {'overall': (0,), 'campaign:rings': (0,), 'ring': (0,)}
    """
    every = {OVERALL: tuple(range(len(schema.questions)))}
    campaigns = {f"campaign:{name}": positions for name, positions in schema.campaigns.items()}
    return every | campaigns | {q.name: (i,) for i, q in enumerate(schema.questions)}


def level_counts(counted: npt.NDArray[np.bool_], schema: Schema) -> Floats:
    """(levels, galaxies): 1 for a galaxy that counts for any question of the level."""
    members = levels(schema).values()
    return np.stack([counted[list(questions)].any(axis=0) for questions in members]).astype(float)
