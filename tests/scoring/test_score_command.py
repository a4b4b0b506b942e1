"""`zoocli score` as a command: ids, matching, kept columns, inputs and outputs of every kind."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import zoocli
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
from tests.conftest import ROOT
from zoocli.errors import DataError

STATISTICS = ["mean", "mean_all", "se", "sum", "sum_squares", "galaxies", "galaxies_all", "votes"]
MATCHING = ["matched", "predictions_only", "votes_only", "duplicated", "invalid"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the small tree in it."""
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path)
    return tmp_path


def put(suffix: str = "parquet", p: Any = ("a", "b", "c"), v: Any = ("a", "b", "c")) -> list[str]:
    """Writes tables with these ids, or with these columns; gives the command's first words."""
    predictions = small_predictions(p) if isinstance(p, list | tuple) else p
    votes = small_votes(v) if isinstance(v, list | tuple) else v
    names = [f"p.{suffix}", f"v.{suffix}"]
    for name, columns in zip(names, (predictions, votes), strict=True):
        write(Path(name), columns)
    return ["score", *names, "-s", "tree.yaml"]


def score(*command: object) -> pa.Table:
    """The table that the command writes."""
    done_well(*command, "-o", "scores.parquet")
    return read(Path("scores.parquet"))


def ids(*command: object) -> list[Any]:
    return score(*command).column(0).to_pylist()


def summary(*command: object) -> dict[str, Any]:
    done_well(*command, "--summary", "summary.json")
    result: dict[str, Any] = json.loads(Path("summary.json").read_text())
    return result


# Ids


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "feather"])
@pytest.mark.parametrize(
    "texts",
    [
        ["1237648720693755918", "1237648720693755919", "1237648720693755920"],
        ["007", "7", "0007"],
        ["-5", "5", "05"],
        ["9" * 40, "a b", "é'; --"],
        ["1e5", "100000", "nan"],
        ["1.50", "1.5", "x2.0"],
    ],
    ids=lambda texts: texts[0],
)
def test_text_ids_are_exact(suffix: str, texts: list[str]) -> None:
    made = score(*put(suffix, texts, texts[::-1]))
    assert made.schema.field(0) == pa.field("id", pa.string())
    assert made["id"].to_pylist() == texts
    assert made["bar_total-votes"].to_pylist() == [0, 9, 7]


@pytest.mark.parametrize(
    "kind", [pa.int64(), pa.int32(), pa.uint64(), pa.string(), pa.large_string(), pa.float64()]
)
def test_numbers_match_the_same_ids_as_text(kind: pa.DataType) -> None:
    numbers = pa.array([20242667, 7, 1]).cast(pa.string()).cast(kind)
    predictions = small_predictions() | {"id": numbers}
    command = put(p=predictions, v=["1", "7", "20242667"])
    made = score(*command)
    expected = pa.int64() if kind == pa.float64() else kind
    assert made.schema.field("id").type == expected
    assert [str(one) for one in made["id"].to_pylist()] == ["20242667", "7", "1"]
    assert made["bar_total-votes"].to_pylist() == [0, 9, 7]
    warned = "written as floats" in done_well(*command, "-o", "scores.csv").err
    assert warned == (kind == pa.float64())


def test_negative_whole_numbers_of_19_digits() -> None:
    numbers = [-9223372036854775808, 9223372036854775807, -1]
    made = score(*put(p=numbers, v=[str(number) for number in numbers]))
    assert made["id"].to_pylist() == numbers


def test_floats_in_a_csv_match_whole_numbers() -> None:
    put("csv", p=["311581.0", "7.0", "1.0"])
    put("parquet", v=[1, 7, 311581])
    done = done_well("score", "p.csv", "v.parquet", "-s", "tree.yaml", "-o", "scores.csv")
    assert done.err.startswith("zoocli: note: The ids in 'id' of p.csv are written as floats")
    assert read(Path("scores.csv"))["id"].to_pylist() == [311581, 7, 1]


def test_dictionaries_of_ids() -> None:
    names = pa.array(["a", "b", "c"]).dictionary_encode()
    assert ids(*put(p=small_predictions() | {"id": names}, v=["c", "b", "a"])) == ["a", "b", "c"]


