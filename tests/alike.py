"""Results that are alike but for their last digits."""

from __future__ import annotations

import math


def close(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return one == other


def close_enough(one, other):
    """The same metrics; means over few galaxies may differ in their last digits."""
    return len(one) == len(other) and all(
        here.keys() == there.keys()
        and all(
            math.isclose(here[key], there[key], rel_tol=1e-9, abs_tol=1e-9)
            if isinstance(here[key], float) and there[key] is not None
            else here[key] == there[key]
            for key in here
        )
        for here, there in zip(one, other, strict=True)
    )
