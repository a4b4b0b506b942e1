"""The Schema class: what it knows of a tree, and what it refuses to call one."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SHARED_DATA
from zoocli.errors import DataError, SchemaError
from zoocli.schema import Schema, built_in_names, detect_schema, load_schema, nearest_schema

FACTS = SHARED_DATA / "galaxy-zoo-trees.json"

PAIRS = {
    # Listed with a child before its parents on purpose.
    "ring": ["_yes", "_no"],
    "type": ["_spiral", "_disk", "_smooth"],
    "odd": ["_lens", "_merger"],
    "size": ["_big", "_small"],
}
PARENTS: dict[str, str | list[str] | None] = {
    "ring": ["type_spiral", "size_big"],
    "type": None,
    "odd": "ring_yes",
    "size": "type_disk",
}


def tree(**options: Any) -> Schema:
    return Schema(PAIRS, PARENTS, **options)


def test_both_dicts_come_out_as_they_went_in() -> None:
    schema = tree()
    assert schema.question_answer_pairs == PAIRS
    assert schema.dependencies == PARENTS
    assert list(schema.question_answer_pairs) == list(PAIRS)
    assert schema.zoobot_dicts() == {"question_answer_pairs": PAIRS, "dependencies": PARENTS}


def test_what_comes_out_cannot_change_the_schema() -> None:
    schema = tree()
    schema.question_answer_pairs["ring"].append("_maybe")
    schema.dependencies["type"] = "ring_yes"
    schema.label_cols.append("id_str")
    schema.campaigns.clear()
    assert schema.question_answer_pairs == PAIRS
    assert schema.dependencies == PARENTS
    assert schema.label_cols[-1] == "size_small"
    assert schema.campaigns == {"schema": (0, 1, 2, 3)}


def test_columns_and_slices_are_in_listed_order() -> None:
    schema = tree()
    assert schema.label_cols[:5] == [
        "ring_yes",
        "ring_no",
        "type_spiral",
        "type_disk",
        "type_smooth",
    ]
    assert schema.question_slices == [slice(0, 2), slice(2, 5), slice(5, 7), slice(7, 9)]
    disk = schema.questions[1].answers[1]
    assert (disk.name, disk.suffix, disk.question, disk.index) == ("type_disk", "_disk", "type", 3)
    assert schema.questions[0].asked_after == ("type_spiral", "size_big")
    assert schema.questions[1].asked_after == ()


def test_parents_come_first_in_order() -> None:
    names = [question.name for question in tree().questions_in_order]
    assert names == ["type", "size", "ring", "odd"]


def test_campaigns_by_the_end_of_the_name() -> None:
    pairs = {"a-dr5": ["_x", "_y"], "b-dr8": ["_x", "_y"], "c-dr5": ["_x", "_y"]}
    schema = Schema(pairs, dict.fromkeys(pairs), "both", campaigns=["dr8", "dr5"])
    assert schema.campaigns == {"dr8": (1,), "dr5": (0, 2)}
    assert [question.campaign for question in schema.questions] == ["dr5", "dr8", "dr5"]
    assert Schema(pairs, dict.fromkeys(pairs), "both").campaigns == {"both": (0, 1, 2)}


def test_proportions_by_hand_with_several_parents() -> None:
    # Spiral 0.5, disk 0.3, smooth 0.2. The size is asked of disks: 0.3; ring of spirals and of
    # big disks: 0.5 + 0.6 * 0.3 = 0.68; odd of rings: 0.25 * 0.68 = 0.17.
    fractions = [[0.25, 0.75, 0.5, 0.3, 0.2, 0.9, 0.1, 0.6, 0.4]]
    asked = tree().proportions_asked(fractions)
    assert asked.dtype == np.float64
    np.testing.assert_allclose(asked, [[0.68, 1.0, 0.17, 0.3]], rtol=1e-15)


def test_a_null_fraction_is_null_only_where_someone_was_asked() -> None:
    nan = float("nan")
    fractions = [
        [nan, nan, 0.5, 0.0, 0.5, nan, nan, nan, nan],  # no disks: nobody was asked for a size
        [0.5, 0.5, 0.5, 0.3, 0.2, nan, nan, nan, nan],  # disks, but no size votes: ring unknown
        [nan, nan, 0.0, 0.0, 1.0, nan, nan, nan, nan],  # all smooth: nothing else was asked
        [nan, nan, nan, nan, nan, nan, nan, nan, nan],
    ]
    asked = tree().proportions_asked(fractions)
    expected = [
        [0.5, 1.0, nan, 0.0],
        [nan, 1.0, nan, 0.3],
        [0.0, 1.0, 0.0, 0.0],
        [nan, 1.0, nan, nan],
    ]
    np.testing.assert_array_equal(asked, expected)


def test_proportions_of_a_real_tree() -> None:
    # GZ DECaLS DR5: arms are counted after featured (0.8), not edge-on (0.75), spiral (0.5).
    schema = load_schema("decals-dr5-ortho")
    fractions = np.zeros(34)
    for answer, fraction in {
        "smooth-or-featured-dr5_smooth": 0.1,
        "smooth-or-featured-dr5_featured-or-disk": 0.8,
        "disk-edge-on-dr5_yes": 0.25,
        "disk-edge-on-dr5_no": 0.75,
        "has-spiral-arms-dr5_yes": 0.5,
    }.items():
        fractions[schema.label_cols.index(answer)] = fraction
    asked = schema.proportions_asked(fractions[np.newaxis])[0]
    expected = [1.0, 0.8, 0.6, 0.6, 0.6, 0.1, 0.2, 0.3, 0.3, 1.0]
    np.testing.assert_allclose(asked, expected, rtol=1e-15)


def test_proportions_refuse_another_shape() -> None:
    with pytest.raises(DataError, match=r"\(galaxies, 9\).*\(2, 8\)"):
        tree().proportions_asked(np.zeros((2, 8)))
    assert tree().proportions_asked(np.zeros((0, 9))).shape == (0, 4)


def test_the_hash_stays_what_it_was() -> None:
    # A changed literal makes every published signature unreadable: change the code instead.
    assert tree().content_hash == "58789145b970"
    assert load_schema("decals-dr5-ortho").content_hash == "56136a036b73"
    assert load_schema("gz-evo-v2").content_hash == "cf4d26512a3e"


def test_the_hash_is_of_the_tree_alone() -> None:
    plain = tree().content_hash
    assert tree(name="other", title="A title", citation="A paper").content_hash == plain
    assert tree(columns={"ring_yes": "t08_ring"}).content_hash == plain
    one_parent_as_list = Schema(PAIRS, PARENTS | {"odd": ["ring_yes"]})
    turned_round = Schema(PAIRS, PARENTS | {"ring": ["size_big", "type_spiral"]})
    assert one_parent_as_list.content_hash == turned_round.content_hash == plain


@pytest.mark.parametrize(
    ("pairs", "parents"),
    [
        (PAIRS | {"ring": ["_no", "_yes"]}, PARENTS),
        (PAIRS | {"ring": ["_yes", "_no", "_maybe"]}, PARENTS),
        (dict(reversed(PAIRS.items())), PARENTS),
        (PAIRS, PARENTS | {"odd": "ring_no"}),
        (PAIRS, PARENTS | {"odd": None}),
    ],
)
def test_the_hash_sees_each_change(pairs: Any, parents: Any) -> None:
    assert Schema(pairs, parents).content_hash != tree().content_hash


def test_the_hash_sees_campaigns() -> None:
    pairs = {"a-dr5": ["_x", "_y"], "b-dr5": ["_x", "_y"]}
    parents = dict.fromkeys(pairs)
    listed = Schema(pairs, parents, campaigns=["dr5"])
    assert listed.content_hash != Schema(pairs, parents).content_hash


def test_a_schema_travels_between_processes() -> None:
    schema = pickle.loads(pickle.dumps(load_schema("desi")))
    assert schema.content_hash == load_schema("desi").content_hash
    assert schema.label_cols == load_schema("desi").label_cols


AB = {"a": ["_x", "_y"], "b": ["_x", "_y"]}
NONE = {"a": None, "b": None}


@pytest.mark.parametrize(
    ("pairs", "parents", "options", "message"),
    [
        ({}, {}, {}, "question_answer_pairs must map"),
        ([["a", "b"]], {}, {}, "question_answer_pairs must map"),
        ({"a": [True, False]}, {"a": None}, {}, "an answer of question 'a' is True.*Quote it"),
        ({True: ["_x", "_y"]}, {}, {}, "a question is True.*Quote it"),
        ({"a": [1, 2]}, {"a": None}, {}, "an answer of question 'a' is 1, not text"),
        ({7: ["_x", "_y"]}, {}, {}, "a question is 7, not text"),
        ({"a": "_x"}, {"a": None}, {}, "question 'a' needs a list of two or more"),
        ({"a": ["_x"]}, {"a": None}, {}, "question 'a' needs a list of two or more"),
        ({"a": None}, {"a": None}, {}, "question 'a' needs a list of two or more"),
        ({"a": ["_x", ""]}, {"a": None}, {}, "1 to 200 characters"),
        ({"a": ["_x", "_" + "y" * 200]}, {"a": None}, {}, "1 to 200 characters"),
        ({"a": ["_x", "_\x1b[2J"]}, {"a": None}, {}, "all printable"),
        ({"a": ["_x", "_\ud800"]}, {"a": None}, {}, "all printable"),
        ({"a": ["_x", "_x"]}, {"a": None}, {}, "'a_x' stands twice: in question 'a' and in"),
        (
            {"a": ["_b_x", "_y"], "a_b": ["_x", "_y"]},
            {"a": None, "a_b": None},
            {},
            "'a_b_x' stands twice: in question 'a' and in question 'a_b'",
        ),
        (AB, None, {}, "dependencies must map"),
        (AB, {"a": None}, {}, "question 'b' is missing from dependencies"),
        (AB, NONE | {"bb": None}, {}, "dependencies has 'bb'"),
        (AB, {"a": None, "b": "a_xx"}, {}, "'a_xx', which is no answer.*Did you mean 'a_x'"),
        (AB, {"a": None, "b": ["a_x", "c_y"]}, {}, "'c_y', which is no answer"),
        (AB, {"a": None, "b": []}, {}, "question 'b' has the dependency"),
        (AB, {"a": None, "b": True}, {}, "question 'b' has the dependency True"),
        (AB, {"a": None, "b": ["a_x", None]}, {}, "question 'b' has the dependency"),
        (AB, {"a": None, "b": ["a_x", "a_x"]}, {}, "question 'b' lists a dependency twice"),
        (AB, {"a": "a_x", "b": None}, {}, "circle.*'a' -> 'a'"),
        (AB, {"a": "b_x", "b": "a_x"}, {}, "circle.*('a' -> 'b' -> 'a'|'b' -> 'a' -> 'b')"),
        (AB, NONE, {"campaigns": "dr5"}, "campaigns must be a list"),
        (AB, NONE, {"campaigns": ["dr5", "dr5"]}, "twice"),
        (AB, NONE, {"campaigns": ["dr5"]}, "question 'a' belongs to no listed campaign"),
        (AB, NONE, {"campaigns": [5]}, "a campaign is 5, not text"),
        (
            {"a-dr5": ["_x", "_y"]},
            {"a-dr5": None},
            {"campaigns": ["dr5", "dr8"]},
            "campaign 'dr8' has no question",
        ),
        (AB, NONE, {"columns": {"a_z": "t1"}}, "columns has 'a_z'.*Did you mean"),
        (AB, NONE, {"columns": {"a_x": "t1", "b_x": "t1"}}, "'a_x' and 'b_x' have the same column"),
        (AB, NONE, {"columns": {"a_x": "b_y"}}, "'a_x' and 'b_y' have the same column 'b_y'"),
        (AB, NONE, {"columns": ["a_x"]}, "columns must map"),
        (AB, NONE, {"columns": {"a_x": 3}}, "the column of 'a_x' is 3, not text"),
        (AB, NONE, {"title": 2022}, "title is 2022"),
        (AB, NONE, {"citation": "\x07"}, "citation is"),
        (AB, NONE, {"name": ""}, "the schema's name"),
    ],
)
def test_what_is_not_a_tree_is_refused(
    pairs: Any, parents: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SchemaError, match=message) as caught:
        Schema(pairs, parents, **options)
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) < 600


def test_too_many_answers() -> None:
    suffixes = [f"_{i}" for i in range(10_001)]
    with pytest.raises(SchemaError, match="more than 10,000 answers"):
        Schema({"a": suffixes}, {"a": None})
    assert len(Schema({"a": suffixes[:-1]}, {"a": None}).label_cols) == 10_000


def test_a_long_chain_and_a_long_circle() -> None:
    pairs = {f"q{i}": ["_x", "_y"] for i in range(5_000)}
    parents: dict[str, str | None] = {f"q{i}": f"q{i + 1}_x" for i in range(4_999)}
    chain = Schema(pairs, parents | {"q4999": None})
    assert chain.proportions_asked(np.full((1, 10_000), 0.5))[0, 4_990] == 0.5**9
    with pytest.raises(SchemaError, match="circle") as caught:
        Schema(pairs, parents | {"q4999": "q0_x"})
    assert len(str(caught.value)) < 400


@st.composite
def trees(draw: st.DrawFn) -> Schema:
    """Any tree: printable names, several parents, in any order of listing."""
    text = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
    names = draw(st.lists(text, min_size=1, max_size=5, unique=True))
    # A number after the name keeps question + suffix unambiguous.
    pairs = {
        f"{name}{i}": [
            f"_{i}_{suffix}" for suffix in draw(st.lists(text, min_size=2, max_size=4, unique=True))
        ]
        for i, name in enumerate(names)
    }
    parents: dict[str, Any] = {}
    above: list[str] = []
    for question, suffixes in pairs.items():
        chosen = draw(st.lists(st.sampled_from(above), unique=True)) if above else []
        parents[question] = chosen[0] if len(chosen) == 1 else chosen or None
        above += [question + suffix for suffix in suffixes]
    order = draw(st.permutations(list(pairs)))
    answers = [question + suffix for question in order for suffix in pairs[question]]
    columns = {answer: f"t{i}" for i, answer in enumerate(answers) if draw(st.booleans())}
    return Schema(
        {question: pairs[question] for question in order},
        parents,
        title=draw(st.none() | st.just("A: title, #1")),
        columns=columns,
    )


@given(trees())
def test_written_and_read_again_it_is_the_same(schema: Schema) -> None:
    import yaml

    content = yaml.safe_load(schema.to_yaml())
    again = Schema(
        content["question_answer_pairs"],
        content["dependencies"],
        title=content.get("title"),
        columns=content.get("columns"),
    )
    assert json.dumps(again.question_answer_pairs) == json.dumps(schema.question_answer_pairs)
    assert again.dependencies == schema.dependencies
    assert (again.title, again.columns) == (schema.title, schema.columns)
    assert again.content_hash == schema.content_hash


@given(trees(), st.integers(0, 2**32 - 1))
def test_proportions_are_those_of_walking_up_the_tree(schema: Schema, seed: int) -> None:
    fractions = np.random.default_rng(seed).dirichlet(np.ones(len(schema.label_cols)))
    share = dict(zip(schema.label_cols, fractions, strict=True))
    owner = {answer.name: q for q in schema.questions for answer in q.answers}

    def reached(question: Any) -> float:
        if not question.asked_after:
            return 1.0
        return float(sum(share[parent] * reached(owner[parent]) for parent in question.asked_after))

    asked = schema.proportions_asked([fractions])[0]
    np.testing.assert_allclose(asked, [reached(q) for q in schema.questions], rtol=1e-12)


def test_detection_finds_each_tree_from_its_own_columns() -> None:
    for name in built_in_names():
        columns = load_schema(name).label_cols
        assert detect_schema(["id_str", *columns], reversed_with(columns, "iauname")).name == name


def reversed_with(columns: list[str], extra: str) -> list[str]:
    return [extra, *reversed(columns), f"{columns[0]}_fraction"]


def test_detection_takes_what_both_tables_have() -> None:
    public, dr5 = load_schema("gz-evo-v2-public"), load_schema("decals-dr5-ortho")
    assert detect_schema(public.label_cols, dr5.label_cols).name == "decals-dr5-ortho"
    every = load_schema("gz-evo-v2").label_cols
    assert detect_schema(every, every).name == "gz-evo-v2"  # it contains all the others that fit


def test_detection_lists_the_candidates_where_none_contains_the_others() -> None:
    columns = load_schema("gz2-ortho").label_cols + load_schema("gz-ukidss").label_cols
    with pytest.raises(DataError, match=r"several schemas: 'gz-ukidss', 'gz2-ortho'.*schema="):
        detect_schema(columns)


def test_detection_names_the_nearest_and_what_it_lacks() -> None:
    columns = load_schema("decals-dr5-ortho").label_cols
    with pytest.raises(DataError, match=r"'decals-dr5-ortho': 2 of its 34.*'merging-dr5_merger'"):
        detect_schema(columns, columns[:-2])
    nearest, missing = nearest_schema(columns[2:])
    assert nearest.name == "decals-dr5-ortho"
    assert missing == columns[:2]


def test_detection_knows_a_catalogues_own_columns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mapped = tree(name="mine", columns={"ring_yes": "t08_ring_a14_yes"})
    (tmp_path / "mine.yaml").write_text(mapped.to_yaml())
    monkeypatch.setattr("zoocli.schema.detection.built_in_folder", lambda: tmp_path)
    monkeypatch.setattr("zoocli.schema.detection.built_in_names", lambda: ("mine",))
    monkeypatch.setattr("zoocli.schema.detection.built_in", lambda name: mapped)
    catalogue = ["t08_ring_a14_yes", *mapped.label_cols[1:]]
    assert detect_schema(mapped.label_cols, catalogue) is mapped
    assert nearest_schema(catalogue[1:]) == (mapped, ["ring_yes"])


@pytest.mark.parametrize("tables", [[], [[]], [["id_str", "label"]], [["ring_yes"], ["ring_no"]]])
def test_detection_with_nothing_in_common(tables: list[list[str]]) -> None:
    with pytest.raises(DataError, match="No built-in schema fits"):
        detect_schema(*tables)


def test_the_reference_facts_have_the_same_hash_as_the_files() -> None:
    if not FACTS.exists():
        pytest.skip("the reference facts are not on this machine (../shared/data)")
    for name, facts in json.loads(FACTS.read_text()).items():
        schema = Schema(
            facts["question_answer_pairs"], facts["dependencies"], campaigns=facts["campaigns"]
        )
        assert schema.content_hash == load_schema(name).content_hash


@pytest.mark.parametrize("name", ["overall", "campaign:dr5"])
def test_questions_are_not_called_as_rows_of_results(name):
    with pytest.raises(SchemaError, match="name of a row of results"):
        Schema({name: ["_yes", "_no"]}, {name: None})
