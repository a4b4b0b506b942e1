"""Schema files: the 21 built-in ones, and everything that a file can do wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED_DATA
from zoocli.errors import DataError, SchemaError, UsageError, ZoocliError
from zoocli.schema import Schema, built_in_names, load_schema, read_schema
from zoocli.schema import files as schema_files
from zoocli.schema.detection import FIRST_QUESTION
from zoocli.schema.files import built_in_folder
from zoocli.schema.tree import KEYS

FACTS = SHARED_DATA / "galaxy-zoo-trees.json"

# name: (questions, answers, campaigns)
BUILT_IN = {
    "cosmic-dawn": (13, 45, "cosmic-dawn"),
    "cosmic-dawn-ortho": (13, 45, "cd"),
    "decals-all-campaigns-ortho": (30, 98, "dr12 dr5 dr8"),
    "decals-dr12-ortho": (10, 30, "dr12"),
    "decals-dr5-ortho": (10, 34, "dr5"),
    "decals-dr8-ortho": (10, 34, "dr8"),
    "desi": (10, 34, "desi"),
    "euclid": (13, 46, "euclid"),
    "euclid-ortho": (13, 46, "euclid"),
    "gz-candels-ortho": (11, 32, "candels"),
    "gz-evo-v1": (76, 239, "dr12 dr5 dr8 gz2 candels hubble cd"),
    "gz-evo-v1-public": (63, 194, "dr12 dr5 dr8 gz2 candels hubble"),
    "gz-evo-v2": (86, 279, "dr12 dr5 dr8 gz2 candels hubble cd euclid"),
    "gz-evo-v2-public": (60, 188, "dr12 dr5 dr8 gz2 candels hubble"),
    "gz-hubble-ortho": (12, 34, "hubble"),
    "gz-hubble-v2-ortho": (9, 28, "hubble"),
    "gz-jwst": (12, 39, "jwst"),
    "gz-jwst-cosmos": (11, 36, "jwst"),
    "gz-rings": (1, 2, "gz-rings"),
    "gz-ukidss": (10, 30, "ukidss"),
    "gz2-ortho": (10, 30, "gz2"),
}

GOOD = """\
title: Bars and rings
citation: Author et al. 2024
campaigns: [x]
question_answer_pairs:
  bar-x: [_yes, _no]
  ring-x: [_yes, _no]
dependencies:
  bar-x: null
  ring-x: [bar-x_yes, bar-x_no]
columns:
  bar-x_yes: t03_bar_a06_bar_count
"""


@pytest.fixture(params=["compiled", "pure"], autouse=True)
def _either_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML comes with and without its compiled loader: both must behave alike."""
    if request.param == "pure":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)


def written(folder: Path, text: str | bytes, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_all_built_in_trees_load() -> None:
    assert set(built_in_names()) == set(BUILT_IN)
    assert len(BUILT_IN) == 21
    for name, (questions, answers, campaigns) in BUILT_IN.items():
        schema = read_schema(schema_files.built_in_folder() / f"{name}.yaml")
        assert (len(schema.questions), len(schema.label_cols)) == (questions, answers)
        assert " ".join(schema.campaigns) == campaigns
        assert schema.name == name
        assert schema.title is not None
        assert schema.citation is not None


def test_built_in_trees_are_the_facts_in_their_order() -> None:
    if not FACTS.exists():
        pytest.skip("the reference facts are not on this machine (../shared/data)")
    facts = json.loads(FACTS.read_text())
    assert sorted(facts) == list(built_in_names())
    for name, tree in facts.items():
        schema = load_schema(name)
        # As text, so that the order counts.
        for key in ("question_answer_pairs", "dependencies"):
            assert json.dumps(getattr(schema, key)) == json.dumps(tree[key]), (name, key)
        assert list(schema.campaigns) == (tree["campaigns"] or [name])
        if tree["zoobot_name"]:
            assert load_schema(tree["zoobot_name"]).name == name


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    schema = load_schema(written(tmp_path, GOOD))
    assert schema.name == "mine"
    assert (schema.title, schema.citation) == ("Bars and rings", "Author et al. 2024")
    assert schema.campaigns == {"x": (0, 1)}
    assert schema.dependencies == {"bar-x": None, "ring-x": ["bar-x_yes", "bar-x_no"]}
    assert schema.columns == {"bar-x_yes": "t03_bar_a06_bar_count"}
    assert schema.to_yaml() == GOOD


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    plain = load_schema(written(tmp_path, GOOD))
    marked = written(tmp_path, b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), "bom.yml")
    assert load_schema(str(marked)).content_hash == plain.content_hash


TRICKY = (
    *(
        "y",
        "n",
        "yes",
        "No",
        "ON",
        "off",
        "true",
        "False",
        "null",
        "Null",
        "~",
        "<<",
        "=",
        "_",
        "-",
    ),
    *("1", "1.0", "0x1f", "1e5", ".inf", "1:30", "2001-01-01", "_1", "a: b", "a #b", "- a", "a, b"),
    *(
        "[a]",
        "{a}",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "'",
        '"',
        "\\n",
        "a\u0301",
        "\u26a0",
        "\U0001f30c",
    ),
)