def test_the_first_usual_name_that_both_have() -> None:
    predictions = {"id_str": ["x", "y", "z"], "iauname": ["a", "b", "c"]} | small_predictions()
    votes = {"subject_id": [1, 2, 3], "iauname": ["c", "b", "a"]} | small_votes([7, 8, 9])
    command = put(p=predictions, v=votes)
    made = score(*command)
    assert made.column_names[0] == "iauname" and made.num_rows == 3
    assert run(*command, "--id", "id").code == 3


def test_ids_under_different_names() -> None:
    predictions = {"dr8": ["a", "b", "c"]} | small_predictions(["x", "y", "z"])
    votes = {"name": ["c", "b", "a"]} | small_votes(["x", "x", "x"])
    command = put(p=predictions, v=votes)
    made = score(*command, "--predictions-id", "dr8", "--votes-id", "name")
    assert made.column_names[0] == "dr8" and made["bar_total-votes"].to_pylist() == [0, 9, 7]


# Matching


CLOSING = "zoocli: {} galaxies scored, mean loss {} nats: {}\n"


def test_galaxies_of_one_side_are_counted_and_reported() -> None:
    command = put(p=["a", "x", "b", "y", "x"], v=["b", "w", "a", "w", "u", "u", "t"])
    assert ids(*command) == ["a", "b"]
    done = done_well(*command, "-o", "s.csv")
    assert done.err == (
        "zoocli: note: 2 galaxies match. 3 rows of p.parquet (such as 'x', 'y', 'x') have no "
        "votes, and 5 rows of v.parquet have no prediction.\n"
        f"{CLOSING.format(2, '3.1371', 's.csv')}"
    )
    matching = summary(*command)["matching"]
    assert matching == dict(zip(MATCHING, (2, 3, 5, 0, 0), strict=True))


@pytest.mark.parametrize("batch_size", [2, 1000])
def test_all_copies_are_dropped_on_either_side(batch_size: int) -> None:
    predictions = ["a", "b", "b", "c", "d", "b", "x", "x", "e"]
    votes = ["a", "b", "c", "c", "d", "w", "w", "e", "e", "d", "c"]
    command = [*put(p=predictions, v=votes), "--batch-size", batch_size]
    assert run(*command).code == 3
    command += ["--on-duplicate", "drop"]
    assert ids(*command) == ["a"]
    assert "4 ids occur more than once" in done_well(*command, "-o", "s.csv").err
    matching = summary(*command)["matching"]
    assert matching == dict(zip(MATCHING, (1, 2, 2, 4, 0), strict=True))


def test_nothing_is_left_when_every_galaxy_stands_twice() -> None:
    done = run(*put(p=["a", "a"], v=["a", "b"]), "--on-duplicate", "drop")
    assert done.code == 3 and "No galaxy is left: all 1 ids" in done.err


def test_copies_that_do_not_match_are_no_error() -> None:
    assert ids(*put(p=["x", "a", "x"], v=["y", "a", "y"])) == ["a"]


def test_require_all() -> None:
    assert ids(*put(p=["a", "b"], v=["b", "a"]), "--require-all") == ["a", "b"]
    assert run(*put(p=["a", "b"], v=["b"]), "--require-all").code == 3
    assert run(*put(p=["a"], v=["b", "a"]), "--require-all").code == 3


# A list of ids


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.txt", "c\na\nz\n"),
        ("list.txt", "c\r\na\r\nz"),
        ("list.csv", "\ufeffz\na\nc\n\n"),
        ("list.csv", "id\na\nc\nz\nc\n"),
        ("list.csv", "ra,id,dec\n1,a,2\n1,c,2\n1,z,2\n"),
    ],
)
def test_only_the_listed(name: str, text: str) -> None:
    Path(name).write_text(text)
    command = [*put(p=["a", "b", "c", "x"], v=["c", "b", "a", "y"]), "--only", name]
    assert ids(*command) == ["a", "c"]
    done = done_well(*command, "-o", "s.csv")
    assert f"1 ids of {name} are in neither table, such as 'z'." in done.err
    assert "galaxies match" not in done.err
    result = summary(*command)
    assert result["matching"] == dict(zip(MATCHING, (2, 0, 0, 0, 0), strict=True))
    assert result["settings"]["only"] == "3 ids" and "only:3 ids" in result["signature"]
    refused = run(*command, "--require-all")
    assert refused.code == 3 and "neither table" in refused.err


