"""--shard: the shards' tables are the whole table, and their summaries merge into the whole's."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from tests.alike import close, close_enough
from tests.command import (
    ANSWERS,
    done_well,
    read,
    run,
    small_predictions,
    small_votes,
    write,
    write_tree,
)
from zoocli.foundation.bits import Bits

SHARDS = 16
SOME = [f"g{number:03d}" for number in range(60)]
PREDICTED = [*SOME[:50], "nobody", *SOME[50:]]
VOTED = [*reversed(SOME[7:]), "unpredicted", "unpredicted", "another"]


def opened(folder, predictions, votes, ending="parquet"):
    return [
        write(folder / f"predictions.{ending}", small_predictions(predictions)),
        write(folder / "votes.parquet", small_votes(votes)),
        "-s",
        write_tree(folder),
    ]


def scored(folder, arguments, count):
    """The whole, its summary, the shards' tables, and the files of their summaries."""
    done_well("score", *arguments, "-o", folder / "whole.csv", "--summary", folder / "whole.json")
    tables, summaries = [], []
    for number in range(1, count + 1):
        table, summary = folder / f"s{number}.csv", folder / f"s{number}.json"
        shard = f"{number}/{count}"
        done_well("score", *arguments, "-o", table, "--summary", summary, "--shard", shard)
        assert json.loads(summary.read_text())["shard"] == shard
        tables.append(table.read_text().splitlines(keepends=True))
        summaries.append(summary)
    return (folder / "whole.csv").read_text(), folder / "whole.json", tables, summaries


@pytest.mark.parametrize(
    ("predictions", "votes", "ending", "options"),
    [
        (PREDICTED, VOTED, "parquet", []),
        (PREDICTED, VOTED, "csv", []),
        ([*PREDICTED, "g020", "g033", "g033"], VOTED, "parquet", ["--on-duplicate", "drop"]),
        (PREDICTED, [*VOTED, "g021", "g040", "g040"], "parquet", ["--on-duplicate", "drop"]),
        (PREDICTED, VOTED, "parquet", ["--only", "list.txt"]),
    ],
    ids=["parquet", "csv", "copies-predicted", "copies-voted", "only"],
)
def test_all_shards_are_the_whole(predictions, votes, ending, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("\n".join([*SOME[::2], "another", "elsewhere"]) + "\n")
    arguments = [*opened(tmp_path, predictions, votes, ending), *options]
    count = 5 if options else SHARDS
    whole, summary, tables, summaries = scored(tmp_path, arguments, count)
    assert "".join([*tables[0], *(line for table in tables[1:] for line in table[1:])]) == whole
    merged = json.loads(done_well("merge", *reversed(summaries)).out)
    expected = json.loads(summary.read_text())
    assert close(merged, expected)
    assert merged["matching"] == expected["matching"]
    assert expected["matching"]["votes_only"] and "coverage" not in merged


def test_a_shard_without_matches_is_an_empty_table_and_a_note(tmp_path):
    arguments = opened(tmp_path, PREDICTED, VOTED)
    output = tmp_path / "out.parquet"
    done = done_well("score", *arguments, "-o", output, "--shard", "1/16")
    assert read(output).num_rows == 0
    assert "0 galaxies match. 3 rows of" in done.err and "(part 1 of 16)" in done.err
    assert run("score", *arguments, "-o", output, "--shard", "1/16", "--require-all").code == 3


def test_more_shards_than_rows(tmp_path):
    arguments = opened(tmp_path, "abc", "cb")
    whole, summary, tables, summaries = scored(tmp_path, arguments, 5)
    assert "".join([*tables[0], *(line for table in tables[1:] for line in table[1:])]) == whole
    merged = json.loads(done_well("merge", *summaries).out)
    assert close(merged, json.loads(summary.read_text()))


def test_nothing_matched_in_any_shard_is_an_error(tmp_path):
    arguments = opened(tmp_path, "abc", "xyz")
    for number in (1, 2):
        summary = tmp_path / f"{number}.json"
        done_well("score", *arguments, "--summary", summary, "--shard", f"{number}/2")
    done = run("merge", tmp_path / "1.json", tmp_path / "2.json")
    assert done.code == 3 and "No galaxy matched in any shard" in done.err


def in_two_shards(folder, predictions, votes):
    """The folder, in which two shards have their tables and summaries."""
    arguments = opened(folder, predictions, votes)
    for number in (1, 2):
        outputs = ["-o", folder / f"{number}.parquet", "--summary", folder / f"{number}.json"]
        done_well("score", *arguments, *outputs, "--shard", f"{number}/2")
    return folder


@pytest.fixture
def two(tmp_path):
    """Two shards that both have a galaxy of the same id."""
    return in_two_shards(tmp_path, ["a", "b", "c", "b"], ["c", "b", "a"])


def test_an_id_in_two_shards_is_refused(two):
    done = run("merge", two / "1.json", two / "2.json")
    assert done.code == 3
    assert "1 ids (rows '2' of VOTES) were matched in" in done.err
    assert "1.json and again in" in done.err and "--on-duplicate drop" in done.err


def test_a_summary_made_of_a_shards_table_says_not_what_it_matched(tmp_path):
    """With votes to spare, nothing else would tell that b is in both."""
    two = in_two_shards(tmp_path, ["a", "b", "c", "b"], ["c", "b", "a", "x", "y"])
    (two / "2.json").write_text(done_well("summarize", two / "2.parquet", "-f", "json").out)
    done = run("merge", two / "1.json", two / "2.json")
    assert done.code == 3 and "does not say which rows of VOTES" in done.err


def test_missing_and_repeated_shards_are_refused(two):
    done = run("merge", two / "1.json")
    assert done.code == 3 and "1 of 2 shards are missing: '2'" in done.err
    done = run("merge", two / "2.json", two / "2.json")
    assert done.code == 3 and "both shard 2/2" in done.err


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda coverage: coverage.update(dropped=1), "not parts of the same"),
        (lambda coverage: coverage["scored"].update(length=2), "not parts of the same"),
        (lambda coverage: coverage["scored"].update(content="AAAA"), "not a zoocli summary"),
        (lambda coverage: coverage["scored"].update(content=3), "not a zoocli summary"),
        (lambda coverage: coverage.pop("dropped"), "not a zoocli summary"),
    ],
)
def test_a_damaged_summary_is_refused(two, damage, said):
    content = json.loads((two / "2.json").read_text())
    damage(content["coverage"])
    (two / "2.json").write_text(json.dumps(content))
    done = run("merge", two / "1.json", two / "2.json")
    assert done.code == 3 and said in done.err


