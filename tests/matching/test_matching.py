"""The id lookup against a dict, and the account of ids against counting by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zoocli.matching import index as matching
from zoocli.matching.index import IdIndex, MatchAccount

# Few letters, so that ids repeat, and share beginnings and ends; and any text there is.
FEW_LETTERS = st.text("aé\x00", max_size=20)
COMMON_ENDS = st.builds(lambda start: f"{start}-2019-survey-brick", st.text("ab", max_size=9))
IDS = st.one_of(FEW_LETTERS, COMMON_ENDS, st.integers(-(2**63), 2**63).map(str), st.text())


def texts(ids: Sequence[str]) -> pa.StringArray:
    return pa.array(ids, pa.string())


def first_rows(ids: Sequence[str]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for row, text in enumerate(ids):
        rows.setdefault(text, row)
    return rows


def check(known: Sequence[str], wanted: Sequence[str], parts: int = 1) -> None:
    ends = np.linspace(0, len(known), parts + 1).astype(int)
    arrays = [texts(known)[a:b] for a, b in pairwise(ends)]
    index, rows = IdIndex(arrays), first_rows(known)
    assert len(index) == len(known)
    assert index.find(texts(wanted)).tolist() == [rows.get(text, -1) for text in wanted]
    again = [row for row, text in enumerate(known) if rows[text] != row]
    assert index.repeats[0].tolist() == again
    assert index.repeats[1].tolist() == [rows[known[row]] for row in again]
    assert index.text(range(len(known))) == list(known)


@settings(max_examples=150, deadline=None)
@given(st.lists(IDS, max_size=60), st.lists(IDS, max_size=30), st.integers(1, 4))
@example([], ["", "a"], 1)
@example([""], ["", "\x00"], 2)
@example(["a", "a\x00", "\x00a", ""], ["\x00", "\x00\x00a"], 1)
@example(["12345678", "123456789", "1234567890123456"], ["1234567", "12345678\x00"], 1)
def test_the_index_finds_what_a_dict_finds(known: list[str], others: list[str], parts: int) -> None:
    check(known, [*others, *reversed(known)], parts)


@settings(max_examples=60, deadline=None)
@given(st.lists(IDS, max_size=60), st.lists(IDS, max_size=30))
def test_a_full_table_finds_the_same(known: list[str], others: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "SLOTS_PER_ID", 1.0)  # one slot is empty at most
        check(known, [*others, *known])


@pytest.mark.parametrize("length", range(26))
def test_each_byte_of_an_id_counts(length: int) -> None:
    start = "x" * length
    known = [start] + [start[:at] + "y" + start[at + 1 :] for at in range(length)]
    check(known, [*known, start + "x", start[1:] if length else "z"])


@pytest.mark.parametrize("form", ["galaxy-{}", "{}", "{:06}-at-the-beginning", "in-{:06}-the-mid"])
def test_different_ids_with_the_same_bits_of_the_hash(form: str) -> None:
    many = [form.format(number) for number in range(300_000)]
    low = IdIndex().add(texts(many)) & np.uint64(2**32 - 1)
    order = np.argsort(low, kind="stable")
    equal = np.flatnonzero(low[order][1:] == low[order][:-1])
    pairs = [(many[order[at]], many[order[at + 1]]) for at in equal]
    assert len(pairs) > 3, "no collisions to test with"
    for one, other in pairs:
        check([one], [other, one])
        check([other, one, "x"], [one, other, "y"])
    every = [text for pair in pairs for text in pair]
    check([first for first, _ in pairs], every)
    check(every, every)


def test_many_ids_in_many_parts_and_groups() -> None:
    random = np.random.default_rng(1)
    known = [str(number) for number in random.integers(-(2**60), 2**60, 50_000)]
    known[777] = known[40_000]
    wanted = [known[at] for at in random.permutation(50_000)] + ["nobody", ""] * 65
    check(known, wanted, parts=7)


def test_slices_of_arrow_arrays() -> None:
    array = texts(["skipped", "a", "bb", "ccc", "skipped"])
    index = IdIndex([array[1:3], array[3:4], array[0:0]])
    assert index.find(array[1:4]).tolist() == [0, 1, 2]
    assert index.find(array).tolist() == [-1, 0, 1, 2, -1]
    assert index.find(array[:0]).tolist() == []


def test_no_ids_at_all() -> None:
    for index in (IdIndex([]), IdIndex([texts([])])):
        assert len(index) == 0
        assert index.find(texts(["a", ""])).tolist() == [-1, -1]
        assert MatchAccount(index).votes_only == 0


def test_the_same_text_has_the_same_hash_everywhere() -> None:
    one = IdIndex().add(texts(["a", "12345678901234567"]))
    other = IdIndex().add(texts(["x", "12345678901234567", "a"]))
    assert one.tolist() == other[[2, 1]].tolist()


def test_expected_ids_change_nothing_but_the_room() -> None:
    known = [str(number) for number in range(0, 3000, 3)]
    for expected in (0, 1, 999, 1000, 50_000):
        index = IdIndex(expected=expected)
        for start in range(0, 1000, 90):
            index.add(texts(known[start : start + 90]))
        assert index.find(texts(known)).tolist() == list(range(1000))
        assert index.find(texts(["1", "2999"])).tolist() == [-1, -1]


def by_hand(predictions: list[str], votes: list[str]) -> tuple[int, int, list[str]]:
    """predictions_only, votes_only, and the ids that are matched and stand twice."""
    of_predictions, of_votes = Counter(predictions), Counter(votes)
    twice = [
        text
        for text in of_votes
        if of_predictions[text] and (of_predictions[text] > 1 or of_votes[text] > 1)
    ]
    return (
        sum(text not in of_votes for text in predictions),
        sum(text not in of_predictions for text in votes),
        twice,
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from("abcdef"), max_size=15),
    st.lists(st.sampled_from("cdefgh"), max_size=15),
    st.integers(1, 5),
)
@example(["a", "a"], ["a", "a"], 1)
@example(["a"], ["b", "b"], 1)
@example(["a"] * 300, ["a"], 2)  # more often than a byte counts
@example(["x"] * 300, ["a", "a", "a"], 2)
def test_the_account_counts_as_by_hand(
    predictions: list[str], votes: list[str], batch: int
) -> None:
    index = IdIndex([texts(votes)])
    account = MatchAccount(index)
    for start in range(0, len(predictions), batch):
        account.add(index.find(texts(predictions[start : start + batch])))
    predictions_only, votes_only, twice = by_hand(predictions, votes)
    assert account.predictions_only == predictions_only
    assert account.votes_only == votes_only
    assert index.text(account.duplicated()) == twice