def test_the_account_is_of_the_listed_alone() -> None:
    write(Path("list.parquet"), {"id": ["a", "b", "p", "v", "v2"]})
    command = put(p=["a", "p", "x", "b", "b"], v=["v", "b", "a", "y", "v", "v2"])
    command += ["--only", "list.parquet", "--on-duplicate", "drop"]
    result = summary(*command)
    assert result["matching"] == dict(zip(MATCHING, (1, 1, 3, 1, 0), strict=True))
    err = done_well(*command, "-o", "s.csv").err
    assert "1 rows of p.parquet (such as 'p') have no votes" in err
    assert "neither" not in err


def test_a_listed_galaxy_that_one_side_has() -> None:
    Path("list").write_text("a\nb\n")
    command = [*put(p=["a", "b"], v=["a", "c"]), "--only", "list"]
    assert run(*command, "--require-all").code == 3
    assert ids(*command) == ["a"]


def test_a_list_of_whole_numbers_and_of_floats() -> None:
    for text in ("7\n1\n", "7.0\n1.0\n", "1.0\n7.0\n"):
        Path("list").write_text(text)
        command = put(p=[1, 7, 311581], v=["311581", "7", "1"])
        assert ids(*command, "--only", "list") == [1, 7]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x\ny\n", "no rows with ids of list.csv, such as "),
        ("ra,dec\n1,2\n", "has no id column (id)"),
        ("id\n", "lists no ids"),
    ],
)
def test_lists_that_are_of_no_use(text: str, words: str) -> None:
    Path("list.csv").write_text(text)
    done = run(*put(), "--only", "list.csv")
    assert done.code == 3 and words in done.err


def test_only_galaxies_without_predictions_are_listed() -> None:
    Path("list.csv").write_text("v\n")
    done = run(*put(p=["a", "b"], v=["a", "v"]), "--only", "list.csv")
    assert done.code == 3 and "No galaxy is in both files and in list.csv" in done.err


# Kept columns


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_columns_are_kept_from_either_side_in_the_order_given(suffix: str) -> None:
    predictions = {"z": [0.5, None, 1.5], "both": ["p1", "p2", "p3"]} | small_predictions()
    votes = {"both": ["v1", "v2", "v3"], "name": ["[x]", None, "ä"]} | small_votes(["c", "b", "a"])
    command = put(suffix, predictions, votes)
    made = score(*command, "--keep", "name", "--keep", "z", "--keep", "both")
    assert made.column_names[:5] == ["id", "name", "z", "both", "loss"]
    assert made["name"].to_pylist() == ["ä", None, "[x]"]
    assert made["both"].to_pylist() == ["p1", "p2", "p3"]
    assert [z if z is None else float(z) for z in made["z"].to_pylist()] == [0.5, None, 1.5]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_answers_can_be_kept(suffix: str) -> None:
    command = put(suffix)
    made = score(*command, "--keep", "bar_yes")
    assert [float(one) for one in made["bar_yes"].to_pylist()] == [4.0, 4.25, 4.5]
    votes = read(Path(f"v.{suffix}")).rename_columns(["id", *ANSWERS[:4], "count"])
    Path("tree.yaml").write_text(Path("tree.yaml").read_text() + "columns: {bar_no: count}\n")
    write(Path(f"v.{suffix}"), votes)
    made = score(*command, "--keep", "count")
    assert [int(one) for one in made["count"].to_pylist()] == [4, 5, 0]


def test_the_id_of_the_votes_can_be_kept() -> None:
    votes = {"subject": [30, 20, 10]} | small_votes(["c", "b", "a"])
    assert score(*put(v=votes), "--keep", "subject")["subject"].to_pylist() == [10, 20, 30]
    command = put(v={"subject": ["c", "b", "a"]} | small_votes(["x", "y", "z"]))
    made = score(*command, "--predictions-id", "id", "--votes-id", "subject", "--keep", "subject")
    assert made["subject"].to_pylist() == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["id", "loss", "bar_loss", "bar_total-votes"])
