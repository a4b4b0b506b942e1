"""The levels of losses: their order, what belongs to each, and what a person is shown of them."""

from __future__ import annotations

import numpy as np
import pytest

from zoocli.schema import Levels, Schema, load_schema
from zoocli.schema.levels import by_name, sections, shown

TWO = Levels({"first": (0, 2), "second": (1,)}, ("a", "b", "c"))
ONE = Levels({"only": (0, 1, 2)}, ("a", "b", "c"))
LOSSES = np.array([[1.0, 2.0], [10.0, np.nan], [100.0, 300.0]])
VOTES = np.array([[1, 0], [2, 3], [0, 0]], np.int32)


@pytest.mark.parametrize("name", ["decals-dr5-ortho", "gz2-ortho", "desi", "cosmic-dawn-ortho"])
def test_every_question_of_a_tree_is_in_one_campaign(name: str) -> None:
    schema = load_schema(name)
    levels = Levels.of(schema)
    of_campaigns = [position for members in levels.campaigns.values() for position in members]
    assert sorted(of_campaigns) == list(range(len(levels.questions)))
    assert len(levels) == len(levels.names()) == len(levels.members())


def test_losses_and_votes_follow_from_the_questions() -> None:
    loss = LOSSES.sum(axis=0)
    expected = [loss, LOSSES[0] + LOSSES[2], LOSSES[1], *LOSSES]
    np.testing.assert_array_equal(list(TWO.losses(loss, LOSSES)), expected)
    np.testing.assert_array_equal(
        list(TWO.votes(VOTES)), [[3, 3], [1, 0], [2, 3], [1, 0], [2, 3], [0, 0]]
    )
    for levels in (ONE, TWO):
        for members, losses in zip(levels.members(), levels.losses(loss, LOSSES), strict=True):
            np.testing.assert_array_equal(losses, LOSSES[list(members)].sum(axis=0))


def test_items_are_told_apart_and_found_again() -> None:
    items = [number for number, _ in enumerate(TWO.names())]
    overall, campaigns, questions = TWO.split(items)
    assert (overall, campaigns) == (0, {"first": 1, "second": 2})
    assert questions == {"a": 3, "b": 4, "c": 5}
    assert list(by_name(overall, campaigns, questions).items()) == list(
        zip(TWO.names(), items, strict=True)
    )
    assert by_name(0, None, {"a": 1}) == {("overall", "overall"): 0, ("question", "a"): 1}


def test_a_single_campaign_is_not_shown() -> None:
    for levels, campaigns in ((ONE, {}), (TWO, {"first": 1, "second": 2})):
        parts = levels.split(list(range(len(levels))))
        assert shown(parts[1]) == campaigns
        assert sections(*parts) == [{"overall": 0}, campaigns, parts[2]]


def test_a_tree_without_campaigns_is_one_of_its_own_name() -> None:
    schema = Schema({"ring": ["_yes", "_no"]}, {"ring": None}, "rings")
    assert Levels.of(schema) == Levels({"rings": (0,)}, ("ring",))


def test_metadata_are_read_back_and_damaged_ones_refused() -> None:
    assert Levels.from_dict(TWO.to_dict()) == TWO
    for damaged in (
        {"questions": ["a"]},
        {"campaigns": {"x": [1]}, "questions": ["a"]},
        {"campaigns": {"x": ["0"]}, "questions": ["a"]},
        {"campaigns": [], "questions": ["a"]},
    ):
        with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
            Levels.from_dict(damaged)
