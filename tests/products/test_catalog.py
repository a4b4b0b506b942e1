"""`zoocli catalog` and `zoocli.catalog`: both tables, against Zoobot's own and by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zoocli
from tests.command import ANSWERS, done_well, read, run, small_predictions, write, write_tree
from tests.reference.cases import FOLDER
from zoocli.products.catalog import vote_fractions
from zoocli.schema import Schema

REFERENCE = json.loads((FOLDER / "catalog.json").read_text())
CONCENTRATIONS = np.array(REFERENCE["concentrations"])  # (galaxies, answers, passes)
ZOOBOTS = Schema(REFERENCE["question_answer_pairs"], REFERENCE["dependencies"])
IDS = [f"g{number}" for number in range(len(CONCENTRATIONS))]
SPIRALS = Schema(
    {"type": ["_spiral", "_disk", "_smooth"], "ring": ["_yes", "_no"], "big": ["_yes", "_no"]},
    {"type": None, "ring": ["type_spiral", "type_disk"], "big": ["ring_yes", "type_smooth"]},
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path)


def cells(table: pa.Table) -> np.ndarray:
    """All columns but the id as (rows, columns); null is NaN."""
    return table.drop_columns([table.column_names[0]]).to_pandas().to_numpy(np.float64)


def predictions(passes: bool) -> pa.Table:
    values = CONCENTRATIONS.tolist() if passes else CONCENTRATIONS[:, :, 0].tolist()
    columns = zip(*values, strict=True)
    return pa.table({"id_str": IDS} | dict(zip(ZOOBOTS.label_cols, columns, strict=True)))


@pytest.mark.parametrize("passes", [False, True])
@pytest.mark.parametrize("advanced", [False, True])
def test_both_tables_are_zoobots(advanced, passes):
    options = {"advanced": True, "intervals": "zoobot"} if advanced else {}
    table = zoocli.catalog(predictions(passes), ZOOBOTS, **options)
    expected = REFERENCE["several_passes" if passes else "one_pass"][advanced]
    assert table.column_names == ["id_str", *REFERENCE["columns"][advanced]]
    assert table["id_str"].to_pylist() == IDS
    expected = np.array(expected, np.float64)
    np.testing.assert_allclose(cells(table), expected, rtol=0, atol=1e-9)
    assert np.isnan(expected).any() is not advanced
    assert not np.isclose(cells(table), expected + 1e-6, rtol=0, atol=1e-9).any()


def test_several_parents_by_hand():
    """ring: asked after spiral (0.5) or disk (0.3); big: after ring_yes (0.25) or smooth (0.2)."""
    columns = {"type_spiral": 5.0, "type_disk": 3.0, "type_smooth": 2.0}
    columns |= {"ring_yes": 1.0, "ring_no": 3.0, "big_yes": 3.0, "big_no": 2.0}
    frame = pd.DataFrame({"id": [7]} | {name: [value] for name, value in columns.items()})
    (row,) = zoocli.catalog(frame, SPIRALS, advanced=True).to_pylist()
    assert row["type_disk_proportion-asked"] == 1.0
    assert row["ring_yes_proportion-asked"] == row["ring_no_proportion-asked"] == 0.8
    assert row["big_yes_proportion-asked"] == pytest.approx(0.25 * 0.8 + 0.2, abs=1e-15)
    (row,) = zoocli.catalog(frame, SPIRALS).to_pylist()
    assert row["ring_yes_fraction"] == 0.25
    assert row["big_yes_fraction"] is None
    (row,) = zoocli.catalog(frame, SPIRALS, asked_threshold=0.4).to_pylist()
    assert row["big_yes_fraction"] == 0.6
    (row,) = zoocli.catalog(frame, SPIRALS, asked_threshold=0.8).to_pylist()  # reached is enough
    assert row["ring_yes_fraction"] == 0.25


def test_fractions_of_passes_are_means_of_fractions_not_of_concentrations():
    passes = np.array([[[1.0], [9.0]], [[40.0], [10.0]]])
    fractions = vote_fractions(passes, [slice(0, 2)])
    assert fractions[:, 0].tolist() == pytest.approx([(0.1 + 0.8) / 2, (0.9 + 0.2) / 2], abs=1e-15)


def test_mixture_is_the_default_and_wider():
    ends = [f"{answer}_90pc-{end}" for end in ("lower", "upper") for answer in ZOOBOTS.label_cols]
    mixture, medians = (
        zoocli.catalog(predictions(True), ZOOBOTS, advanced=True, **kind).select(ends).to_pandas()
        for kind in ({}, {"intervals": "zoobot"})
    )
    half = len(ends) // 2
    widths = [
        table.iloc[:, half:].to_numpy() - table.iloc[:, :half] for table in (mixture, medians)
    ]
    assert widths[0].to_numpy().mean() > 1.3 * widths[1].to_numpy().mean()


@pytest.mark.parametrize("level", [0.5, 0.9, 0.68, 0.955, 0.999])
def test_the_level_names_the_columns_and_is_the_probability_inside(level, tree):
    from scipy import special

    table = zoocli.catalog(pa.table(small_predictions()), tree, advanced=True, level=level)
    percent = {0.5: "50", 0.9: "90", 0.68: "68", 0.955: "95.5", 0.999: "99.9"}[level]
    lower, upper = (table[f"bar_yes_{percent}pc-{end}"].to_numpy() for end in ("lower", "upper"))
    a, b = (np.array(small_predictions()[name]) for name in ("bar_yes", "bar_no"))
    inside = special.betainc(a, b, upper) - special.betainc(a, b, lower)
    np.testing.assert_allclose(inside, level, rtol=0, atol=1e-9)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz", "arrow"])
@pytest.mark.parametrize("output", ["parquet", "csv", "arrow", "jsonl"])
def test_formats(suffix, output, tmp_path, tree):
    source = write(tmp_path / f"predictions.{suffix}", small_predictions())
    made = tmp_path / f"catalogue.{output}"
    done = done_well("catalog", source, "-s", tree, "-o", made)
    assert done.out == done.err == ""
    expected = zoocli.catalog(pa.table(small_predictions()), tree)
    if output == "jsonl":
        rows = [json.loads(line) for line in made.read_text().splitlines()]
        assert rows == expected.to_pylist()
    else:
        np.testing.assert_array_equal(cells(read(made)), cells(expected))
    assert expected.column_names == ["id", *(f"{answer}_fraction" for answer in ANSWERS)]


def test_the_same_bytes_however_it_is_run(tmp_path, tree):
    ids = [f"g{number}" for number in range(700)]
    source = write(tmp_path / "predictions.parquet", small_predictions(ids))
    made = set()
    for options in (
        [],
        ["--threads", 1],
        ["--threads", 3, "--batch-size", 1],
        ["--batch-size", 64],
    ):
        done_well("catalog", source, "-s", tree, "--advanced", "-o", tmp_path / "c.csv", *options)
        made.add((tmp_path / "c.csv").read_bytes())
    assert len(made) == 1
    assert [line.partition(b",")[0] for line in made.pop().splitlines()[1:]] == [
        name.encode() for name in ids
    ]


def test_parts_stdin_and_stdout(tmp_path, tree):
    parts = [write(tmp_path / f"{name}.csv", small_predictions([name, name * 2])) for name in "ab"]
    together = done_well("catalog", *parts, "-s", tree, "-o", "-").out.splitlines()
    assert [line.split(",")[0] for line in together[1:]] == ["a", "aa", "b", "bb"]
    piped = done_well("catalog", "-", "-s", tree, "-o", "-", stdin=parts[0].read_bytes())
    assert piped.out.splitlines() == together[:3]
    stream = done_well("catalog", parts[0], "-s", tree, "-o", "-", "-f", "arrow").binary
    assert pa.ipc.open_stream(stream).read_all().num_rows == 2


def test_lists_of_any_kind_hold_passes(tree):
    ids = ["a", "b"]
    values = np.random.default_rng(1).uniform(1, 50, (2, len(ANSWERS), 3))
    tables = []
    for kind in (pa.list_(pa.float64()), pa.large_list(pa.float64()), pa.list_(pa.float64(), 3)):
        columns = {
            answer: pa.array(values[:, number].tolist(), kind)
            for number, answer in enumerate(ANSWERS)
        }
        tables.append(zoocli.catalog(pa.table({"id": ids} | columns), tree, advanced=True))
    assert tables[0].equals(tables[1]) and tables[0].equals(tables[2])
    shape = values[:, :3] / values[:, :3].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(tables[0]["shape_disk_fraction"], shape[:, 1].mean(axis=1))


def test_passes_of_several_lengths_are_refused(tree):
    columns = {answer: [[1.0, 2.0], [1.0, 2.0]] for answer in ANSWERS}
    columns["bar_yes"][1] = [1.0]
    table = pa.table({"id": ["a", "b"]} | columns)
    with pytest.raises(zoocli.DataError, match=r"more or fewer passes.*'bar_yes'.*'b'"):
        zoocli.catalog(table, tree)


@pytest.mark.parametrize("bad", [None, math.nan, math.inf, 0.0, -2.0])
def test_invalid_concentrations_stop_the_run_or_are_null(bad, tmp_path, tree):
    columns = small_predictions()
    columns["shape_disk"][1] = bad
    source = write(tmp_path / "predictions.parquet", columns)
    made = tmp_path / "catalogue.parquet"
    done = run("catalog", source, "-s", tree, "-o", made)
    assert done.code == 3
    assert "'shape_disk'" in done.err and "'b'" in done.err and "--on-invalid null" in done.err
    assert set(tmp_path.iterdir()) == {tree, source}
    done = done_well(
        "catalog", source, "-s", tree, "-o", made, "--advanced", "--on-invalid", "null"
    )
    assert "1 galaxies have invalid concentrations" in done.err
    rows = pq.read_table(made).to_pylist()
    expected = zoocli.catalog(pa.table(small_predictions()), tree, advanced=True).to_pylist()
    assert [rows[0], rows[2]] == [expected[0], expected[2]]
    nulls = {name for name, value in rows[1].items() if value is None}
    ends = ("fraction", "90pc-lower", "90pc-upper")
    assert nulls == {f"shape_{a}_{end}" for a in ("smooth", "disk", "artifact") for end in ends} | {
        "bar_yes_proportion-asked",
        "bar_no_proportion-asked",
    }
    done_well("catalog", source, "-s", tree, "-o", made, "--on-invalid", "null", "-q")
    row = pq.read_table(made).to_pylist()[1]
    assert row == dict.fromkeys(row) | {"id": "b"}  # nobody knows whether bar would be asked


def test_an_invalid_pass_is_an_invalid_question(tree):
    columns = {answer: [[3.0, 4.0]] for answer in ANSWERS} | {"bar_no": [[1.0, None]]}
    table = pa.table({"id": ["a"]} | columns)
    with pytest.warns(zoocli.ZoocliWarning, match="1 galaxies"):
        made = zoocli.catalog(table, tree, advanced=True, on_invalid="null", intervals="zoobot")
    (row,) = made.to_pylist()
    assert row["bar_yes_fraction"] is row["bar_yes_90pc-lower"] is None
    assert row["bar_yes_proportion-asked"] == row["shape_disk_fraction"] == pytest.approx(1 / 3)


def test_the_schema_is_detected_from_the_predictions_alone(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "ring_yes": [3.0], "ring_no": [1.0]})
    assert zoocli.catalog(frame)["ring_yes_fraction"].to_pylist() == [0.75]
    done = run("catalog", write(tmp_path / "p.csv", {"id": ["a"], "x": [1.0]}), "-o", "-")
    assert done.code == 3 and "--schema" in done.err
    renamed = frame.rename(columns={"ring_yes": "ring_yes_pred", "ring_no": "ring_no_pred"})
    with pytest.warns(zoocli.ZoocliWarning, match="answer}_pred"):
        assert zoocli.catalog(renamed).equals(zoocli.catalog(frame))


def test_ids_and_kept_columns(tmp_path, tree):
    columns = small_predictions() | {"redshift": [0.1, None, 0.3], "name": ["x", "y", "z"]}
    columns["objid"] = [2**62, -5, 7]
    source = write(tmp_path / "predictions.parquet", columns)
    made = tmp_path / "c.parquet"
    options = ["--id", "objid", "--keep", "name", "--keep", "redshift", "--keep", "bar_no"]
    done_well("catalog", source, "-s", tree, "-o", made, *options)
    table = pq.read_table(made)
    assert table.column_names[:5] == [
        "objid",
        "name",
        "redshift",
        "bar_no",
        "shape_smooth_fraction",
    ]
    for name in table.column_names[:4]:
        assert table[name].to_pylist() == columns[name]
    for keep in ("nothing", "objid"):
        assert run("catalog", source, "-s", tree, "-o", made, *options, "--keep", keep).code != 0


def test_the_file_says_how_it_was_made(tmp_path, tree):
    source = write(tmp_path / "predictions.parquet", small_predictions())
    made = tmp_path / "c.parquet"
    done_well("catalog", source, "-s", tree, "-o", made, "--advanced", "--level", 0.8)
    said = json.loads(pq.read_metadata(made).metadata[b"zoocli"])
    assert said["catalog"] == "advanced" and said["schema"] == "tree" and said["galaxies"] == 3
    assert said["settings"]["level"] == 0.8 and said["settings"]["intervals"] == "mixture"
    done = run("summarize", made)
    assert done.code == 3 and "Traceback" not in done.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--advanced", "--level", "0"], "--level"),
        (["--advanced", "--level", "1"], "--level"),
        (["--advanced", "--level", "nan"], "--level"),
        (["--advanced", "--level", "90"], "above 0 and below 1"),
        (["--asked-threshold", "1.5"], "--asked-threshold"),
        (["--level", "0.5"], "--advanced"),
        (["--intervals", "zoobot"], "--advanced"),
        (["--advanced", "--asked-threshold", "0.4"], "does not use"),
        (["--batch-size", "0"], "--batch-size"),
        (["--keep", "bar_no", "--keep", "bar_no"], "more than once"),
        (["-f", "excel"], "--format"),
        (["--on-invalid", "drop"], "drop"),
    ],
)
def test_wrong_usage(options, said, tmp_path, tree):
    source = write(tmp_path / "predictions.parquet", small_predictions())
    done = run("catalog", source, "-s", tree, "-o", tmp_path / "c.csv", *options)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "c.csv").exists()


def test_what_else_is_refused(tmp_path, tree):
    source = write(tmp_path / "predictions.parquet", small_predictions())
    assert run("catalog", source, "-s", tree).code == 2  # no output
    for victim in (source, tree):
        before = victim.read_bytes()
        done = run("catalog", source, "-s", tree, "-o", victim, "-f", "csv")
        assert done.code == 2 and "also an input" in done.err
        assert victim.read_bytes() == before
    assert run("catalog", "-", "-", "-s", tree, "-o", "-").code == 2
    empty = write(tmp_path / "empty.parquet", pa.table(small_predictions()).slice(0, 0))
    done = run("catalog", empty, "-s", tree, "-o", tmp_path / "c.csv")
    assert done.code == 3 and "no rows" in done.err
    assert not (tmp_path / "c.csv").exists()
    done = run("catalog", source, "-s", tree, "-o", "-", "--memory-limit", "1MB")
    assert done.code == 4 and "--memory-limit" in done.err
    nameless = write(tmp_path / "p.csv", {"galaxy": ["a"]} | {name: [1.0] for name in ANSWERS})
    done = run("catalog", nameless, "-s", tree, "-o", "-")
    assert done.code == 3 and "--id" in done.err
    with pytest.raises(zoocli.UsageError, match="no option 'depth'"):
        zoocli.catalog(source, tree, depth=3)
