"""Writes dirichlet.json: Dirichlet-multinomial losses and gradients from mpmath at 50 digits.

The terms of the formula are added up as they stand, from mpmath's own lgamma and digamma; nothing
of zoocli is imported. Up to 30 digits are lost to cancellation in the extreme cases, so the work
is done at 120 digits and 30 are written. Takes a few seconds:

    python tests/reference/make_dirichlet.py
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import mpmath
from mpmath import mpf

mpmath.mp.dps = 120
SEED = 20220101
ANSWERS = range(2, 16)
PER_REGIME = {"zoobot": 112, "wide": 140, "extreme": 84}


def loss_and_gradient(concentrations, votes):
    """The definition, and its derivative by each concentration."""
    a = [mpf(value) for value in concentrations]
    k = [mpf(value) for value in votes]
    total, n = sum(a), sum(k)
    lgamma, digamma = mpmath.loggamma, mpmath.digamma
    likelihood = lgamma(n + 1) + lgamma(total) - lgamma(n + total)
    for a_j, k_j in zip(a, k, strict=True):
        likelihood += lgamma(k_j + a_j) - lgamma(a_j) - lgamma(k_j + 1)
    shared = digamma(n + total) - digamma(total)
    gradient = [shared - (digamma(k_j + a_j) - digamma(a_j)) for a_j, k_j in zip(a, k, strict=True)]
    return -likelihood, gradient


def bound(regime, concentrations, votes):
    """The error allowed: absolute, and in the extreme relative to the largest term that cancels."""
    if regime != "extreme":
        return {"zoobot": 1e-10, "wide": 1e-9}[regime]
    pairs = [(sum(concentrations), sum(votes)), *zip(concentrations, votes, strict=True)]
    largest = max(
        abs(mpmath.loggamma(mpf(a) + k) - mpmath.loggamma(a) - mpmath.loggamma(k + 1))
        for a, k in pairs
    )
    return float(1e-9 + 1e-14 * largest)


def log_uniform(rng, low, high):
    return float(low * (high / low) ** rng.random())


def draw(rng, regime, answers):
    """Concentrations and votes of one case: random votes, zeros and landslides among them."""
    low, high, most = {
        "zoobot": (1, 101, 200),
        "wide": (1e-3, 1e6, 10_000),
        "extreme": (1e-30, 1e30, 2**31 - 1),
    }[regime]
    if regime == "zoobot":
        concentrations = [rng.uniform(low, high) for _ in range(answers)]
    else:
        concentrations = [log_uniform(rng, low, high) for _ in range(answers)]
    total = round(log_uniform(rng, 1, most))
    weights = [rng.random() ** rng.choice([0.5, 2, 8]) for _ in range(answers)]
    votes = [int(total * weight / sum(weights)) for weight in weights]
    votes[rng.randrange(answers)] += total - sum(votes)
    if rng.random() < 0.15:
        votes = [0] * answers
        votes[rng.randrange(answers)] = total
    return concentrations, votes


def edges():
    """The corners of each regime, by hand."""
    yield "zoobot", [3.0, 4.0, 5.0], [1, 2, 3]
    yield "zoobot", [101.0] * 15, [200] + [0] * 14
    yield "zoobot", [101.0] * 2, [100, 100]
    yield "zoobot", [1.0] * 15, [13] * 15
    yield "zoobot", [1.0, 101.0], [200, 0]
    yield "zoobot", [2.0, 3.0], [0, 0]
    yield "wide", [1e6] * 2, [5000, 5000]
    yield "wide", [1e6] * 15, [10_000] + [0] * 14
    yield "wide", [1e-3] * 15, [667] * 14 + [662]
    yield "wide", [1e-3, 1e6], [10_000, 0]
    yield "wide", [1e6, 1e-3], [10_000, 0]
    for just in (8.0, 9.999999999, 10.0, 10.000000001, 15.0, 16.0):
        for k in (1, 7, 8, 9, 10, 11, 15, 16, 17):
            yield "wide", [just, 2.5], [k, 3]
    yield "extreme", [1e-30, 1e-30], [1, 1]
    yield "extreme", [1e-30, 1e30], [2**30, 2**30]
    yield "extreme", [1e30, 1e30], [2**31 - 1, 0]
    yield "extreme", [1e-30, 1.0], [2**31 - 1, 0]


def main():
    rng = random.Random(SEED)
    chosen = list(edges())
    for regime, cases in PER_REGIME.items():
        for number in range(cases):
            chosen.append((regime, *draw(rng, regime, ANSWERS[number % len(ANSWERS)])))
    lines = []
    for regime, concentrations, votes in chosen:
        loss, gradient = loss_and_gradient(concentrations, votes)
        case = {
            "regime": regime,
            "concentrations": concentrations,
            "votes": votes,
            "loss": mpmath.nstr(loss, 30),
            "gradient": [mpmath.nstr(value, 20) for value in gradient],
            "bound": bound(regime, concentrations, votes),
        }
        lines.append(json.dumps(case))
    head = json.dumps(f"mpmath {mpmath.__version__}, make_dirichlet.py, seed {SEED}")
    text = f'{{"source": {head},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(__file__).with_name("dirichlet.json").write_text(text)


if __name__ == "__main__":
    main()
