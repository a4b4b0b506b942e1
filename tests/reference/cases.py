"""Reads the Dirichlet-multinomial reference values: plain Python, for any implementation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ANCHOR = ((3.0, 4.0, 5.0), (1, 2, 3), 2.466968949101336)  # concentrations, votes, loss


@dataclass(frozen=True)
class DirichletCase:
    """One question of one galaxy: `loss` and `gradient` from mpmath, rounded to float64 last.

    An implementation's loss may differ from `loss` by `bound` at most. `gradient` is the
    derivative of the loss by each concentration. `regime` is "zoobot" (concentrations 1 to 101,
    votes to 200), "wide" (1e-3 to 1e6, votes to 10,000) or "extreme" (1e-30 to 1e30, votes to
    2^31 - 1; there the bound grows with the terms that cancel).
    """

    regime: str
    concentrations: tuple[float, ...]
    votes: tuple[int, ...]
    loss: float
    gradient: tuple[float, ...]
    bound: float


@cache
def dirichlet_cases() -> tuple[DirichletCase, ...]:
    """All cases of dirichlet.json."""
    content = json.loads((FOLDER / "dirichlet.json").read_text())
    return tuple(
        DirichletCase(
            regime=case["regime"],
            concentrations=tuple(case["concentrations"]),
            votes=tuple(case["votes"]),
            loss=float(case["loss"]),
            gradient=tuple(map(float, case["gradient"])),
            bound=case["bound"],
        )
        for case in content["cases"]
    )