def test_kept_columns_that_collide(name: str) -> None:
    done = run(*put(p={name: [1, 2, 3]} | small_predictions()), "--keep", name)
    assert done.code == 2 and f"'{name}'" in done.err


def test_a_column_kept_twice() -> None:
    done = run(*put(p={"z": [1, 2, 3]} | small_predictions()), "--keep", "z", "--keep", "z")
    assert done.code == 2 and "'z' more than once" in done.err


@pytest.mark.parametrize("suffix", ["csv", "parquet", "feather", "jsonl"])
@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, None, 3], pa.int16()),
        pa.array([True, None, False]),
        pa.array(["x,y", None, 'z\n"z"']),
        pa.array(["x", None, "x"]).dictionary_encode(),
        pa.array([b"x", None, b"z"]),
        pa.array([1, None, 3], pa.timestamp("ms")),
        pa.array([1, None, 3], pa.date32()),
        pa.array([1.5, math.nan, math.inf], pa.float32()),
        pa.array([[1.5], None, [2.5, 3.5]]),
        pa.array([{"x": 1}, None, {"x": 2}]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else value,
)
def test_columns_of_any_type_are_kept_or_refused(values: pa.Array, suffix: str) -> None:
    predictions = {"p_kept": values} | small_predictions()
    votes = {"v_kept": values} | small_votes(["c", "b", "a"])
    command = put(p=predictions, v=votes)
    done = run(*command, "--keep", "p_kept", "--keep", "v_kept", "-o", f"s.{suffix}")
    if done.code:
        assert done.code in (2, 3) and "--keep" in done.err and pa.types.is_nested(values.type)
        assert not Path(f"s.{suffix}").exists()
    elif suffix in ("parquet", "feather"):
        made = read(Path(f"s.{suffix}"))
        for name, expected in (("p_kept", values), ("v_kept", values[::-1])):
            assert str(made[name].to_pylist()) == str(expected.to_pylist())
    else:
        assert len(Path(f"s.{suffix}").read_text()) > 100


# Inputs


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "feather"])
def test_every_format_gives_the_same_losses(suffix: str) -> None:
    expected = score(*put())
    made = score(*put(suffix))
    assert made.equals(expected)


def test_parts_of_the_predictions() -> None:
    put(p=list("abcdef"), v=list("fedcba"))
    whole = score("score", "p.parquet", "v.parquet", "-s", "tree.yaml")
    table = pq.read_table("p.parquet")
    Path("parts/deep").mkdir(parents=True)
    write(Path("parts/0.parquet"), table.slice(0, 2))
    write(Path("parts/deep/1.parquet"), table.slice(2, 1))
    write(Path("parts/_meta.parquet"), table.slice(0, 1))
    write(Path("2.csv"), table.slice(3).select(table.column_names[::-1]))
    files = ["parts/0.parquet", "parts/deep/1.parquet", "2.csv"]
    tail = ["v.parquet", "-s", "tree.yaml"]
    assert score("score", *files, *tail).equals(whole)
    assert score("score", "parts", "2.csv", *tail).equals(whole)
    assert score("score", "parts", "2.csv", *tail, "--batch-size", 1).equals(whole)
    twice = run("score", *files, files[0], *tail)
    assert twice.code == 3 and "2 ids occur more than once" in twice.err


@pytest.mark.parametrize("second", [["4", "5", "6"], [4.0, 5.0, 6.0]], ids=["text", "floats"])
def test_parts_whose_types_differ(second: list[Any]) -> None:
    put(p={"z": [1, 2, 3]} | small_predictions([1, 2, 3]), v=["3", "2", "1", "6", "5", "4"])
    write(Path("p2.parquet"), {"z": ["x", "y", "z"]} | small_predictions(second))
    made = score("score", "p.parquet", "p2.parquet", "v.parquet", "-s", "tree.yaml", "--keep", "z")
    assert [str(one) for one in made["id"].to_pylist()] == ["1", "2", "3", "4", "5", "6"]
    assert made["z"].to_pylist() == ["1", "2", "3", "x", "y", "z"]
    assert made["bar_total-votes"].to_pylist() == [0, 9, 7, 0, 15, 13]