def test_names_that_yaml_could_misread_are_written_in_quotes(tmp_path: Path) -> None:
    pairs = {"bar": list(TRICKY)} | {name: ["/x", "/y"] for name in TRICKY}
    schema = Schema(pairs, dict.fromkeys(pairs) | {"yes": "baryes"}, title="no", citation="1: 2")
    again = read_schema(written(tmp_path, schema.to_yaml()))
    assert again.question_answer_pairs == pairs
    assert again.dependencies == schema.dependencies
    assert (again.title, again.citation) == ("no", "1: 2")


def test_empty_campaigns_are_none(tmp_path: Path) -> None:
    text = GOOD.replace("campaigns: [x]", "campaigns: []")
    assert load_schema(written(tmp_path, text)).campaigns == {"mine": (0, 1)}


def test_a_built_in_name_comes_before_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, GOOD, "desi")
    written(tmp_path, GOOD, "bars")
    assert load_schema("desi").label_cols[0] == "smooth-or-featured_smooth"
    assert load_schema("./desi").label_cols[0] == "bar-x_yes"
    assert load_schema(Path("desi")).label_cols[0] == "bar-x_yes"
    assert load_schema("bars").label_cols[0] == "bar-x_yes"
    assert load_schema(load_schema("bars")).name == "bars"


@pytest.mark.parametrize(
    "name", ["decals_dr5_ortho_schema", "DECaLS-DR5-ortho", "decals_dr5_ortho"]
)
def test_zoobots_names_are_understood(name: str) -> None:
    assert load_schema(name).name == "decals-dr5-ortho"


def test_an_unknown_name_suggests_the_closest() -> None:
    with pytest.raises(UsageError, match=r"'decals-dr5'.*Did you mean 'decals-dr5-ortho'"):
        load_schema("decals-dr5")
    with pytest.raises(UsageError, match=r"no schema 'zzz'.*zoocli schema list") as caught:
        load_schema("zzz")
    assert "Did you mean" not in str(caught.value)
    for name in ("", "a" * 10_000, "a\0b", "\ud800"):
        with pytest.raises(UsageError):
            load_schema(name)


