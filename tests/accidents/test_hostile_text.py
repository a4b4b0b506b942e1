"""Names, ids, files and options that try to be commands, paths, patterns or markup."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.accidents.common import GOOD, HOSTILE, assert_one_paragraph, contents
from tests.command import (
    done_well,
    read,
    run,
    small_predictions,
    small_votes,
    write,
)
from zoocli.errors import harmless
from zoocli.report.formats import FORMATS

# Hostile text. None of it is a command, a path, a pattern or markup, and none reaches a terminal.


def hostile(*without: str) -> Any:
    """The texts but for those that hold any of some characters."""
    chosen = [text for text in HOSTILE if not any(one in text for one in without)]
    return pytest.mark.parametrize("text", chosen, ids=ascii)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_ids_are_only_text(folder: Path, suffix: str) -> None:
    inputs = (f"p.{suffix}", f"v.{suffix}", "-s", "tree.yaml")
    write(folder / f"p.{suffix}", small_predictions(HOSTILE))
    write(folder / f"v.{suffix}", small_votes(HOSTILE))
    done_well("score", *inputs, "-o", "out.parquet")
    assert read(folder / "out.parquet")["id"].to_pylist() == HOSTILE
    done_well("score", *inputs, "-o", "out.csv")
    with open("out.csv", newline="", encoding="utf-8") as file:  # formulas too, as they are
        assert [row[0] for row in csv.reader(file)] == ["id", *HOSTILE]
    done_well("score", *inputs, "-o", "out.jsonl")
    with open("out.jsonl", encoding="utf-8", newline="\n") as file:
        assert [json.loads(line)["id"] for line in file] == HOSTILE


@hostile()
def test_ids_in_messages_are_harmless(folder: Path, text: str) -> None:
    ids = (text, "b", "c")
    write(folder / "p.parquet", small_predictions(ids))
    write(folder / "v.parquet", small_votes(("x", "b", "c")))
    done = done_well("score", *GOOD, "-o", "out.csv")
    note, closing = done.err.splitlines()
    assert note.startswith("zoocli: note: ") and note.isprintable()
    assert closing.startswith("zoocli: 2 galaxies scored")
    write(folder / "v.parquet", small_votes(ids))
    for damage in ({"bar_yes": [-1.0, 1.0, 1.0]}, {"id": [text, text, "b"]}):
        write(folder / "p.parquet", small_predictions(ids) | damage)
        done = run("score", *GOOD)
        assert done.code == 3
        assert_one_paragraph(done.err)
        assert f"'{harmless(text)}'" in done.err


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_columns_are_only_text(folder: Path, suffix: str) -> None:
    inputs = (f"p.{suffix}", f"v.{suffix}", "-s", "tree.yaml")
    # A line end in a header is read from Parquet alone.
    texts = [text for text in HOSTILE if suffix == "parquet" or not {*text} & {*"\n\r"}]
    write(folder / f"p.{suffix}", small_predictions() | {text: [1, 2, 3] for text in texts})
    before = {path.name for path in folder.iterdir()}
    kept = [word for text in texts for word in ("--keep", text)]
    done_well("score", *inputs, *kept, "-o", "out.parquet")
    assert read(folder / "out.parquet").column_names[1 : 1 + len(texts)] == texts
    for text in texts:
        for option in ("--keep", "--id", "--votes-id"):
            done = run("score", *inputs, option, text + "x")
            assert done.code == 3
            assert_one_paragraph(done.err)
    assert {path.name for path in folder.iterdir()} == before | {"out.parquet"}


@hostile("\n", "\r", "\x1b", "\x9b", "\u202e", "\t", "\u2028", "\ufeff", "\x7f", "\u200b")
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_questions_are_only_text(folder: Path, text: str, suffix: str) -> None:
    """Those that can be printed may be names; the others are refused, see below."""
    dicts = {"question_answer_pairs": {text: ["_a", "_b"]}, "dependencies": {text: None}}
    (folder / "h.yaml").write_text(json.dumps(dicts))
    columns = {"id": ["x", "y"], f"{text}_a": [1, 2], f"{text}_b": [3, 4]}
    for name in "pv":
        write(folder / f"{name}.{suffix}", columns)
    before = {path.name for path in folder.iterdir()}
    inputs = (f"p.{suffix}", f"v.{suffix}", "-s", "h.yaml")
    done_well("score", *inputs, "-o", "o.csv", "--summary", "o.json")
    for source in ("o.csv", "o.json"):
        for format in FORMATS:
            done_well("summarize", source, "-f", format)
    assert list(json.loads(Path("o.json").read_text())["questions"]) == [text]
    for format in ("tree", "yaml", "json"):
        assert "_a" in done_well("schema", "show", "h.yaml", "-f", format).out or format == "tree"
    assert {path.name for path in folder.iterdir()} == before | {"o.csv", "o.json"}


@hostile("/")
def test_files_are_only_names(folder: Path, text: str) -> None:
    for suffix in ("csv", "parquet"):
        source, target = f"./{text}.{suffix}", f"./out {text}.{suffix}"
        (folder / source).write_bytes((folder / f"p.{suffix}").read_bytes())
        done_well("score", source, "v.csv", "-s", "tree.yaml", "-o", target)
        assert (folder / target).stat().st_size
        done = done_well("summarize", target, target)
        assert all(line.isprintable() for line in done.out.splitlines())
        for command in ("summarize", "merge"):
            refused = run(command, source)
            assert refused.code == 3
            assert_one_paragraph(refused.err)
    (folder / text).mkdir()
    (folder / text / "tree.yaml").write_bytes((folder / "tree.yaml").read_bytes())
    said = done_well("schema", "check", f"./{text}/tree.yaml").out
    assert said.count("\n") == 1 and said[:-1].isprintable()
    made = done_well("simulate", f"./{text}/made", "-n", "3")
    assert all(line.isprintable() for line in made.err.splitlines())


@pytest.mark.parametrize("option", ["-s", "-l", "-f", "--only", "--device", "--memory-limit"])
def test_options_are_only_text(folder: Path, option: str) -> None:
    before = contents(folder)
    for text in HOSTILE:
        done = run("score", "p.parquet", "v.parquet", option, text, "-o", "out.csv")
        assert done.code in (2, 3)
        assert_one_paragraph(done.err)
    assert contents(folder) == before


LONG = "x" * 1_000_000


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_an_id_of_a_million_characters(folder: Path, suffix: str) -> None:
    inputs = (f"p.{suffix}", f"v.{suffix}", "-s", "tree.yaml")
    write(folder / f"p.{suffix}", small_predictions((LONG, "b", "c")))
    write(folder / f"v.{suffix}", small_votes((LONG, "b", "c")))
    done_well("score", *inputs, "-o", "o.parquet")
    assert read(folder / "o.parquet")["id"][0].as_py() == LONG
    write(folder / f"v.{suffix}", small_votes(("x", "b", "c")))
    assert len(done_well("score", *inputs, "-o", "o.csv").err) < 500
    write(folder / f"v.{suffix}", small_votes(("x", "y", "z")))
    done = run("score", *inputs)
    assert done.code == 3 and len(done.err) < 500 and "--votes-id" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", *GOOD, "--keep", LONG),
        ("score", *GOOD, "--id", LONG),
        ("score", *GOOD, "-o", LONG),
        ("score", *GOOD, "-o", LONG + ".csv"),
        ("score", LONG, "v.csv"),
        ("score", *GOOD[:2], "-s", LONG),
        ("score", *GOOD[:2], "-s", LONG + ".yaml"),
        ("score", *GOOD[:2], "-l", LONG),
        ("score", *GOOD[:2], "--" + LONG),
        ("summarize", LONG),
        ("merge", LONG),
        (LONG,),
    ],
    ids=lambda arguments: " ".join(arguments)[:60],
)
def test_words_of_a_million_characters(folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code in (2, 3, 4)
    assert_one_paragraph(done.err)
