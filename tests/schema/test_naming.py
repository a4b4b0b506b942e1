"""Every rule by which columns are found for answers, and that none is ever guessed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoocli.errors import SchemaError
from zoocli.schema import Schema, load_schema
from zoocli.schema.naming import (
    CONCENTRATIONS,
    VOTES,
    Ambiguous,
    Names,
    Role,
    Source,
    fractions_only,
    loosely,
    nearest,
    resolve,
)

BARS = Schema(
    {"has-bar-x1": ["_yes", "_no"], "size-x1": ["_very-big", "_small"]},
    {"has-bar-x1": None, "size-x1": "has-bar-x1_yes"},
    "bars",
    campaigns=["x1"],
    catalogues={
        "printed": {
            "votes": "{answer}_n",
            "columns": {
                "has-bar-x1_yes": "b1",
                "has-bar-x1_no": "b2",
                "size-x1_very-big": "s1",
                "size-x1_small": "s2",
            },
        },
        "shares": {
            "votes": {"fraction": "{question}{suffix}_f", "total": "{question}_total"},
            "columns": {"has-bar-x1": "bar", "size-x1": "size"},
        },
        "plain": {"concentrations": "{plain_question}{suffix}_alpha"},
    },
)
PLAIN = BARS.label_cols
BARE = ["has-bar_yes", "has-bar_no", "size_very-big", "size_small"]


def ended(names: list[str], end: str) -> list[str]:
    return [name + end for name in names]


# The columns of a table, what it is read as, and which of them are taken (in the tree's order).
RULES = [
    (PLAIN, VOTES, PLAIN),
    (PLAIN, CONCENTRATIONS, PLAIN),
    ([*PLAIN, *ended(PLAIN, "_pred")], CONCENTRATIONS, ended(PLAIN, "_pred")),
    ([*PLAIN, *ended(PLAIN, "_pred")], VOTES, PLAIN),
    (ended(PLAIN, "_dirichlet"), CONCENTRATIONS, ended(PLAIN, "_dirichlet")),
    ([*PLAIN, *ended(PLAIN, "_count")], VOTES, ended(PLAIN, "_count")),
    ([*PLAIN, "has-bar-x1_yes_pred"], CONCENTRATIONS, PLAIN),
    (["b1_n", "b2_n", "s1_n", "s2_n"], VOTES, ["b1_n", "b2_n", "s1_n", "s2_n"]),
    (["b1_n", "b2_n", "s1_n", "s2_n"], CONCENTRATIONS, None),
    (ended(BARE, "_alpha"), CONCENTRATIONS, ended(BARE, "_alpha")),
    (ended(BARE, "_alpha"), VOTES, None),
    (BARE, VOTES, BARE),
    (ended(BARE, "_concentration"), CONCENTRATIONS, ended(BARE, "_concentration")),
    ([*PLAIN, *BARE], VOTES, PLAIN),
    ([name.upper() for name in PLAIN], VOTES, [name.upper() for name in PLAIN]),
    ([n.replace("-", ".") for n in PLAIN], VOTES, [n.replace("-", ".") for n in PLAIN]),
    ([n.replace("-", "_") for n in BARE], VOTES, [n.replace("-", "_") for n in BARE]),
    ([f" {n} " for n in ended(PLAIN, "_PRED")], CONCENTRATIONS, [f" {n}_PRED " for n in PLAIN]),
    (["B1_N", "B2_N", "S1_N", "S2_N"], VOTES, ["B1_N", "B2_N", "S1_N", "S2_N"]),
    ([*PLAIN, *(n.upper() for n in PLAIN)], VOTES, PLAIN),
    (PLAIN[:-1], VOTES, None),
    ([], VOTES, None),
]


@pytest.mark.parametrize(("there", "role", "taken"), RULES)
def test_every_rule(there: list[str], role: Role, taken: list[str] | None) -> None:
    for names in (there, ["id", *reversed(there), "redshift"]):
        found = resolve(BARS, Names(names), role)
        assert (None if found is None else [one.column for one in found.sources]) == taken


def test_fractions_come_with_their_totals() -> None:
    there = ["bar_yes_f", "bar_no_f", "size_very-big_f", "size_small_f", "bar_total", "size_total"]
    found = resolve(BARS, Names(there), VOTES)
    assert found is not None
    assert found.sources == (
        Source("bar_yes_f", "bar_total"),
        Source("bar_no_f", "bar_total"),
        Source("size_very-big_f", "size_total"),
        Source("size_small_f", "size_total"),
    )
    assert "catalogue shares" in found.how
    assert resolve(BARS, Names(there[:-1]), VOTES) is None


@pytest.mark.parametrize(
    ("there", "role", "says"),
    [
        ([*ended(PLAIN, "_count"), *ended(PLAIN, "_votes")], VOTES, "_count, or as .*_votes"),
        ([*ended(PLAIN, "_pred"), *ended(PLAIN, "_dirichlet")], CONCENTRATIONS, "_dirichlet, or"),
        ([n.upper() for n in PLAIN] + [PLAIN[0].replace("-", ".")], VOTES, "in several ways"),
    ],
)
def test_nothing_is_guessed_between_two(there: list[str], role: Role, says: str) -> None:
    with pytest.raises(Ambiguous, match=says):
        resolve(BARS, Names(there), role)


def test_names_that_differ_only_in_their_spelling_are_not_compared_loosely() -> None:
    tree = Schema({"a-b": ["_1", "_2"], "ab": ["_1", "_2"]}, {"a-b": None, "ab": None})
    assert resolve(tree, Names([n.upper() for n in tree.label_cols]), VOTES) is None
    assert resolve(tree, Names(tree.label_cols), VOTES) is not None


def test_campaigns_of_one_name_cannot_be_left_out() -> None:
    tree = load_schema("decals-all-campaigns-ortho")
    bare = [question.plain_name + a.suffix for question in tree.questions for a in question.answers]
    assert resolve(tree, Names(bare), VOTES) is None


def test_what_is_missing_is_told_in_the_names_that_are_there() -> None:
    there = ended(PLAIN, "_pred")[:-1]
    choice, absent = nearest(BARS, Names(there), CONCENTRATIONS)
    assert [choice.sources[place].column for place in absent] == ["size-x1_small_pred"]
    assert not fractions_only(BARS, Names([*there, *ended(PLAIN, "_fraction")]), CONCENTRATIONS)
    assert fractions_only(BARS, Names(ended(PLAIN, "_fraction")), VOTES)


SPELLINGS = st.sampled_from(["-", "_", ".", " ", ""])
NAMES = st.lists(
    st.sampled_from([*PLAIN, *BARE, *ended(PLAIN, "_pred"), *ended(BARE, "_pred")]), max_size=16
)


@settings(max_examples=300, deadline=None)
@given(NAMES, st.lists(SPELLINGS, min_size=16, max_size=16), st.booleans())
def test_never_two_columns_for_an_answer_nor_one_for_two(
    names: list[str], spelled: list[str], upper: bool
) -> None:
    there = [name.replace("-", to) for name, to in zip(names, spelled, strict=False)]
    there = [name.upper() for name in there] if upper else there
    for role in (VOTES, CONCENTRATIONS):
        try:
            found = resolve(BARS, Names(there), role)
        except Ambiguous:
            continue
        if found is None:
            continue
        taken = [one.column for one in found.sources]
        assert max(Counter(taken).values()) == 1
        assert set(taken) <= set(there)
        for answer, column in zip(BARE, taken, strict=True):
            bare = column.upper().replace("X1", "").replace("PRED", "")
            assert loosely(bare) == loosely(answer)


def test_every_built_in_catalogue_is_found_by_its_own_names() -> None:
    described = 0
    for name in ("gz2-ortho", "gz-hubble-ortho", "gz-candels-ortho", "euclid", "decals-dr5-ortho"):
        schema = load_schema(name)
        for catalogue in schema.catalogues.values():
            columns = [column for one in catalogue.sources(schema) for column in one.columns]
            role = VOTES if catalogue.role == VOTES.what else CONCENTRATIONS
            found = resolve(schema, Names(columns), role)
            assert found is not None and found.sources == catalogue.sources(schema)
            described += 1
    assert described >= 7


@pytest.mark.parametrize(
    ("catalogue", "says"),
    [
        ("{answer}", "must say what its columns"),
        ({}, "needs either concentrations"),
        ({"votes": "{answer}", "concentrations": "{answer}"}, "needs either"),
        ({"votes": "_count"}, "must contain"),
        ({"votes": "{answer}{answer}"}, "must contain"),
        ({"votes": "{anser}"}, "must contain"),
        ({"votes": {"fraction": "{answer}_f"}}, "fraction: and total:"),
        ({"concentrations": {"fraction": "{answer}", "total": "{question}"}}, "takes a pattern"),
        ({"votes": {"fraction": "{answer}", "total": "n"}}, "must contain {question}"),
        ({"vote": "{answer}"}, "unknown key 'vote'.*Did you mean 'votes'"),
        ({"votes": "{answer}", "columns": {"bar": "x"}}, "no answer or question"),
        ({"votes": "{answer}", "columns": ["x"]}, "must map"),
        ({"votes": "{answer}", "id": ""}, "a name has 1 to"),
    ],
)
def test_what_describes_no_catalogue(catalogue: object, says: str) -> None:
    with pytest.raises(SchemaError, match=says.replace("{", r"\{")):
        Schema({"ring": ["_yes", "_no"]}, {"ring": None}, catalogues={"c": catalogue})


def test_catalogues_come_back_from_the_file() -> None:
    from zoocli.schema.files import _parse

    again = Schema.from_dict(_parse(BARS.to_yaml()), "bars")
    assert again.catalogues == BARS.catalogues
    assert again.content_hash == BARS.content_hash


def test_the_tree_of_some_questions() -> None:
    part = BARS.only(["size"])
    assert part.label_cols == ["size-x1_very-big", "size-x1_small"]
    assert part.dependencies == {"size-x1": None}
    assert part.content_hash != BARS.content_hash
    assert BARS.only(["size-x1", "has-bar"]).content_hash == BARS.content_hash
    found = resolve(part, Names(["size_very-big_f", "size_small_f", "size_total"]), VOTES)
    assert found is not None and found.sources[0].total == "size_total"
