"""The account of invalid values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from zoocli.errors import DataError
from zoocli.matching.findings import INFINITE_VOTES, NEGATIVE_VOTES, Findings


def ids(prefix: str, asked: list[int] | None = None) -> object:
    def names(rows: Iterable[int]) -> list[str]:
        rows = [int(row) for row in rows]
        if asked is not None:
            asked.extend(rows)
        return [f"{prefix}{row}" for row in rows]

    return names


def test_nothing_found_is_no_error() -> None:
    findings = Findings("votes.csv")
    findings.add(NEGATIVE_VOTES, "bar", np.zeros(3, bool), ids("g"))
    findings.raise_if_any()
    assert not findings


def test_the_error_names_file_column_count_ids_and_remedy() -> None:
    findings = Findings("votes.csv")
    findings.add(NEGATIVE_VOTES, "bar_yes", np.arange(10) % 2 == 1, ids("g"))
    findings.add(NEGATIVE_VOTES, "bar_no", np.arange(10) == 2, ids("g"))
    findings.add(INFINITE_VOTES, "bar_no", np.arange(10) < 3, ids("g"))
    with pytest.raises(DataError) as caught:
        findings.raise_if_any()
    assert str(caught.value) == (
        "votes.csv has 6 galaxies with votes below zero, in 'bar_yes', 'bar_no'; first ids 'g1', "
        "'g3', 'g5', 'g7', 'g9'. Vote counts cannot be negative. Correct them, or say what means "
        "that there are none, such as null_value=-999. There are also 3 galaxies with votes that "
        "are infinite."
    )


def test_the_most_frequent_problem_is_told_first() -> None:
    findings = Findings("t")
    findings.add(INFINITE_VOTES, "a", np.ones(1, bool), ids("g"))
    findings.add(NEGATIVE_VOTES, "a", np.ones(2, bool), ids("g"))
    with pytest.raises(
        DataError,
        match=r"^t has 2 galaxies with.* also 1 galaxy with",
    ):
        findings.raise_if_any()


def test_ids_are_asked_for_only_while_they_are_wanted() -> None:
    findings, asked = Findings("t"), list[int]()
    findings.add(NEGATIVE_VOTES, "a", np.ones(1000, bool), ids("g", asked))
    findings.add(NEGATIVE_VOTES, "a", np.ones(1000, bool), ids("h", asked))
    assert asked == [0, 1, 2, 3, 4]
    assert findings.found[NEGATIVE_VOTES]["a"].first_ids == ["g0", "g1", "g2", "g3", "g4"]


def test_an_id_is_listed_once() -> None:
    findings = Findings("t")
    for column in "abc":
        findings.add(NEGATIVE_VOTES, column, np.arange(5) < 2, ids("g"))
    with pytest.raises(DataError, match=r"2 galaxies with.*first ids 'g0', 'g1'\. "):
        findings.raise_if_any()
    found = findings.found[NEGATIVE_VOTES]
    assert {column: one.count for column, one in found.items()} == {"a": 2, "b": 2, "c": 2}


def test_batches_add_up_as_if_they_were_one() -> None:
    where = np.random.default_rng(7).random(60) < 0.4
    whole, total = Findings("t"), Findings("t")
    whole.add(NEGATIVE_VOTES, "a", where, ids(""))
    for start in range(0, 60, 10):
        part = Findings("t")

        def named(rows: Iterable[int], start: int = start) -> list[str]:
            return [str(start + int(row)) for row in rows]

        part.add(NEGATIVE_VOTES, "a", where[start : start + 10], named)
        total.merge(part)
    assert total == whole