def test_a_part_that_lacks_a_column() -> None:
    command = put(v=list("abcdef"))
    lacking = {key: value for key, value in small_predictions(list("def")).items()}
    del lacking["bar_no"]
    write(Path("p2.parquet"), lacking)
    done = run(command[0], "p.parquet", "p2.parquet", *command[2:])
    assert done.code == 3 and "p2.parquet" in done.err and "'bar_no'" in done.err


def test_predictions_from_standard_input() -> None:
    command = put("csv")
    expected = score(*command)
    for name in ("p.csv", "p.csv.gz"):
        text = Path("p.csv").read_bytes()
        stdin = gzip.compress(text) if name.endswith("gz") else text
        done = done_well("score", "-", "v.csv", *command[3:], "-o", "s.parquet", stdin=stdin)
        assert done.err.startswith("zoocli: 3 galaxies scored, mean loss ")
        assert read(Path("s.parquet")).equals(expected)
    assert run("score", "-", "v.csv", *command[3:]).code == 3


def test_a_leading_unnamed_index_column() -> None:
    predictions = pd.DataFrame(small_predictions())
    put("csv")
    predictions.to_csv("p.csv")
    assert ids("score", "p.csv", "v.csv", "-s", "tree.yaml") == ["a", "b", "c"]
    predictions.set_index("id").to_parquet("p.parquet")
    assert ids("score", "p.parquet", "v.csv", "-s", "tree.yaml") == ["a", "b", "c"]


def test_a_kept_column_that_is_there_twice_is_refused() -> None:
    put()
    predictions, votes = pa.table(small_predictions()), pa.table(small_votes())
    for sides in ((_with_two(predictions), votes), (predictions, _with_two(votes))):
        with pytest.raises(DataError, match="more than one column called 'z'"):
            zoocli.score(*sides, schema="tree.yaml", keep=["z"])


def _with_two(table: pa.Table) -> pa.Table:
    return table.append_column("z", pa.array([1, 2, 3])).append_column("z", pa.array([4, 5, 6]))


# Outputs


def test_stdout_is_csv_in_a_pipe() -> None:
    command = put()
    done = done_well(*command)
    done_well(*command, "-o", "scores.csv")
    assert done.binary == Path("scores.csv").read_bytes() and done.err == ""
    assert done_well(*command, "-o", "-").binary == done.binary
    table = pyarrow.csv.read_csv(io.BytesIO(done.binary))
    assert table["loss"].to_pylist() == score(*command)["loss"].to_pylist()


