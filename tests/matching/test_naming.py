"""Columns found by pattern, by usual endings, by the schema's own names; ids cut out of texts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

import zoocli
from tests.command import read, run, write
from tests.conftest import SHARED_DATA

VOTES = {"ring_yes": [3, 0, 7], "ring_no": [1, 0, 2]}
CONCENTRATIONS = {"ring_yes": [3.0, 2.0, 8.0], "ring_no": [1.0, 5.0, 0.5]}
IDS = ["a", "b", "c"]


def named(columns: dict[str, list], pattern: str) -> pa.Table:
    renamed = {pattern.replace("{answer}", name): values for name, values in columns.items()}
    return pa.table({"id": IDS, **renamed})


@pytest.fixture(scope="module")
def plain() -> pa.Table:
    return zoocli.score(named(CONCENTRATIONS, "{answer}"), named(VOTES, "{answer}"))


@pytest.mark.parametrize("schema", [None, "gz-rings"])
@pytest.mark.parametrize("votes", ["{answer}_count", "{answer}_votes"])
@pytest.mark.parametrize(
    "predictions", ["{answer}_pred", "{answer}_concentration", "{answer}_concentrations"]
)
def test_usual_endings_are_found_and_reported(
    plain: pa.Table, predictions: str, votes: str, schema: str | None
) -> None:
    tables = named(CONCENTRATIONS, predictions), named(VOTES, votes)
    with pytest.warns(zoocli.ZoocliWarning) as warned:
        scores = zoocli.score(*tables, schema)
    assert scores.equals(plain)
    said = " ".join(str(warning.message) for warning in warned)
    assert f"The columns of the predictions were found as {predictions} (" in said
    assert f"The columns of the votes were found as {votes} (" in said


@pytest.mark.parametrize("schema", [None, "gz-rings"])
def test_patterns_name_the_columns(plain: pa.Table, schema: str | None) -> None:
    predictions = named(CONCENTRATIONS, "model.{answer}(mean)")
    votes = named(VOTES, "n_{answer}")
    scores = zoocli.score(
        predictions,
        votes,
        schema,
        predictions_column="model.{answer}(mean)",
        votes_column="n_{answer}",
    )
    assert scores.equals(plain)


def test_a_pattern_goes_before_plain_names(plain: pa.Table) -> None:
    """A catalogue may hold raw counts beside weighted ones."""
    votes = named(VOTES, "{answer}_raw")
    for name in VOTES:
        votes = votes.append_column(name, pa.array([9, 9, 9]))
    predictions = named(CONCENTRATIONS, "{answer}")
    assert zoocli.score(predictions, votes, votes_column="{answer}_raw").equals(plain)
    assert not zoocli.score(predictions, votes).equals(plain)


@pytest.mark.parametrize("pattern", ["", "_pred", "{answer}{answer}", "{Answer}_pred"])
def test_a_pattern_holds_the_answer_once(pattern: str) -> None:
    with pytest.raises(zoocli.UsageError, match=r"votes_column= must contain \{answer\} once"):
        zoocli.score(
            named(CONCENTRATIONS, "{answer}"), named(VOTES, "{answer}"), votes_column=pattern
        )


def test_two_usual_endings_are_not_guessed_between() -> None:
    votes = named(VOTES, "{answer}_count")
    for name in VOTES:
        votes = votes.append_column(f"{name}_votes", pa.array([1, 1, 1]))
    with pytest.raises(zoocli.DataError, match=r"as \{answer\}_count, or as \{answer\}_votes"):
        zoocli.score(named(CONCENTRATIONS, "{answer}"), votes)
    scores = zoocli.score(named(CONCENTRATIONS, "{answer}"), votes, votes_column="{answer}_votes")
    assert scores["ring_total-votes"].to_pylist() == [2, 2, 2]


@pytest.mark.parametrize("schema", [None, "gz-rings"])
@pytest.mark.parametrize("ending", ["_fraction", "_frac", "_debiased", "_weighted_fraction"])
def test_fractions_have_no_likelihood(ending: str, schema: str | None) -> None:
    fractions = {"ring_yes": [0.75, 0.5, 0.2], "ring_no": [0.25, 0.5, 0.8]}
    plain = named(CONCENTRATIONS, "{answer}"), named(VOTES, "{answer}")
    of_fractions = named(fractions, "{answer}" + ending)
    with pytest.raises(zoocli.DataError, match=r"the votes has fractions only.*counts of votes"):
        zoocli.score(plain[0], of_fractions, schema)
    with pytest.raises(zoocli.DataError, match=r"the predictions has fractions.*concentrations"):
        zoocli.score(of_fractions, plain[1], schema)


def test_a_missing_column_is_named_as_it_should_be_called() -> None:
    votes = named(VOTES, "n_{answer}").drop(["n_ring_no"])
    with pytest.raises(zoocli.DataError, match="has no column 'n_ring_no'"):
        zoocli.score(
            named(CONCENTRATIONS, "{answer}"), votes, "gz-rings", votes_column="n_{answer}"
        )


# Ids cut out of texts


def paths(folder: str, names: list[str]) -> list[str]:
    return [f"/data/{folder}/J{name}.v2.jpg" for name in names]


def test_ids_are_cut_out_of_both_sides(tmp_path: Path, plain: pa.Table) -> None:
    predictions = pa.table({"id": paths("gpu-1", IDS), **CONCENTRATIONS})
    votes = pa.table({"id": [paths("archive", ["a"])[0], "b", paths("x/y", ["c"])[0]], **VOTES})
    for suffix in ("csv", "parquet"):
        write(tmp_path / f"p.{suffix}", predictions)
        write(tmp_path / f"v.{suffix}", votes)
        done = run(
            *("score", tmp_path / f"p.{suffix}", tmp_path / f"v.{suffix}", "-o", "-"),
            *("--id-from", r"/J([^/.]+)[^/]*\.jpg$"),
        )
        assert done.code == 0, done.err
        (tmp_path / "scores.csv").write_bytes(done.binary)
        scores = read(tmp_path / "scores.csv")
        assert scores["id"].to_pylist() == IDS  # 'b' is as it was
        assert scores["loss"].to_pylist() == plain["loss"].to_pylist()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"([0-9]+)", "plate 17 of 23"),
        (r"^gal-(.+)$", "gal-a/b\nc"),
        (r"(?:id|name)=(\w+)", "x;name=J12;y"),
        (r"(a|b)c", "xxbcac"),
        (r"never(matches)", "as it is"),
        (r"\((.*)\)", "f(x)"),
    ],
)
def test_the_first_match_as_python_finds_it(pattern: str, text: str) -> None:
    found = re.search(pattern, text)
    expected = found[1] if found else text
    predictions = pa.table({"id": [text], "ring_yes": [1.0], "ring_no": [2.0]})
    votes = pa.table({"id": [expected], "ring_yes": [1], "ring_no": [2]})
    scores = zoocli.score(predictions, votes, id_from=pattern)
    assert scores["id"].to_pylist() == [expected]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("no group", "must have one group"),
        ("(a)(b)", "it has 2"),
        ("(a", "is not a regular expression"),
        ("(?=a)(b)", "that RE2 knows"),
    ],
)
def test_patterns_that_make_no_id(pattern: str, says: str) -> None:
    with pytest.raises(zoocli.UsageError, match=re.escape(says)):
        zoocli.score(named(CONCENTRATIONS, "{answer}"), named(VOTES, "{answer}"), id_from=pattern)


def test_an_id_that_becomes_empty_is_refused() -> None:
    with pytest.raises(zoocli.DataError, match="has no id in 1 of its rows, the first in row 2"):
        zoocli.score(
            pa.table({"id": ["x1", "x", "x3"], **CONCENTRATIONS}),
            named(VOTES, "{answer}"),
            id_from="x(.*)",
        )


def test_ids_that_become_the_same_are_duplicates() -> None:
    predictions = pa.table({"id": ["1/a", "2/a", "1/c"], **CONCENTRATIONS})
    with pytest.raises(zoocli.DataError, match=r"1 ids occur more than once.*'a'"):
        zoocli.score(predictions, named(VOTES, "{answer}"), id_from="/(.*)")


# Sentinels


def test_sentinels_are_missing_votes(plain: pa.Table, tmp_path: Path) -> None:
    votes = named({"ring_yes": [3, -999, 7], "ring_no": [1, -999, 2]}, "{answer}")
    with pytest.raises(zoocli.DataError, match="votes below zero"):
        zoocli.score(named(CONCENTRATIONS, "{answer}"), votes)
    for kind in (pa.int32(), pa.float32(), pa.string()):
        as_kind = votes.cast(pa.schema([("id", pa.string()), *((n, kind) for n in VOTES)]))
        scores = zoocli.score(named(CONCENTRATIONS, "{answer}"), as_kind, null_value=-999)
        assert scores.equals(plain)
        assert b"null_value:-999" in scores.schema.metadata[b"zoocli"]
    write(tmp_path / "p.csv", named(CONCENTRATIONS, "{answer}"))
    write(tmp_path / "v.csv", votes)
    done = run(
        *("score", tmp_path / "p.csv", tmp_path / "v.csv", "-q"),
        *("--null-value", "-999", "--null-value", "-99"),
    )
    assert done.code == 0, done.err
    assert b"b,0,0,0" in done.binary


def test_a_sentinel_in_some_answers_is_a_partly_missing_question() -> None:
    votes = named({"ring_yes": [3, -999, 7], "ring_no": [1, 4, 2]}, "{answer}")
    with pytest.raises(zoocli.DataError, match="some answers missing and others not"):
        zoocli.score(named(CONCENTRATIONS, "{answer}"), votes, null_value=-999)


# The published table of Galaxy Zoo 2


@pytest.mark.skipif(
    not (SHARED_DATA / "gz2-stripe82.csv.gz").exists(), reason="no shared data here"
)
def test_the_published_gz2_table_fits_its_tree(tmp_path: Path) -> None:
    """Every count of the real table reaches the score, by the names in the schema file."""
    schema = zoocli.load_schema("gz2-ortho")
    columns = schema.catalogues["gz2"].columns
    source = SHARED_DATA / "gz2-stripe82.csv.gz"
    published = pa_csv.read_csv(source, read_options=pa_csv.ReadOptions(block_size=1 << 26))
    random = np.random.default_rng(3)
    answers = schema.label_cols
    predictions = pa.table(
        {
            "objid": published["objid"],
            **{answer: random.uniform(1, 101, published.num_rows) for answer in answers},
        }
    )
    with pytest.warns(zoocli.ZoocliWarning, match="as in the catalogue gz2"):
        scores = zoocli.score(predictions, source)
    assert scores["objid"].equals(published["objid"])
    for question in schema.questions:
        counted = sum(
            published[f"{columns[answer.name]}_count"].to_numpy() for answer in question.answers
        )
        assert scores[f"{question.name}_total-votes"].to_pylist() == counted.tolist()