def pairs(text: str, parents: str = "{a: null}") -> str:
    return f"question_answer_pairs: {text}\ndependencies: {parents}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("---\n...\n", "mapping"),
        ("just text", "mapping"),
        ("[a, b]", "mapping"),
        ("question_answer_pairs: {a: [_x, _y]}", "dependencies is missing"),
        ("dependencies: {a: null}", "question_answer_pairs is missing"),
        ("titel: x\n" + pairs("{a: [_x, _y]}"), "unknown key 'titel'.*title"),
        ("zzz: x\n" + pairs("{a: [_x, _y]}"), "unknown key 'zzz'.*question_answer_pairs"),
        (pairs("{a: [yes, no]}"), "line 1: YAML reads an unquoted yes as true.*Quote it"),
        (pairs("\n  a:\n  - _x\n  - Off"), "line 4: YAML reads an unquoted Off"),
        (pairs("{no: [_x, _y]}"), "line 1: YAML reads an unquoted no"),
        (pairs("{a: [_x, _y]}", "{a: no}"), "line 2: YAML reads an unquoted no"),
        (pairs("{a: [1, 2]}"), "line 1: YAML reads '1' as int"),
        (pairs("{a: [2001-99-99, _y]}"), "line 1: YAML reads '2001-99-99' as timestamp"),
        (pairs("{a: [" + "1" * 5_000 + ", _y]}"), "as int"),
        (pairs("{a: [.nan, _y]}"), "as float"),
        (pairs("{a: [[_x], _y]}"), "not text"),
        (pairs("{a: {_x: _y}}"), "needs a list"),
        (pairs("{? [a] : [_x, _y]}"), "a seq stands where plain text belongs"),
        (pairs("{a: [_x, _y], <<: {b: [_x, _y]}}"), "as merge"),
        (pairs("{a: [_x, _y], ~: [_x, _y]}"), "as null"),
        (pairs("\n  a: [_x, _y]\n  b: [_x, _y]\n  a: [_z, _y]"), "line 4: 'a'.*first at line 2"),
        (pairs("{a: [_x, _y]}") + "dependencies: {}\n", "line 3: 'dependencies'.*first at line 2"),
        (pairs("{a: [_x, _y]}") + "'dependencies': {}\n", "line 3: 'dependencies'"),
        (pairs("{a: &b [_x, _y]}"), "line 1: anchors"),
        (pairs("{a: [_x, *b]}"), "line 1: anchors"),
        ("!!python/object/apply:os.system ['touch pwned']", "not text|plain text"),
        (pairs("{a: !!python/object/apply:os.system ['touch pwned']}"), "plain text"),
        (pairs("{a: [!!python/name:os.system '', _y]}"), "not as text"),
        (pairs("!!set {a: [_x, _y]}"), "a set stands where"),
        (pairs("!local {a: [_x, _y]}"), "plain text"),
        (pairs("[" * 30 + "]" * 30), "nested too deeply"),
        ("[" * 400_000, "nested too deeply"),
        ("{a: " * 200_000, "nested too deeply"),
        ("- " * 400_000, "nested too deeply"),
        ("a: [_x", "not valid YAML"),
        ("a: b: c", "line 1: not valid YAML"),
        ("\ta: b", "line 1: not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("%YAML 9.9\n---\na: b\n", "not valid YAML|unknown key"),
        ("campaigns: dr5\n" + pairs("{a: [_x, _y]}"), "campaigns must be a list"),
        ("title: [a]\n" + pairs("{a: [_x, _y]}"), "title is"),
        ("title: 2024\n" + pairs("{a: [_x, _y]}"), "line 1: YAML reads '2024' as int"),
        (pairs("null"), "question_answer_pairs must map"),
        (pairs("{a: [_x, _y], b: [_x, _y]}", "{a: b_x, b: a_x}"), "circle"),
        (pairs("{a: [_x, _y], b: [_x, _y]}", "{a: null, b: a_z}"), "'a_z', which is no answer"),
    ],
)
def test_a_bad_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, text)
    with pytest.raises(SchemaError, match=message) as caught:
        load_schema(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 600 + len(str(path))
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["mine.yaml"]  # no code ran


def test_a_bomb_of_aliases_goes_off_nowhere(tmp_path: Path) -> None:
    lines = ["a0: &a0 [_x, _x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    with pytest.raises(SchemaError, match="line 1: anchors"):
        load_schema(written(tmp_path, "\n".join(lines)))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.yaml: no such file"):
        load_schema(str(tmp_path / "none.yaml"))
    with pytest.raises(DataError, match="cannot be read"):
        load_schema(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        load_schema("a\0b.yaml")
    with pytest.raises(SchemaError, match="larger than 1,000,000 bytes"):
        load_schema(written(tmp_path, b"#" * 1_000_001))
    with pytest.raises(SchemaError, match="larger than 1,000,000 bytes"):
        load_schema(Path("/dev/zero"))
    with pytest.raises(SchemaError, match=r"byte 3 is not UTF-8.*Save"):
        load_schema(written(tmp_path, b"a: \xff\xfe"))
    with pytest.raises(SchemaError, match="not UTF-8"):
        load_schema(written(tmp_path, GOOD.encode("utf-16")))


def test_a_broken_installation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_files, "__file__", str(tmp_path / "zoocli/schema/files.py"))
    with pytest.raises(ZoocliError, match="reinstall zoocli") as caught:
        schema_files.built_in_folder()
    assert caught.value.exit_code == 4
    packaged, checkout = tmp_path / "zoocli/schemas", tmp_path / "schemas"
    checkout.mkdir()
    assert schema_files.built_in_folder() == checkout
    packaged.mkdir(parents=True)
    assert schema_files.built_in_folder() == packaged


WORDS = st.sampled_from(
    ["\n", "\n  ", "? ", "- ", ": ", ", ", "\t", "!!str", "&a", "*a", "<<", "---", *"[]{}#|>%@'\"~"]
    + ["a", "b", "_x", "_y", "a_x", "b_y", "1", "yes", "no", "null"]
    + [f"{key}:" for key in KEYS]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(WORDS, max_size=60).map("".join) | st.text() | st.binary())
def test_no_text_gets_past_the_error_family(tmp_path: Path, text: str | bytes) -> None:
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    try:
        schema = read_schema(written(tmp_path, content))
    except ZoocliError as error:
        assert str(error).startswith(str(tmp_path))
    else:
        assert len(schema.label_cols) >= 2


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from(["a", "b", "no", "y", "a_x", "_x", "_y", "title", "campaigns"])
CONTENT = st.recursive(
    SCALARS | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | SCALARS, inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {
            "question_answer_pairs": CONTENT | st.dictionaries(NAMES, st.lists(NAMES, min_size=2)),
            "dependencies": CONTENT | st.dictionaries(NAMES, NAMES | st.none()),
        },
        optional={"campaigns": CONTENT, "columns": CONTENT, "title": CONTENT},
    )
)
def test_no_yaml_gets_past_the_error_family(tmp_path: Path, content: dict[str, object]) -> None:
    path = written(tmp_path, yaml.safe_dump(content, allow_unicode=True))
    try:
        schema = read_schema(path)
    except ZoocliError:
        return
    again = written(tmp_path, schema.to_yaml())
    assert read_schema(again).content_hash == schema.content_hash


def test_the_text_of_every_built_in_tree_tells_its_first_question() -> None:
    for name in BUILT_IN:
        first = FIRST_QUESTION.search((built_in_folder() / f"{name}.yaml").read_text())
        assert first is not None, name
        assert first[1] == next(iter(load_schema(name).question_answer_pairs)), name


def test_part_of_a_name_lists_those_that_have_it() -> None:
    with pytest.raises(UsageError, match=r"There are 'decals-all-campaigns-ortho'"):
        load_schema("decals")