def test_json_lines() -> None:
    command = put(p=small_predictions() | {"bar_yes": [math.nan, 1.0, 2.0]})
    done = done_well(*command, "--on-invalid", "null", "-f", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert rows == score(*command, "--on-invalid", "null").to_pylist()
    assert rows[0]["loss"] is None and rows[0]["bar_total-votes"] == 7


def test_a_stream_of_scores_can_be_summarized() -> None:
    command = put(v=["a", "b", "x"])
    scores = done_well(*command, "-f", "arrow", "-q").binary
    shown = json.loads(done_well("summarize", "-", "--format", "json", stdin=scores).out)
    made = summary(*command)
    assert shown.keys() == made.keys()
    for key in ("signature", "settings", "matching", "questions", "overall", "campaigns"):
        assert shown[key] == made[key], key


def test_nothing_but_the_summary() -> None:
    done = done_well(*put(), "--summary", "summary.json")
    assert done.binary == b"" and Path("summary.json").exists()


def test_a_terminal_shows_the_summary_and_a_hint() -> None:
    done = done_well(*put(), terminal=True)
    assert "overall" in done.out and "bar" in done.out
    assert done.err == "zoocli: note: nothing was written; -o FILE writes the scores table.\n"
    assert done_well(*put(), "-q", terminal=True).err == ""
    assert done_well(*put(), "-o", "s.csv", terminal=True).binary == b""
    assert done_well(*put(), "-f", "csv", terminal=True).out.startswith("id,loss,")


def test_quiet_says_nothing() -> None:
    command = put(v=["a", "b", "x"])
    assert done_well(*command, "-o", "s.csv").err != ""
    assert done_well(*command, "-o", "s.csv", "-q").err == ""
    assert done_well("-q", *command, "-o", "s.csv").err == ""


def test_no_colour_when_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    done = done_well(*put(), terminal=True)
    assert "\x1b[3" not in done.out and "overall" in done.out


def test_the_keys_of_the_summary() -> None:
    result = summary(*put(v=["a", "b", "x"]))
    assert list(result) == [
        *(
            "schema_version",
            "signature",
            "version",
            "loss",
            "schema",
            "settings",
            "predictions",
            "shard",
        ),
        *("overall", "campaigns", "questions", "matching"),
    ]
    assert list(result["overall"]) == STATISTICS and list(result["matching"]) == MATCHING
    assert list(result["campaigns"]) == ["tree"] and list(result["questions"]) == ["shape", "bar"]
    for group in ("campaigns", "questions"):
        assert all(list(statistics) == STATISTICS for statistics in result[group].values())
    assert (result["loss"], result["schema"], result["shard"]) == ("dirichlet", "tree", None)
    assert result["signature"].startswith("loss:dirichlet|schema:tree@")
    assert "|rules:strict|" in result["signature"] and "|N:2|" in result["signature"]


def test_the_standard_error() -> None:
    command = put(p=list("abcdefg"), v=list("abcdefg"))
    losses = [row["loss"] for row in score(*command).to_pylist() if row["shape_total-votes"]]
    overall = summary(*command)["overall"]
    assert overall["galaxies"] == len(losses) == 5
    assert overall["se"] == pytest.approx(np.std(losses, ddof=1) / math.sqrt(5), rel=1e-12)


def test_the_table_carries_its_making() -> None:
    command = put(v=["a", "b", "x"])
    for name in ("s.parquet", "s.feather", "s.arrows"):
        done_well(*command, "-o", name, "--summary", "summary.json", "-q")
        shown = json.loads(done_well("summarize", name, "-f", "json", "-q").out)
        assert shown == json.loads(Path("summary.json").read_text())


def test_a_file_is_replaced_and_a_link_stays_one() -> None:
    command = put()
    Path("real").mkdir()
    Path("real/old.csv").write_text("old")
    Path("link.csv").symlink_to("real/old.csv")
    done_well(*command, "-o", "link.csv")
    assert Path("link.csv").is_symlink()
    assert Path("real/old.csv").read_text() == done_well(*command).out


def simulated_tree() -> pa.Table:
    """Predictions for a tree of several campaigns, two of them impossible; VOTES for 700."""
    done_well("simulate", ".", "-s", "gz-evo-v2", "-n", 900, "--voted", 700, "-q")
    table = pq.read_table("predictions.parquet")
    values = [None if row in (3, 400) else v for row, v in enumerate(table[5].to_pylist())]
    return table.set_column(5, table.schema.field(5), pa.array(values, pa.float32()))


def random_targets() -> pa.Table:
    """Predictions of two numbers; VOTES for 700 of the galaxies."""
    random = np.random.default_rng(3)
    shape, size = random.normal(5, 1, (2, 900))
    votes = {"id": list(range(700)), "shape": shape[700:0:-1], "size": size[:700]}
    write(Path("votes.parquet"), votes)
    return pa.table({"id": list(range(900)), "shape": shape, "size": size})


@pytest.mark.parametrize(
    ("make", "options", "groups"),
    [
        (simulated_tree, ["-s", "gz-evo-v2", "--on-invalid", "null"], 20),
        (random_targets, ["-l", "mse", "--label", "shape", "--label", "size"], 3),
    ],
)
def test_halves_add_up_to_the_whole(
    make: Callable[[], pa.Table], options: list[str], groups: int
) -> None:
    table, tail = make(), ["votes.parquet", *options, "-q"]
    for number, half in enumerate((table.slice(0, 317), table.slice(317))):
        write(Path(f"half{number}.parquet"), half)
        summary("score", f"half{number}.parquet", *tail)
        Path("summary.json").rename(f"half{number}.json")
    write(Path("whole.parquet"), table)
    whole = summary("score", "whole.parquet", *tail)
    merged = json.loads(done_well("merge", "half1.json", "half0.json").out)
    for key in ("loss", "schema", "settings", "matching", "signature", "version"):
        assert merged[key] == whole[key], key
    pairs = [(merged["overall"], whole["overall"])]
    for level in ("campaigns", "questions"):
        assert list(merged[level]) == list(whole[level])
        pairs += [(merged[level][name], made) for name, made in whole[level].items()]
    assert len(pairs) >= groups
    for made, expected in pairs:
        for statistic, value in expected.items():
            exact = value is None or isinstance(value, int)
            assert made[statistic] == (value if exact else pytest.approx(value, rel=1e-12, abs=0))


def test_the_fingerprint_of_the_votes() -> None:
    command = put()
    usual = summary(*command)["settings"]["votes_fingerprint"]
    for suffix in ("csv", "feather"):
        assert summary(*put(suffix))["settings"]["votes_fingerprint"] == usual
    floats = {answer: [float(k) for k in small_votes()[answer]] for answer in ANSWERS}
    backwards = {name: (small_votes() | floats)[name] for name in ["id", *ANSWERS[::-1]]}
    assert summary(*put(v=backwards))["settings"]["votes_fingerprint"] == usual
    one_more = small_votes() | {"bar_no": [4, 5, 1]}
    swapped = small_votes(["b", "a", "c"])
    for other in (one_more, swapped, small_votes(["a", "b", "d"])):
        assert summary(*put(v=other))["settings"]["votes_fingerprint"] != usual


def test_lenient_rules_stand_in_the_signature() -> None:
    made = summary(*put(), "--on-fractional", "round", "--on-duplicate", "drop")
    assert "|rules:on_fractional=round,on_duplicate=drop|" in made["signature"]
    assert made["settings"]["on_fractional"] == "round"
    assert made["settings"]["missing_votes"] == "error"


# A process of its own


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_leaves_no_file(number: int, code: int) -> None:
    done_well("simulate", "made", "-n", 60_000, "-q")
    before = sorted(Path("made").iterdir())
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "zoocli", "score", "predictions.parquet", "votes.parquet"),
            *("-o", "scores.parquet", "--batch-size", "4", "-q"),
        ],
        cwd="made",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        # A shell's background jobs ignore interrupts, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while sorted(Path("made").iterdir()) == before:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, b"")
    assert sorted(Path("made").iterdir()) == before


