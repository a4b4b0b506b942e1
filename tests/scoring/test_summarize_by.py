"""`zoocli summarize --by` and `--plot`."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zoocli
from tests.command import done_well, run, write
from tests.scores_tables import QUESTIONS, draw, metadata, scores_table
from zoocli.errors import UsageError
from zoocli.runs.options.by import By
from zoocli.scoring.summaries.bins import NumberBins

N = 500
SURVEYS = ["north", "south", None, " "]


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """Scores with a redshift (some missing), a survey and a flag."""
    losses, votes = draw(N)
    losses[:, 7] = np.nan
    plain = scores_table(losses, votes, metadata(N, invalid=1))
    random = np.random.default_rng(3)
    redshift = random.gamma(2.0, 0.1, N)
    columns = {
        "redshift": pa.array([None if row % 50 == 0 else z for row, z in enumerate(redshift)]),
        "survey": pa.array([SURVEYS[row % 4] for row in range(N)]),
        "flag": pa.array([row % 3 == 0 for row in range(N)]),
    }
    names = [name for name in plain.column_names if name not in columns]
    return pa.table(
        {"id_str": plain["id_str"]} | columns | {name: plain[name] for name in names},
        metadata=plain.schema.metadata,
    )


@pytest.fixture
def file(table, tmp_path):
    return write(tmp_path / "scores.parquet", table)


def reference(table: pa.Table, rows: pd.Series, question: str) -> dict[str, float | None]:
    """mean, mean_all, se and their N by pandas."""
    frame = table.to_pandas()[rows.to_numpy()]
    loss = frame["loss"] if question == "overall" else frame[f"{question}_loss"]
    names = QUESTIONS if question == "overall" else (question,)
    votes = sum(frame[f"{name}_total-votes"] for name in names)
    there = loss.notna()
    loss, votes = loss[there], votes[there]
    voted = loss[votes > 0]
    return {
        "mean": voted.mean() if len(voted) else None,
        "mean_all": loss.mean() if len(loss) else None,
        "se": voted.sem() if len(voted) > 1 else None,
        "galaxies": len(voted),
        "galaxies_all": len(loss),
        "votes": votes.sum(),
    }


def check(bins: list[dict], table: pa.Table, memberships: list[pd.Series]) -> None:
    assert len(bins) == len(memberships)
    for found, rows in zip(bins, memberships, strict=True):
        for name in ("overall", *QUESTIONS):
            statistics = found["overall"] if name == "overall" else found["questions"][name]
            for key, expected in reference(table, rows, name).items():
                assert statistics[key] == (
                    None if expected is None else pytest.approx(expected, rel=1e-12)
                ), (name, key)


def by(file, what: str, *more: object) -> dict:
    return json.loads(done_well("summarize", file, "--by", what, "-f", "json", "-q", *more).out)


def test_bins_of_equal_width(file, table):
    z = table["redshift"].to_pandas()
    edges = np.linspace(z.min(), z.max(), 5)
    bins = by(file, "redshift:4")["by"]["bins"]
    member = [(z >= low) & (z < high) for low, high in pairwise(edges)]
    member[-1] |= z == z.max()
    check(bins, table, [*member, z.isna()])
    assert [one["low"] for one in bins] == [*edges[:-1], None]
    assert (bins[-1]["label"], bins[-1]["high"], bins[-1]["value"]) == ("no value", None, None)
    assert len(by(file, "redshift")["by"]["bins"]) == 11


def test_bins_of_equally_many_galaxies(file, table):
    z = table["redshift"].to_pandas()
    edges = z.quantile([0.25, 0.5, 0.75, 1.0]).to_numpy()
    bins = by(file, "redshift:q4")["by"]["bins"]
    below = [z < edge for edge in edges[:-1]]
    member = [below[0], below[1] & ~below[0], below[2] & ~below[1], ~below[2] & z.notna()]
    check(bins, table, [*member, z.isna()])
    galaxies = [one["overall"]["galaxies_all"] for one in bins[:-1]]
    assert max(galaxies) - min(galaxies) <= 2
    same = table.set_column(1, "redshift", [[1.0] * (N - 2) + [2.0, 3.0]])
    assert len(zoocli.summarize_by(same, "redshift:q10").bins) == 1  # the deciles below 1 are equal


def test_several_columns(file):
    first, second = by(file, "redshift:2"), by(file, "survey")
    assert by(file, "redshift:2", "--by", "survey") == [first, second]
    text = done_well("summarize", file, "--by", "redshift:2", "--by", "survey", "-q").out
    assert text.index("by redshift") < text.index("by survey")
    rows = list(
        csv.DictReader(
            io.StringIO(
                done_well(
                    "summarize", file, "--by", "redshift:2", "--by", "survey", "-f", "csv", "-q"
                ).out
            )
        )
    )
    assert {row["by"] for row in rows} == {"redshift", "survey"}
    done = run("summarize", file, "--by", "redshift", "--by", "survey", "--plot", "x.png")
    assert done.code == 2 and "one --by" in done.err


def test_a_line_for_all(file, table):
    whole = zoocli.summarize(table).overall
    text = done_well("summarize", file, "--by", "survey", "-q").out
    line = next(one for one in text.splitlines() if one.startswith("overall"))
    assert line.split()[1] == "all" and f"{whole.mean:.4f}" in line


def test_edges_and_what_lies_beyond(file, table):
    z = table["redshift"].to_pandas()
    content = by(file, "redshift:0.1,0.25,9")
    bins = content["by"]["bins"]
    check(
        bins,
        table,
        [z < 0.1, (z >= 0.1) & (z < 0.25), (z >= 0.25) & (z < 9), z >= 9, z.isna()],
    )
    labels = ["below 0.1", "0.1 to 0.25", "0.25 to 9", "9 and more", "no value"]
    assert [one["label"] for one in bins] == labels
    assert bins[3]["overall"]["mean"] is None and bins[3]["overall"]["galaxies"] == 0
    whole = json.loads(done_well("summarize", file, "-f", "json", "-q").out)
    del content["by"]
    assert content == whole


def test_the_bins_add_up_to_everything(table):
    binned = zoocli.summarize_by(table, "redshift:7")
    for (level, name), groups in binned.groups().items():
        whole = binned.whole.groups()[level, name]
        total = groups[0]
        for group in groups[1:]:
            total += group
        assert total.sum == pytest.approx(whole.sum, rel=1e-12)
        assert total.galaxies == whole.galaxies and total.votes == whole.votes


def test_text_and_truth(file, table):
    survey = table["survey"].to_pandas()
    bins = by(file, "survey")["by"]["bins"]
    assert [one["value"] for one in bins] == ["north", "south", None]
    named = [survey == "north", survey == "south"]
    check(bins, table, [*named, ~(named[0] | named[1])])
    assert [one["value"] for one in by(file, "flag")["by"]["bins"]] == ["false", "true"]


@pytest.mark.parametrize("what", ["redshift:4", "redshift:0.1,0.2", "survey", "redshift"])
def test_csv_gives_the_same(file, table, tmp_path, what):
    text = tmp_path / "scores.csv"
    table.to_pandas().to_csv(text, index=False)
    ours, theirs = by(file, what)["by"], by(text, what)["by"]
    for one, other in zip(ours["bins"], theirs["bins"], strict=True):
        assert one["label"] == other["label"]
        assert one["questions"] == other["questions"] and other["campaigns"] is None


def test_any_column_will_do(file, table):
    votes = table["bar-dr5_total-votes"].to_pandas()
    bins = by(file, "bar-dr5_total-votes:1,3")["by"]["bins"]
    check(bins, table, [votes < 1, (votes >= 1) & (votes < 3), votes >= 3])


def test_parts_of_a_directory(file, table, tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    for number, content in enumerate((metadata(200), metadata(300, invalid=0))):
        part = table.slice(200 * number, 300 if number else 200)
        part = part.replace_schema_metadata({"zoocli": json.dumps(content)})
        pq.write_table(part, parts / f"{number}.parquet")
    ours, theirs = by(parts, "redshift:3")["by"]["bins"], by(file, "redshift:3")["by"]["bins"]
    for one, other in zip(ours, theirs, strict=True):
        for key, value in other["overall"].items():
            assert one["overall"][key] == pytest.approx(value, rel=1e-12)


def test_stdin(file):
    done = done_well("summarize", "-", "--by", "survey", "-f", "json", stdin=file.read_bytes())
    assert len(json.loads(done.out)["by"]["bins"]) == 3


def test_constant_and_single_values(tmp_path, table):
    constant = table.set_column(1, "redshift", pa.array([2.0] * N))
    binned = zoocli.summarize_by(constant, "redshift:5")
    assert [one.label for one, _ in binned.bins] == ["2 to 2"]
    assert binned.bins[0][1].overall == binned.whole.overall


def test_every_format(file):
    table = done_well("summarize", file, "--by", "redshift:2", "-q").out
    assert "by redshift" in table and "no value" in table and "upper one" in table
    rows = [
        *csv.DictReader(
            io.StringIO(done_well("summarize", file, "--by", "survey", "-f", "csv", "-q").out)
        )
    ]
    assert len(rows) == 3 * (1 + 2 + 3)
    assert {row["by"] for row in rows} == {"survey"}
    assert {row["value"] for row in rows} == {"north", "south", ""}
    latex = done_well("summarize", file, "--by", "redshift:2", "-f", "latex", "-q").out
    assert r"\begin{tabular}" in latex
    markdown = done_well("summarize", file, "--by", "redshift:2", "-f", "markdown", "-q").out
    assert markdown.count("| no value |") == 1 + 2 + 3


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("redshift:0", 2, "bins"),
        ("redshift:101", 2, "bins"),
        ("redshift:3,2", 2, "rise"),
        ("redshift:1,1", 2, "rise"),
        ("redshift:nan", 2, "finite"),
        ("redshift:0,inf", 2, "finite"),
        ("redshift:x", 2, "number of bins"),
        ("redshift:1,,2", 2, "edges"),
        ("colour", 3, "colour"),
        ("colour:3", 3, "colour"),
        ("survey:3", 3, "numbers"),
        ("survey:1,2.5", 3, "numbers"),
        ("id_str", 3, "100 different"),
    ],
)
def test_misuse(file, what, code, said):
    done = run("summarize", file, "--by", what)
    assert done.code == code and said in done.err and done.out == ""


def test_more_misuse(file, table, tmp_path):
    assert run("summarize", file, file, "--by", "redshift").code == 2
    summary = tmp_path / "summary.json"
    summary.write_text(done_well("summarize", file, "-f", "json", "-q").out)
    done = run("summarize", summary, "--by", "redshift")
    assert done.code == 2 and "without galaxies" in done.err
    for values, said in (
        (pa.array([math.inf] + [1.0] * (N - 1)), "infinite"),
        (pa.nulls(N, pa.float64()), "no value"),
        (pa.array([[1]] * N), "list"),
    ):
        odd = table.set_column(1, "redshift", values)
        done = run("summarize", write(tmp_path / "odd.parquet", odd), "--by", "redshift:2")
        assert done.code == 3 and said in done.err


@given(st.text(max_size=12), st.sets(st.text(max_size=12), max_size=3))
def test_what_is_typed_is_a_column_or_refused(text, columns):
    try:
        parsed = By.parse(text, columns)
    except UsageError:
        assert ":" in text and text not in columns
        return
    assert text.startswith(parsed.column)
    assert (text == parsed.column) == (parsed.bins is None and not parsed.edges)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8, unique=True).map(sorted),
    st.lists(st.floats(allow_infinity=True), min_size=1, max_size=20),
)
def test_each_value_lies_in_its_bin(edges, values):
    bins = NumberBins("x", edges, True)
    for value, place in zip(values, bins.positions(pa.array(values), "t").tolist(), strict=True):
        if math.isnan(value):
            assert place == -1
            continue
        one = bins.bins[place]
        assert one.low is None or one.low <= value
        assert one.high is None or value < one.high
    assert len({one.label for one in bins.bins}) == len(bins.bins)


@pytest.mark.parametrize("name", ["plot.png", "plot.pdf", "plot.SVG"])
@pytest.mark.parametrize("what", [(), ("--by", "redshift:3"), ("--by", "survey")])
def test_plots(file, tmp_path, name, what):
    shown = done_well("summarize", file, *what, "-q").out
    done = done_well("summarize", file, *what, "-q", "--plot", tmp_path / name)
    assert done.out == shown
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    content = (tmp_path / name).read_bytes()
    assert content.startswith(starts[name[-3:].lower()])
    done_well("summarize", file, *what, "-q", "--plot", tmp_path / f"again-{name}")
    assert (tmp_path / f"again-{name}").read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == {file.name, name, f"again-{name}"}


def test_a_plot_has_units_names_and_numbers(file, tmp_path):
    def drawn(*arguments: object) -> str:
        done_well("summarize", file, *arguments, "-q", "--plot", tmp_path / "plot.svg")
        return (tmp_path / "plot.svg").read_text()

    plain, binned = drawn(), drawn("--by", "survey")
    several = drawn(file, write(tmp_path / "other.csv", pq.read_table(file)), file)
    for name in QUESTIONS:
        assert f"<!-- {name} -->" in plain and f"<!-- {name} -->" in binned
    assert "mean loss (nats)" in plain and "mean loss (nats)" in binned
    assert "N = " in binned and "no value" in binned and "survey (bars: 1 se)" in binned
    assert len(re.findall(r"scores\.parquet, N = \d+ -->", several)) == 3
    assert len(re.findall(r"other\.csv, N = \d+ -->", several)) == 1


def test_plots_that_are_refused(file, tmp_path, monkeypatch):
    for name in ("plot.gif", "plot", "scores.parquet"):
        assert run("summarize", file, "--plot", tmp_path / name).code == 2
    assert run("summarize", *[file] * 8, "--plot", tmp_path / "plot.png").code == 2
    assert run("summarize", file, "--plot", tmp_path / "no" / "plot.png").code == 4
    assert run("summarize", file, "--by", "colour", "--plot", tmp_path / "plot.png").code == 3
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = run("summarize", file, "--plot", tmp_path / "plot.png")
    assert done.code == 4 and "pip install 'zoocli[report]'" in done.err and done.out == ""
    assert {path.name for path in tmp_path.iterdir()} == {file.name}
