"""How summaries are shown, in every format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.report.terminal import Terminal
from zoocli.errors import UsageError
from zoocli.foundation.version import __version__
from zoocli.matching.account import Matching
from zoocli.report.formats import FORMATS, render_json
from zoocli.report.summary import render_summaries
from zoocli.runs.provenance import Provenance
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.sums import Statistics

HOSTILE = "[bold red]a_b|50%&$#{x}~^\\\x1b[2J\n<b>"
LONG = "a-question-with-a-name-that-is-" + "very-" * 20 + "long"


def make(**changed: Any) -> Summary:
    one = Statistics.from_sums(6.0, 14.0, 3, 4, 1234567)
    none = Statistics.from_sums(0.0, 0.0, 0, 4, 0)
    made: dict[str, Any] = {
        "overall": one,
        "campaigns": {"dr5": one},
        "questions": {"smooth-dr5": one, "bar-dr5": none},
    }
    of = {
        "loss": "dirichlet",
        "schema": "tree",
        "settings": {"schema_hash": "1f2e", "votes_fingerprint": "77aa"},
        "matching": Matching(4, 3, 2, 1, 0),
    }
    for name in [*of, "version", "shard"]:
        if name in changed:
            of[name] = changed.pop(name)
    return Summary(**(made | changed), provenance=Provenance(**of))


def test_a_pipe_gets_plain_text_with_every_number() -> None:
    assert render_summaries([make()]) == (
        "dirichlet loss in nats, schema tree\n"
        "\n"
        "               mean       se   mean_all   N   N_all       votes\n"
        "───────────────────────────────────────────────────────────────\n"
        "overall      2.0000   0.5774     1.5000   3       4   1,234,567\n"
        "\n"
        "smooth-dr5   2.0000   0.5774     1.5000   3       4   1,234,567\n"
        "bar-dr5           -        -     0.0000   0       4           0\n"
        "\n"
        "matched 4, predictions_only 3, votes_only 2, duplicated 1, invalid 0\n"
        f"loss:dirichlet|schema:tree@1f2e|rules:strict|votes:77aa|N:4|zoocli:{__version__}\n"
    )


def test_several_campaigns_have_a_section_of_their_own() -> None:
    one = make().overall
    shown = render_summaries([make(campaigns={"dr12": one, "dr5": one})]).splitlines()
    assert [line.split()[0] for line in shown[4:11] if line] == [
        "overall",
        "dr12",
        "dr5",
        "smooth-dr5",
        "bar-dr5",
    ]
    assert '"dr5"' in render_summaries([make()], "json")
    assert "campaign,dr5," in render_summaries([make()], "csv")


def test_names_are_never_cut_off() -> None:
    summary = make(questions={LONG: make().overall})
    assert LONG in render_summaries([summary])
    assert LONG in render_summaries([summary, replace(summary, file=LONG + "2")])


def test_a_narrow_terminal_folds_names_and_keeps_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = render_summaries([make(questions={LONG: make().overall})], stream=Terminal())
    assert "\x1b[1m" in shown
    assert "…" not in shown
    assert shown.count("1,234,567") == 2
    assert LONG not in shown


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[3" not in render_summaries([make()], stream=Terminal())


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_names_are_harmless_in_every_format(format: str) -> None:
    summary = make(questions={HOSTILE: make().overall}, schema=HOSTILE, loss=HOSTILE)
    for summaries in ([summary], [summary, replace(summary, file=HOSTILE)]):
        shown = render_summaries(summaries, format)
        assert "\x1b" not in shown
        assert "[bold" in shown
        assert "x1b" in shown or "u001b" in shown


def test_json_is_strict_and_exact() -> None:
    value = 0.1 + 0.2
    summary = make(overall=Statistics.from_sums(value, value, 3, 4, None))
    content = json.loads(render_summaries([summary], "json"))
    assert content["overall"]["sum"] == value
    assert content["overall"]["votes"] is None
    assert content["questions"]["bar-dr5"]["mean"] is None
    assert Summary.from_dict(content) == summary
    with pytest.raises(ValueError, match="Out of range"):
        render_json({"mean": float("nan")})


def test_csv_has_the_keys_of_the_json() -> None:
    rows = list(csv.DictReader(io.StringIO(render_summaries([make()], "csv"))))
    assert [(row["level"], row["name"]) for row in rows] == [
        ("overall", "overall"),
        ("campaign", "dr5"),
        ("question", "smooth-dr5"),
        ("question", "bar-dr5"),
    ]
    assert float(rows[0]["se"]) == make().overall.se
    assert rows[3]["mean"] == ""
    assert rows[0]["votes"] == "1234567"


def test_markdown_escapes_what_would_break_a_row() -> None:
    shown = render_summaries([make(questions={"a|b_c": make().overall})], "markdown")
    assert "| a\\|b_c | 2.0000 | 0.5774 | 1.5000 | 3 | 4 | 1,234,567 |" in shown
    assert "| --- | ---: | ---: | ---: | ---: | ---: | ---: |" in shown
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert {line.replace("\\|", "").count("|") for line in rows} == {8}


def test_latex_escapes_every_special_character() -> None:
    shown = render_summaries([make(questions={"50% of a_b & {c}#$~^\\": make().overall})], "latex")
    assert (
        r"50\% of a\_b \& \{c\}\#\$\textasciitilde{}\textasciicircum{}\textbackslash{}"
        r" & 2.0000 & 0.5774 & 1.5000 & 3 & 4 & 1{,}234{,}567 \\" in shown
    )
    assert r"mean\_all" in shown
    for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\begin{tabular}{lrrrrrr}"):
        assert rule in shown


def test_several_stand_side_by_side() -> None:
    other = make(overall=Statistics.from_sums(8.0, 30.0, 4, 4, 9), questions={}, file="b.csv")
    shown = render_summaries([make(file="a.csv"), other], "markdown")
    assert "|  | a.csv | N | b.csv | N |" in shown
    assert "| overall | 2.0000 | 3 | 2.0000 | 4 |" in shown
    assert "| smooth-dr5 | 2.0000 | 3 | - | - |" in shown
    assert "a.csv: loss:dirichlet\\|" in shown


def test_several_are_a_json_array() -> None:
    content = json.loads(render_summaries([make(file="a"), make(file="b")], "json"))
    assert [summary["file"] for summary in content] == ["a", "b"]
    assert "file" not in json.loads(render_summaries([make()], "json"))


def test_small_errors_get_the_digits_they_need() -> None:
    precise = Statistics.from_sums(1e6, 1e6 + 0.01, 10**6, 10**6, 1)
    shown = render_summaries([make(overall=precise, campaigns={}, questions={})])
    assert "1.0000000" in shown
    assert precise.se == pytest.approx(1e-7)


def test_what_is_not_known_is_not_shown() -> None:
    bare = make(loss=None, schema=None, settings=None, matching=None, campaigns=None)
    shown = render_summaries([bare])
    assert shown.startswith("loss\n")
    assert "None" not in shown
    assert "matched" not in shown


def test_another_format_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'yaml'\. Choose one of table, json"):
        render_summaries([make()], "yaml")