def test_a_pipeline_of_processes(zoocli: Any) -> None:
    put()
    line = '"$@" score p.parquet v.parquet -s tree.yaml -f arrow -q | "$@" summarize - -f json'
    python = [sys.executable, "-m", "zoocli"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line, "bash", *python],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["overall"]["galaxies_all"] == 3
    early = subprocess.run(
        ["bash", "-o", "pipefail", "-c", '"$@" score p.parquet v.parquet | true', "bash", *python],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert early.returncode in (0, 3) and "Traceback" not in early.stderr
    failed = zoocli("score", "p.parquet", "no.csv", "-o", "s.csv")
    assert (failed.returncode, failed.stdout) == (3, "") and failed.stderr.count("\n") == 1


def test_the_summary_goes_to_stdout():
    command = put()
    done = run(*command, "--summary", "-")
    assert done.code == 0
    assert json.loads(done.out)["matching"]["matched"] == 3
    for table in (["-o", "-"], ["-f", "csv"]):
        refused = run(*command, "--summary", "-", *table)
        assert refused.code == 2
        assert "not both" in refused.err


@pytest.mark.parametrize(
    ("options", "written"),
    [
        (["-o", "-", "--summary", "s.json"], "s.json"),
        (["-o", "s.parquet", "--summary", "-"], "s.parquet"),
    ],
)
def test_a_reader_that_leaves_stops_no_file(options: list[str], written: str) -> None:
    command = put()
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "zoocli", *command, *options],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    assert Path(written).stat().st_size > 0


def test_stdin_is_read_once():
    refused = run("score", "-", "-")
    assert refused.code == 2
    assert "only once" in refused.err
