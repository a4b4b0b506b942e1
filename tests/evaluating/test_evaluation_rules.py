"""Which galaxies count for which question."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluations import SMALL, galaxies_of, sums_of
from zoocli.errors import UsageError
from zoocli.runs.options.rules import PROFILES, Rules, rules_of

# Five galaxies: votes for smooth, disk, artifact; bar yes, no; one arm, two arms.
VOTES = np.array(
    [
        [10, 30, 0, 20, 10, 15, 5],  # path to arms: 3/4 * 2/3 = 1/2
        [17, 17, 0, 17, 0, 17, 0],  # path to bar: exactly 1/2
        [15, 18, 0, 12, 6, 12, 0],  # 33 root votes
        [40, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ]
).T
GALAXIES = galaxies_of(SMALL, np.ones((1, 7, 5)), VOTES)


@pytest.mark.parametrize(
    ("rules", "shape", "bar", "arms"),
    [
        (Rules(), [0, 1, 2, 3], [0, 1, 2], [0, 1, 2]),
        (Rules(min_votes=18), [0, 1, 2, 3], [0, 2], [0]),
        (Rules(min_root_votes=34), [0, 1, 3], [0, 1], [0, 1]),
        (Rules(min_share_asked=0.5), [0, 1, 2, 3], [0, 1, 2], [0, 1]),
        (Rules(min_path_fraction=0.5), [0, 1, 2, 3], [0, 2], []),
        (Rules(min_path_fraction=0.0), [0, 1, 2, 3], [0, 1, 2], [0, 1, 2]),
        (PROFILES["decals"].rules, [0, 1, 3], [0, 1], [0, 1]),
        (PROFILES["decals-code"].rules, [0, 1, 2, 3], [0, 2], []),
        (PROFILES["euclid-prep"].rules, [0, 1, 2, 3], [0, 1, 2], [0, 1]),
        (PROFILES["evo"].rules, [0, 1, 2, 3], [0], [0]),
    ],
    ids=str,
)
def test_who_counts(rules, shape, bar, arms):
    counted = GALAXIES.counted(rules)
    assert [np.flatnonzero(row).tolist() for row in counted] == [shape, bar, arms]


@pytest.mark.parametrize(("least", "confident"), [(0.75, 1), (0.7, 2)])
def test_confident_is_strictly_more(least, confident):
    found = sums_of(GALAXIES, Rules(confident=least))["buckets/confident/levels"].sum(axis=0)
    assert found[-len(GALAXIES.schema.questions)] == confident


def test_options_override_the_profile():
    assert rules_of("decals", min_root_votes=20) == Rules(min_root_votes=20, min_share_asked=0.5)
    assert rules_of("zoobot", confident=None) == Rules()


@pytest.mark.parametrize(
    "given",
    [
        {"min_votes": 0},
        {"min_root_votes": -1},
        {"min_share_asked": 1.5},
        {"min_path_fraction": -0.1},
        {"confident": float("nan")},
    ],
)
def test_values_out_of_range_are_refused(given):
    with pytest.raises(UsageError, match=f"{next(iter(given))}="):
        rules_of("zoobot", **given)


def test_an_unknown_profile_is_refused():
    with pytest.raises(UsageError, match="'zoobot', 'decals'"):
        rules_of("zobot")