def test_the_first_row_of_the_whole_tells_how_ids_are_written(tmp_path):
    arguments = opened(tmp_path, ["1.0", "2.0", "3.0", "4.0"], [1, 2, 3, 4])
    output = tmp_path / "out.csv"
    for number in (1, 2, 3, 4):
        done_well("score", *arguments, "-o", output, "--shard", f"{number}/4")
        assert output.read_text().splitlines()[1].startswith(f"{number},")


def test_a_missing_id_is_named_by_its_row_in_the_whole(tmp_path):
    arguments = opened(tmp_path, ["a", "b", "c", None], ["a"])
    done = run("score", *arguments, "--summary", tmp_path / "s.json", "--shard", "2/2")
    assert done.code == 3 and "the first in row 4" in done.err


def test_classes_that_look_like_probabilities_in_one_shard_only(tmp_path):
    names = ["a", "b", "c", "d"]
    predictions = {"id": names, "x": [0.5, 0.2, 3.0, 1.0], "y": [0.5, 0.8, -1.0, 2.0]}
    labels = {"id": names, "label": ["x", "y", "x", "y"]}
    arguments = [
        write(tmp_path / "p.parquet", predictions),
        write(tmp_path / "v.parquet", labels),
        "--loss",
        "ce",
        "--summary",
        tmp_path / "s.json",
    ]
    done_well("score", *arguments)
    done_well("score", *arguments, "--shard", "2/2")
    done = run("score", *arguments, "--shard", "1/2")
    assert done.code == 3 and "--scale" in done.err


@pytest.mark.parametrize("length", [0, 1, 8, 1001])
def test_bits_come_back(length):
    values = np.random.default_rng(1).random(length) < 0.3
    assert (Bits.pack(values).unpack() == values).all()


def test_catalogue_shards_are_the_whole(tmp_path):
    columns = small_predictions(SOME)
    columns[ANSWERS[0]][30] = math.nan
    predictions = write(tmp_path / "predictions.parquet", pa.table(columns))
    arguments = ["catalog", predictions, "-s", write_tree(tmp_path), "--on-invalid", "null"]
    done_well(*arguments, "-o", tmp_path / "whole.parquet")
    tables = []
    for number in range(1, 8):
        output = tmp_path / f"{number}.parquet"
        done_well(*arguments, "-o", output, "--shard", f"{number}/7")
        tables.append(read(output))
    assert pa.concat_tables(tables).equals(read(tmp_path / "whole.parquet"))


def test_evaluation_shards_are_the_whole(tmp_path):
    arguments = opened(tmp_path, PREDICTED, VOTED)
    options = ["--min-votes", 1]
    whole = done_well("evaluate", *arguments, *options, "-f", "json").out
    folders = [tmp_path / f"e{number}" for number in range(1, 9)]
    for number, folder in enumerate(folders, start=1):
        done_well("evaluate", *arguments, *options, "-o", folder, "--shard", f"{number}/8")
    merged = json.loads(done_well("merge", *folders, "-f", "json").out)
    expected = json.loads(whole)
    assert merged["matching"] == expected["matching"]
    assert close_enough(merged["metrics"], expected["metrics"])
    done = run("merge", *folders[:-1])
    assert done.code == 3 and "1 of 8 shards are missing" in done.err


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_evaluation_shards_of_classes_and_values(loss, tmp_path):
    names = ["a", "b", "c", "d", "e"]
    columns = {"id": names, "x": [0.5, 2.2, 3.0, 1.0, 0.3], "y": [1.5, 0.8, -1.0, 2.0, 0.1]}
    labels = {"id": names[1:], "label": [1, 0, 1, 1]}
    if loss == "mse":
        del columns["y"]
    arguments = [
        write(tmp_path / "p.parquet", columns),
        write(tmp_path / "v.parquet", labels),
        *("--loss", loss),
    ]
    whole = json.loads(done_well("evaluate", *arguments, "-f", "json").out)
    folders = [tmp_path / f"e{number}" for number in (1, 2, 3, 4)]
    for number, folder in enumerate(folders, start=1):
        done_well("evaluate", *arguments, "-o", folder, "--shard", f"{number}/4")
    merged = json.loads(done_well("merge", *folders, "-f", "json").out)
    assert merged["matching"] == whole["matching"]
    assert close_enough(merged["metrics"], whole["metrics"])
