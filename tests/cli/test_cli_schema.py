"""`zoocli schema list`, `show`, `check` and `detect`."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from zoocli.cli.schema import app
from zoocli.errors import DataError, SchemaError, UsageError
from zoocli.schema import Schema, load_schema

BRACKETS = """\
title: "[red]Rings[/red]"
question_answer_pairs:
  "[b]type": [_spiral, _disk, "_[/]"]
  ring: [_yes, _no]
dependencies:
  "[b]type": null
  ring: ["[b]type_spiral", "[b]type_disk"]
"""


def run(*args: str) -> Any:
    return CliRunner().invoke(app, args)


def output(*args: str) -> str:
    result = run(*args)
    assert result.exit_code == 0, result.exception
    assert result.stderr == ""
    return str(result.stdout)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(BRACKETS)
    return path


def test_list_shows_every_tree_on_one_line() -> None:
    lines = output("list").splitlines()
    assert len(lines) == 22
    assert lines[0].split() == ["name", "questions", "answers", "campaigns", "citation"]
    (dr5,) = (line for line in lines if line.startswith("decals-dr5-ortho "))
    assert dr5.split(maxsplit=4)[1:4] == ["10", "34", "dr5"]
    assert dr5.rstrip().endswith("Walmsley et al. 2022, MNRAS 509, 3966")


def test_list_as_json_and_csv_say_the_same() -> None:
    rows = json.loads(output("list", "--format", "json"))
    table = list(csv.DictReader(io.StringIO(output("list", "--format", "csv"))))
    assert len(rows) == len(table) == 21
    for row, line in zip(rows, table, strict=True):
        assert line["name"] == row["name"]
        assert (int(line["questions"]), int(line["answers"])) == (row["questions"], row["answers"])
        assert line["campaigns"].split() == row["campaigns"]
        assert line["citation"] == row["citation"]
    public = next(row for row in rows if row["name"] == "gz-evo-v2-public")
    assert public["campaigns"] == ["dr12", "dr5", "dr8", "gz2", "candels", "hubble"]


def test_show_draws_questions_under_their_answers() -> None:
    lines = output("show", "gz-rings").splitlines()
    assert not any("catalogue" in line for line in lines)
    lines = output("show", "decals-dr5-ortho").splitlines()
    lines, catalogues = lines[: lines.index("published catalogues")], lines[-2:]
    assert [line.split(":")[0] for line in catalogues] == list(
        load_schema("decals-dr5-ortho").catalogues
    )
    assert "votes in smooth-or-featured_smooth, ...; ids in iauname" in catalogues[0]
    assert lines[0] == "decals-dr5-ortho"
    depth = {line.strip("│├└─ "): len(line) - len(line.lstrip("│├└─ ")) for line in lines}
    assert depth["smooth-or-featured-dr5"] == 4
    assert depth["featured-or-disk"] == 8
    assert depth["disk-edge-on-dr5"] == 12
    assert depth["has-spiral-arms-dr5"] == 20
    assert depth["spiral-arm-count-dr5"] == 28
    assert depth["merging-dr5"] == 4
    schema = load_schema("decals-dr5-ortho")
    assert len(lines) == 3 + len(schema.questions) + len(schema.label_cols)


def test_show_draws_several_parents_and_leaves_brackets_alone(mine: Path) -> None:
    text = output("show", str(mine))
    assert "[red]Rings[/red]" in text
    assert "[/]" in text
    assert text.count("ring (after any of [b]type_spiral, [b]type_disk)") == 1
    assert "disk\n│   └── -> ring, as after [b]type_spiral" in text.replace("    │", "│")


def test_a_deep_tree_is_drawn_to_its_end(tmp_path: Path) -> None:
    pairs = {f"q{i}": ["_x", "_y"] for i in range(100)}
    parents = {f"q{i}": f"q{i - 1}_x" if i else None for i in range(100)}
    path = tmp_path / "deep.yaml"
    path.write_text(Schema(pairs, parents).to_yaml())
    lines = output("show", str(path)).splitlines()
    assert len(lines) == 1 + 300
    assert sum(line.endswith("── q99") for line in lines) == 1


def test_show_json_is_zoobots_two_dicts(mine: Path) -> None:
    content = json.loads(output("show", "desi", "--format", "json"))
    assert content == load_schema("desi").zoobot_dicts()
    assert list(content) == ["question_answer_pairs", "dependencies"]
    two_parents = json.loads(output("show", str(mine), "--format", "json"))
    assert two_parents["dependencies"]["ring"] == ["[b]type_spiral", "[b]type_disk"]


def test_show_yaml_is_a_schema_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text(output("show", "gz-jwst", "--format", "yaml"), encoding="utf-8")
    assert load_schema(copy).content_hash == load_schema("gz-jwst").content_hash
    assert load_schema(copy).citation == load_schema("gz-jwst").citation


def test_show_suggests_the_closest_name() -> None:
    result = run("show", "gz-evo-v3")
    assert isinstance(result.exception, UsageError)
    assert "Did you mean 'gz-evo-v" in str(result.exception)
    assert result.stdout == ""


def test_check_says_what_the_file_holds(mine: Path) -> None:
    text = output("check", str(mine))
    assert "2 questions, 5 answers, campaigns mine" in text
    assert load_schema(mine).content_hash in text


def test_check_says_what_is_wrong(mine: Path) -> None:
    mine.write_text(BRACKETS.replace("[_yes, _no]", "[yes, no]"))
    result = run("check", str(mine))
    assert isinstance(result.exception, SchemaError)
    assert "line 4: YAML reads an unquoted yes" in str(result.exception)
    missing = run("check", "desi")  # a file, even where a tree has that name
    assert isinstance(missing.exception, DataError)
    assert "no such file" in str(missing.exception)


def test_detect_prints_the_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = load_schema("decals-dr5-ortho").label_cols
    tables = {"p.csv": ["id_str", *columns], "v.csv": columns, "less.csv": columns[1:]}
    fake = SimpleNamespace(open_table=lambda path: SimpleNamespace(column_names=tables[str(path)]))
    monkeypatch.setitem(sys.modules, "zoocli.tables", fake)
    assert output("detect", "p.csv", "v.csv") == "decals-dr5-ortho\n"
    result = run("detect", "p.csv", "less.csv")
    assert isinstance(result.exception, DataError)
    assert "1 of its 34 answer columns" in str(result.exception)


def test_detect_reads_real_tables(tmp_path: Path) -> None:
    votes = tmp_path / "votes.csv"
    header = ["iauname", *load_schema("gz-rings").label_cols]
    votes.write_text(",".join(header) + "\nJ1,3,4\n")
    assert output("detect", str(votes)) == "gz-rings\n"


def test_the_modules_are_light() -> None:
    code = (
        "import sys, zoocli.schema;"
        "heavy = {'numpy', 'yaml', 'rich', 'torch', 'pandas', 'pyarrow'} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
