"""Merging the summaries of parts: equal to the whole, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.scores_tables import CAMPAIGNS, QUESTIONS, SETTINGS, VOTES_ROWS, draw
from zoocli.cli.merge import merge
from zoocli.errors import DataError, UsageError
from zoocli.foundation.version import __version__
from zoocli.matching.account import Matching
from zoocli.runs.merging import require_coverage
from zoocli.runs.provenance import Provenance
from zoocli.schema import Levels
from zoocli.scoring.summaries.merge import merge_summaries
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.sums import Sums

LEVELS = Levels(CAMPAIGNS, QUESTIONS)


def part(losses: np.ndarray, votes: np.ndarray, **changed: Any) -> Summary:
    """The summary of some galaxies of PREDICTIONS, scored against the whole VOTES."""
    sums = Sums.zeros(len(LEVELS))
    sums.add_batch(LEVELS, losses.sum(axis=0), losses, votes)
    matched = losses.shape[1]
    provenance = Provenance(
        loss="dirichlet",
        schema="two-campaigns",
        settings=dict(SETTINGS),
        matching=Matching(matched, 3, VOTES_ROWS - matched, 1, 0),
    )
    return Summary.from_sums(LEVELS, sums, True, provenance=provenance, **changed)


def made(summary: Summary, **changed: Any) -> Summary:
    """The same summary, made otherwise."""
    return replace(summary, provenance=replace(summary.provenance, **changed))


@pytest.fixture
def halves() -> tuple[Summary, Summary]:
    losses, votes = draw(300)
    return (
        part(losses[:, :100], votes[:, :100], file="a.json"),
        part(losses[:, 100:], votes[:, 100:], file="b.json"),
    )


@given(st.lists(st.integers(0, 200), max_size=6), st.integers(0, 100), st.randoms())
def test_parts_add_up_to_the_whole(cuts: list[int], seed: int, random: Any) -> None:
    losses, votes = draw(200, seed)
    edges = [0, *sorted(cuts), 200]
    parts = [part(losses[:, start:stop], votes[:, start:stop]) for start, stop in pairwise(edges)]
    whole, merged = part(losses, votes), merge_summaries(parts)
    for ours, theirs in zip(merged.rows(), whole.rows(), strict=True):
        for key in ("level", "name", "galaxies", "galaxies_all", "votes"):
            assert ours[key] == theirs[key]
        for key in ("sum", "sum_squares", "mean", "mean_all"):
            assert ours[key] == pytest.approx(theirs[key], rel=1e-12)
    assert merged.matching is not None
    assert merged.matching.matched == 200
    assert merged.matching.votes_only == VOTES_ROWS - 200
    assert merged.matching.predictions_only == 3 * len(parts)
    random.shuffle(parts)
    assert merge_summaries(parts) == merged


def test_one_part_is_the_whole(halves: tuple[Summary, Summary]) -> None:
    assert merge_summaries(halves[:1]) == replace(halves[0], file=None)


def test_nothing_cannot_be_merged() -> None:
    with pytest.raises(UsageError, match="nothing to merge"):
        merge_summaries([])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: made(s, loss="mse"), "loss \\('dirichlet' and 'mse'\\)"),
        (lambda s: made(s, schema="desi"), "schema \\('two-campaigns' and 'desi'\\)"),
        (
            lambda s: made(s, settings=SETTINGS | {"schema_hash": "99"}),
            "schema_hash \\('1f2e' and '99'\\)",
        ),
        (
            lambda s: made(s, settings=SETTINGS | {"votes_fingerprint": "0"}),
            "votes_fingerprint \\('77aa' and '0'\\)",
        ),
        (
            lambda s: made(s, settings=SETTINGS | {"on_invalid": "null"}),
            "on_invalid \\(none and 'null'\\)",
        ),
        (lambda s: replace(s, questions={}), "questions"),
        (lambda s: made(s, settings=None), "no settings"),
    ],
)
def test_parts_of_another_kind_are_refused_by_name(
    halves: tuple[Summary, Summary], change: Callable[[Summary], Summary], message: str
) -> None:
    with pytest.raises(DataError, match=f"b.json .*{message}"):
        merge_summaries([halves[0], change(halves[1])])


def test_parts_that_matched_more_votes_than_there_are_overlap() -> None:
    losses, votes = draw(60_000)
    one = part(losses, votes, file="a.json")
    two = part(losses[:, 1:], votes[:, 1:], file="b.json")
    with pytest.raises(DataError, match=r"overlap.* 119,999 rows of VOTES, which has 100,000"):
        merge_summaries([one, two])


def test_parts_with_the_same_statistics_are_noted(halves: tuple[Summary, Summary]) -> None:
    merged = merge_summaries([halves[0], halves[1], replace(halves[0], file="copy.json")])
    assert merged.overall.galaxies_all == 400
    assert len(merged.notes) == 1
    assert merged.notes[0].startswith("copy.json and a.json hold the same statistics.")


def test_parts_without_galaxies_may_be_many() -> None:
    losses, votes = draw(0)
    merged = merge_summaries([part(losses, votes)] * 3)
    assert (merged.overall.mean, merged.overall.mean_all, merged.overall.se) == (None, None, None)
    assert merged.matching == Matching(0, 9, VOTES_ROWS, 3, 0)


def test_without_an_account_in_every_part_there_is_none(halves: tuple[Summary, Summary]) -> None:
    merged = merge_summaries([halves[0], made(halves[1], matching=None)])
    assert merged.matching is None
    assert "no account of its matching" in merged.notes[0]


def test_versions_that_differ_are_named(halves: tuple[Summary, Summary]) -> None:
    merged = merge_summaries([made(halves[0], version="0.0.9"), halves[1]])
    both = f"0.0.9,{__version__}"
    assert merged.version == both
    assert merged.signature is not None
    assert merged.signature.endswith(f"|N:300|zoocli:{both}")
    assert f"different versions of zoocli: 0.0.9, {__version__}" in merged.notes[0]


def shards(*names: str | None) -> list[Summary]:
    losses, votes = draw(10 * len(names), seed=5)
    return [
        made(part(losses[:, 10 * i : 10 * i + 10], votes[:, 10 * i : 10 * i + 10]), shard=name)
        for i, name in enumerate(names)
    ]


def test_all_shards_make_the_whole() -> None:
    assert merge_summaries(shards("2/3", "1/3", "3/3")).shard is None


def test_shards_that_do_not_say_what_they_matched_are_refused() -> None:
    """As the summary of a shard's table is, made afterwards."""
    with pytest.raises(DataError, match="part 1 is of a shard, but does not say which rows"):
        require_coverage(["part 1", "part 2"], shards("1/2", "2/2"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("1/3", "3/3"), "1 of 3 shards are missing: '2'"),
        (("1/2", "1/2"), "part 2 and part 1 are both shard 1/2"),
        (("1/2", "2/3"), "do not belong together"),
        (("1/2", None), "part 2 is not a shard"),
        (("0/2", "1/2"), "'0/2'; expected I/N"),
        (("x", "1/2"), "'x'; expected I/N"),
    ],
)
def test_incomplete_shards_are_refused(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        merge_summaries(shards(*names))


app = typer.Typer()
app.command()(merge)


def write(folder: Path, *summaries: Summary) -> list[str]:
    paths = [folder / f"part {number}.json" for number in range(len(summaries))]
    for path, summary in zip(paths, summaries, strict=True):
        path.write_text(json.dumps(replace(summary, file=None).to_dict()))
    return [str(path) for path in paths]


def test_the_command_writes_the_merged_summary(
    halves: tuple[Summary, Summary], tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, write(tmp_path, *halves))
    assert result.exit_code == 0
    assert json.loads(result.stdout) == merge_summaries(halves).to_dict()
    assert result.stderr == ""


def test_the_command_says_notes_on_stderr_unless_quiet(
    halves: tuple[Summary, Summary], tmp_path: Path
) -> None:
    paths = write(tmp_path, made(halves[0], version="0.0.9"), halves[1])
    loud, quiet = (CliRunner().invoke(app, [*paths, *more]) for more in ([], ["--quiet"]))
    assert "different versions" in loud.stderr
    assert quiet.stderr == ""
    assert loud.stdout == quiet.stdout


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'{"overall": 3}', b"\xff\xfe", b"[" * 100_000, b"id,loss\n"],
)
def test_what_is_not_a_summary_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    result = CliRunner().invoke(app, [str(path)])
    assert isinstance(result.exception, DataError)
    assert "bad.json" in str(result.exception)
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sum", float("nan")),
        ("sum", True),
        ("sum", "3"),
        ("galaxies", -1),
        ("galaxies", 1.5),
        ("galaxies_all", 0),
        ("votes", "many"),
    ],
)
def test_statistics_that_cannot_be_are_refused(
    halves: tuple[Summary, Summary], key: str, value: Any
) -> None:
    content = halves[0].to_dict()
    content["overall"][key] = value
    with pytest.raises(DataError, match="not a zoocli summary"):
        Summary.from_dict(content, "bad.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [("settings", 3), ("loss", 3), ("shard", 1), ("matching", {"matched": 1}), ("questions", [])],
)
def test_summaries_that_cannot_be_are_refused(
    halves: tuple[Summary, Summary], key: str, value: Any
) -> None:
    with pytest.raises(DataError, match="not a zoocli summary"):
        Summary.from_dict(halves[0].to_dict() | {key: value}, "bad.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / "gone.json")])
    assert isinstance(result.exception, DataError)
    assert "gone.json" in str(result.exception)
