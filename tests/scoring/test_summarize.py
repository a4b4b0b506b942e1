"""`summarize`: what is read from scores tables and JSON summaries, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import typer
from scipy import stats
from typer.testing import CliRunner

from tests.scores_tables import (
    CAMPAIGNS,
    QUESTIONS,
    SETTINGS,
    VOTES_ROWS,
    draw,
    metadata,
    scores_table,
)
from zoocli.cli.summarize import summarize as command
from zoocli.errors import DataError, UsageError
from zoocli.matching.account import Matching
from zoocli.report.summary import STATISTICS
from zoocli.schema import Schema
from zoocli.scoring.summaries.summarize import summarize

SCHEMA = Schema(
    {name: ["_a", "_b"] for name in QUESTIONS},
    {name: None for name in QUESTIONS},
    name="two-campaigns",
    campaigns=list(CAMPAIGNS),
)
app = typer.Typer()
app.command()(command)


def run(*args: object, stdin: bytes | None = None) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)


@pytest.fixture
def table() -> pa.Table:
    """70,000 rows, so that there are two batches."""
    return scores_table(*draw(70_000), metadata(70_000))


@pytest.fixture
def small() -> pa.Table:
    return scores_table(*draw(50), metadata(50))


def test_statistics_are_those_of_pandas_and_scipy(table: pa.Table) -> None:
    summary, frame = summarize(table), table.to_pandas()
    for name in QUESTIONS:
        answered = frame[f"{name}_loss"][frame[f"{name}_total-votes"] > 0]
        statistics = summary.questions[name]
        assert statistics.mean == pytest.approx(answered.mean(), rel=1e-12)
        assert statistics.se == pytest.approx(stats.sem(answered), rel=1e-12)
        assert statistics.mean_all == pytest.approx(frame[f"{name}_loss"].mean(), rel=1e-12)
        assert statistics.votes == frame[f"{name}_total-votes"].sum()
        assert statistics.galaxies == len(answered)
    for campaign, positions in CAMPAIGNS.items():
        names = [QUESTIONS[position] for position in positions]
        loss = frame[[f"{name}_loss" for name in names]].sum(axis=1)
        votes = frame[[f"{name}_total-votes" for name in names]].sum(axis=1)
        assert summary.campaigns is not None
        assert summary.campaigns[campaign].mean == pytest.approx(loss[votes > 0].mean(), rel=1e-12)
        assert summary.campaigns[campaign].galaxies == (votes > 0).sum()
    assert summary.overall.sum == pytest.approx(frame["loss"].sum(), rel=1e-12)
    assert summary.overall.galaxies_all == 70_000


def test_how_the_scores_were_made_is_kept(small: pa.Table) -> None:
    summary = summarize(small)
    assert (summary.loss, summary.schema, summary.version) == (
        "dirichlet",
        "two-campaigns",
        "0.1.0",
    )
    assert summary.settings == SETTINGS
    assert summary.matching == Matching(50, 5, VOTES_ROWS - 50, 0, 0)
    assert summary.signature == (
        "loss:dirichlet|schema:two-campaigns@1f2e|rules:strict|votes:77aa|N:50|zoocli:0.1.0"
    )
    assert summary.notes == ()


def test_every_kind_of_source_gives_the_same(small: pa.Table, tmp_path: Path) -> None:
    pq.write_table(small, tmp_path / "scores.parquet")
    with pa.ipc.new_stream(tmp_path / "scores.arrow", small.schema) as writer:
        writer.write_table(small)
    whole = summarize(small)
    for name in ("scores.parquet", "scores.arrow"):
        assert summarize(tmp_path / name) == whole
        assert summarize(str(tmp_path / name)) == whole
    bare = summarize(small.to_pandas())
    small.to_pandas().to_csv(tmp_path / "scores.csv", index=False)
    assert summarize(tmp_path / "scores.csv") == bare
    assert (bare.overall, bare.questions) == (whole.overall, whole.questions)


def test_a_table_without_metadata_says_what_is_not_known(small: pa.Table, tmp_path: Path) -> None:
    small.to_pandas().to_csv(tmp_path / "scores.csv", index=False)
    summary = summarize(tmp_path / "scores.csv")
    assert {summary.loss, summary.schema, summary.signature, summary.version} == {None}
    assert (summary.settings, summary.matching, summary.campaigns) == (None, None, None)
    [note] = summary.notes
    assert "scores.csv carries no settings" in note
    assert "name the schema" in note


def test_the_schema_names_the_campaigns_of_a_csv(small: pa.Table) -> None:
    summary = summarize(small.to_pandas(), SCHEMA)
    assert summary.campaigns == summarize(small).campaigns
    assert summary.schema == "two-campaigns"
    assert summary.settings is None


def test_a_schema_with_other_questions_is_refused(small: pa.Table) -> None:
    other = Schema({"bar": ["_a", "_b"]}, {"bar": None}, name="other")
    with pytest.raises(DataError, match="the schema lacks: 'smooth-dr5', 'bar-dr5', 'smooth-dr8'"):
        summarize(small.to_pandas(), other)
    with pytest.raises(DataError, match="was scored with the schema 'two-campaigns'"):
        summarize(small, other)
    with pytest.raises(DataError, match="1f2e"):  # the hash is another
        summarize(small, SCHEMA)
    larger = Schema(
        {name: ["_a", "_b"] for name in (*QUESTIONS, "ring-dr5")},
        {name: None for name in (*QUESTIONS, "ring-dr5")},
    )
    with pytest.raises(DataError, match="'ring-dr5_loss', 'ring-dr5_total-votes'"):
        summarize(small.to_pandas(), larger)


def test_nulls_and_nan_leave_every_mean() -> None:
    losses, votes = draw(50)
    losses[1, 7], votes[1, 7] = np.nan, 3
    summary = summarize(scores_table(losses, votes, metadata(50, invalid=1)))
    assert summary.overall.galaxies_all == 49
    assert summary.questions["bar-dr5"].galaxies_all == 49
    assert summary.questions["smooth-dr5"].galaxies_all == 50
    assert summary.matching is not None
    frame = scores_table(losses, votes).to_pandas()
    assert frame["loss"].isna().sum() == 1
    assert summarize(frame).questions == summary.questions


@pytest.mark.parametrize("galaxies", [0, 1])
def test_without_votes_there_is_no_mean(galaxies: int) -> None:
    losses, votes = np.zeros((3, galaxies)), np.zeros((3, galaxies), np.int32)
    overall = summarize(scores_table(losses, votes, metadata(galaxies))).overall
    assert (overall.mean, overall.se, overall.votes) == (None, None, 0)
    assert overall.mean_all == (0.0 if galaxies else None)


@pytest.mark.parametrize("change", [lambda t: t.slice(1), lambda t: pa.concat_tables([t, t])])
def test_rows_changed_since_leave_no_account(
    small: pa.Table, change: Callable[[pa.Table], pa.Table]
) -> None:
    summary = summarize(change(small))
    assert summary.matching is None
    assert summary.settings == SETTINGS
    assert "was written with 50 and 0" in summary.notes[0]


def test_classes_and_values_have_no_votes() -> None:
    classes = {"id": ["a", "b"], "my_loss": [9.0, 9.0], "loss": [1.0, 3.0], "label": [0, 1]}
    summary = summarize(pa.table(classes | {"prediction": [0, 0]}))
    assert summary.questions == {}
    assert (summary.overall.mean, summary.overall.mean_all) == (2.0, 2.0)
    assert (summary.overall.galaxies, summary.overall.votes) == (2, None)
    values = {"id": ["a", "b"], "loss": [1.0, 3.0], "x_loss": [0.0, 4.0], "y_loss": [2.0, 2.0]}
    summary = summarize(pa.table(values))
    assert {name: group.mean for name, group in summary.questions.items()} == {"x": 2.0, "y": 2.0}
    assert summary.campaigns is None


def test_a_directory_of_pieces_is_one_table(small: pa.Table, tmp_path: Path) -> None:
    ds.write_dataset(small, tmp_path, format="parquet", max_rows_per_file=20, max_rows_per_group=20)
    assert len(list(tmp_path.iterdir())) == 3
    ours, theirs = summarize(tmp_path), summarize(small)
    assert (ours.matching, ours.settings) == (theirs.matching, theirs.settings)
    for one, other in zip(ours.rows(), theirs.rows(), strict=True):
        for key in ("name", "galaxies", "galaxies_all", "votes"):
            assert one[key] == other[key]
        assert one["sum"] == pytest.approx(other["sum"], rel=1e-12)


def test_a_directory_of_parts_is_merged(tmp_path: Path) -> None:
    losses, votes = draw(60)
    for number, (start, stop) in enumerate([(0, 10), (10, 60)], start=1):
        content = metadata(stop - start, shard=f"{number}/2")
        part = scores_table(losses[:, start:stop], votes[:, start:stop], content)
        pq.write_table(part, tmp_path / f"{number}.parquet")
    summary = summarize(tmp_path)
    assert summary.overall.galaxies_all == 60
    assert summary.shard is None
    assert summary.matching == Matching(60, 10, VOTES_ROWS - 60, 0, 0)


def changed(name: str, values: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        column = table[name].to_pylist()
        column[3] = values
        replaced = pa.array(column) if not isinstance(values, str) else pa.array(map(str, column))
        return table.set_column(table.column_names.index(name), name, replaced)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["loss"]), "has no column 'loss'. A scores table has"),
        (lambda t: t.drop_columns(["bar-dr5_loss"]), "lacks the column 'bar-dr5_loss'"),
        (lambda t: t.append_column("loss", t["loss"]), "more than one column called 'loss'"),
        (changed("loss", -1.0), "'loss' of .* holds -1 in row 4; a loss is never negative"),
        (changed("loss", np.inf), "holds inf in row 4; a loss is finite"),
        (changed("bar-dr5_loss", -np.inf), "'bar-dr5_loss' of .* holds -inf in row 4"),
        (changed("loss", 1e3), "not the sum of its questions' losses"),
        (changed("bar-dr5_loss", "many"), "'bar-dr5_loss' should hold numbers.*'many'"),
        (changed("bar-dr5_total-votes", -1), "votes are counts"),
        (changed("bar-dr5_total-votes", 1.5), "votes are counts"),
        (changed("bar-dr5_total-votes", 2**31), "votes are counts"),
        (changed("loss", True), "holds bool, not numbers"),
    ],
)
def test_what_is_not_a_scores_table_is_refused(
    small: pa.Table, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    if message.endswith("bool, not numbers"):
        values = pa.array([True] * 50)
        change = lambda t: t.set_column(2, "loss", values)  # noqa: E731
    with pytest.raises(DataError, match=message):
        summarize(change(small))


def test_a_loss_where_nobody_voted_is_refused() -> None:
    losses, votes = np.ones((3, 2)), np.array([[1, 1], [1, 0], [1, 1]], np.int32)
    with pytest.raises(DataError, match=r"'bar-dr5_loss' of .* holds 1 in row 2; .* nobody voted"):
        summarize(scores_table(losses, votes))


@pytest.mark.parametrize("column", ["loss", "bar-dr5_loss"])
def test_a_null_must_be_in_the_whole_row(table: pa.Table, column: str) -> None:
    values = table[column].to_numpy().copy()
    values[[5, 6, 69_999]] = np.nan
    torn = table.set_column(table.column_names.index(column), column, pa.array(values))
    with pytest.raises(DataError, match=r"has 3 rows, the first of them row 6, where 'loss' is"):
        summarize(torn)


def test_rows_are_counted_through_the_batches(table: pa.Table) -> None:
    loss = table["loss"].to_numpy().copy()
    loss[69_999] = -3.0
    with pytest.raises(DataError, match="row 70,000"):
        summarize(table.set_column(2, "loss", pa.array(loss)))


def test_columns_left_out_of_a_bare_table_are_noticed(small: pa.Table) -> None:
    bare = small.replace_schema_metadata(None)
    fewer = bare.drop_columns(["bar-dr5_loss", "bar-dr5_total-votes"])
    with pytest.raises(DataError, match="were columns left out"):
        summarize(fewer)
    moved = bare.select(["bar-dr5_loss", "bar-dr5_total-votes", *fewer.column_names])
    with pytest.raises(DataError, match="moved before 'loss'"):
        summarize(moved)


@pytest.mark.parametrize(
    "damage",
    [
        {"groups": 3},
        {"groups": {"questions": list(QUESTIONS), "campaigns": {"dr5": [0, 9]}}},
        {"groups": {"questions": list(QUESTIONS), "campaigns": {"dr5": [0.5]}}},
        {"settings": 3},
        {"matching": {"matched": "many"}},
    ],
)
def test_damaged_metadata_are_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="metadata of zoocli that are damaged"):
        summarize(scores_table(*draw(5), metadata(5, **damage)))


def test_metadata_of_other_tables_are_no_settings() -> None:
    summary = summarize(scores_table(*draw(5), {"simulated": True}))
    assert summary.settings is None


def test_only_the_needed_columns_are_read(small: pa.Table, tmp_path: Path) -> None:
    """Kept columns of any type stay unread, and harm nothing."""
    kept = pa.array([[{"deep": 1}]] * 50)
    assert summarize(small.add_column(1, "kept_loss", kept)) == summarize(small)


def test_the_command_writes_the_json_summary(small: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    pq.write_table(small, path)
    result = run(path, "--format", "json")
    content = json.loads(result.stdout)
    assert content == summarize(path).to_dict()
    assert list(content) == [
        "schema_version",
        "signature",
        "version",
        "loss",
        "schema",
        "settings",
        "predictions",
        "shard",
        "overall",
        "campaigns",
        "questions",
        "matching",
    ]
    assert list(content["overall"]) == list(STATISTICS)
    assert STATISTICS == (
        "mean",
        "mean_all",
        "se",
        "sum",
        "sum_squares",
        "galaxies",
        "galaxies_all",
        "votes",
    )
    assert result.stderr == ""


def test_a_json_summary_reads_back_as_it_was(small: pa.Table, tmp_path: Path) -> None:
    pq.write_table(small, tmp_path / "scores.parquet")
    first = run(tmp_path / "scores.parquet", "--format", "json").stdout
    for name in ("summary.json", "summary.txt"):
        (tmp_path / name).write_text(first)
        assert run(tmp_path / name, "--format", "json").stdout == first
    assert run("-", "--format", "json", stdin=b"\xef\xbb\xbf \n" + first.encode()).stdout == first


def test_tables_are_read_from_stdin(small: pa.Table) -> None:
    sink = io.BytesIO()
    pq.write_table(small, sink)
    result = run("-", "--format", "json", stdin=sink.getvalue())
    assert json.loads(result.stdout) == summarize(small).to_dict()
    text = small.to_pandas().to_csv(index=False).encode()
    result = run("-", "--format", "json", stdin=text)
    assert json.loads(result.stdout) == summarize(small.to_pandas()).to_dict()
    assert "standard input carries no settings" in result.stderr


def test_notes_go_to_stderr_unless_quiet(small: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    small.to_pandas().to_csv(path, index=False)
    loud, quiet = run(path), run(path, "-q")
    assert "carries no settings" in loud.stderr
    assert quiet.stderr == ""
    assert loud.stdout == quiet.stdout


def test_several_inputs_are_an_array_with_their_files(small: pa.Table, tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.json"]
    pq.write_table(small, paths[0])
    paths[1].write_text(run(paths[0], "--format", "json").stdout)
    content = json.loads(run(*paths, "--format", "json").stdout)
    assert [summary.pop("file") for summary in content] == [str(path) for path in paths]
    assert content[0] == content[1]
    rows = list(csv.DictReader(io.StringIO(run(*paths, "--format", "csv").stdout)))
    assert {row["file"] for row in rows} == {str(path) for path in paths}


def test_a_schema_given_with_a_summary_is_noted(small: pa.Table, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(summarize(small).to_dict()))
    summary = summarize(tmp_path / "a.json", SCHEMA)
    assert "the schema was not used" in summary.notes[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gone.parquet", None),
        ("gone.json", None),
        ("empty.csv", b""),
        ("text.parquet", b"hello"),
        ("votes.csv", b"id,smooth\n1,2\n"),
        ("rows.csv", b'{"loss": 3}\n{"loss": 4}\n'),
        ("words.csv", b"id,loss\n1,low\n"),
        ("infinite.csv", b"id,loss\n1,inf\n"),
    ],
)
def test_bad_files_are_refused_by_name(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = run(tmp_path / name)
    assert isinstance(result.exception, DataError)
    assert name in str(result.exception)
    assert result.stdout == ""


def test_stdin_is_read_once() -> None:
    assert isinstance(run("-", "-", stdin=b"").exception, UsageError)


def test_votes_written_as_floats_are_counts(small: pa.Table) -> None:
    frame = small.to_pandas().astype({"bar-dr5_total-votes": "float64"})
    assert summarize(frame) == summarize(small.to_pandas())
    text = pd.read_csv(io.StringIO(frame.to_csv(index=False)), dtype=str)
    assert summarize(text).questions == summarize(small).questions


def test_summarizing_parquet_loads_no_pandas(tmp_path: Path) -> None:
    losses, votes = draw(20)
    losses[0, 0], votes[0, 0] = np.nan, 1
    pq.write_table(scores_table(losses, votes), tmp_path / "scores.parquet")
    code = (
        "import sys, zoocli; zoocli.summarize(sys.argv[1]);"
        "print([name for name in ('pandas', 'torch', 'duckdb', 'numba') if name in sys.modules])"
    )
    command_line = [sys.executable, "-c", code, str(tmp_path / "scores.parquet")]
    done = subprocess.run(command_line, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
