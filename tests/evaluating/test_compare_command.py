"""`zoocli compare` from the outside: what it shows, in every format, and what it refuses."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.command import done_well, run, write, write_tree
from tests.scores_tables import QUESTIONS, SETTINGS, draw, metadata, scores_table
from zoocli import compare, simulate
from zoocli.report.comparison import render_comparison
from zoocli.report.formats import FORMATS

GALAXIES = 500


def table(factor=1.0, **made):
    """Scores whose losses are `factor` times those of the baseline."""
    losses, votes = draw(GALAXIES)
    return scores_table(losses * factor, votes, metadata(GALAXIES, **made))


@pytest.fixture
def files(tmp_path):
    """The baseline, a worse system and a better one."""
    factors = {"baseline": 1.0, "worse": 1.2, "better": 0.9}
    return [write(tmp_path / f"{name}.parquet", table(factor)) for name, factor in factors.items()]


def test_a_model_that_is_worse_is_found(tmp_path):
    made = simulate(tmp_path, schema="gz-rings", galaxies=2000, seed=3, blur=[0.3])
    for name, predictions in (("true", made.predictions), ("blurred", made.blurred[0.3])):
        done_well("score", predictions, made.votes, "-o", tmp_path / f"{name}.parquet")
    done = done_well("compare", tmp_path / "true.parquet", tmp_path / "blurred.parquet")
    assert "blurred.parquet: worse than the baseline (p " in done.out
    assert done.out.startswith("dirichlet loss in nats, schema gz-rings: ")
    assert done.err == ""


def test_json_is_what_python_gives(files):
    done = done_well("compare", *files, "--format", "json")
    content = json.loads(done.out)
    assert content == compare(*files).to_dict()
    assert [system["file"] for system in content["systems"]] == [str(files[2]), str(files[1])]
    overall = content["systems"][0]["overall"]
    assert overall["p_holm"] is None
    assert {type(value) for key, value in overall.items() if key != "p_holm"} == {float, int}
    assert content["settings"] == {
        "intervals": "jackknife1024",
        "seed": 0,
        "confidence": 0.95,
    }
    assert content["systems"][0]["verdict"] == "better than the baseline (p < 1e-10)"


def test_csv_has_a_row_for_each_system_and_group(files):
    done = done_well("compare", *files, "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 2 * (1 + 2 + 3)
    found = compare(*files).rows()
    assert [float(row["difference"]) for row in rows] == [row["difference"] for row in found]
    assert rows[0]["p_holm"] == ""


def test_markdown_and_latex_hold_a_table_for_each_system(files):
    markdown = done_well("compare", *files, "-f", "markdown").out
    assert markdown.count("| --- |") == 2
    assert "negative difference: the system is better" in markdown
    latex = done_well("compare", *files, "-f", "latex").out
    assert latex.count(r"\begin{tabular}{lrrrrrrrrr}") == 2
    assert "\\%" in latex


def test_the_table_shows_every_number_that_a_paper_needs(files):
    shown = done_well("compare", *files[:2]).out
    assert shown.splitlines()[2].split() == [
        *("baseline", "system", "difference", "low", "high", "p", "p", "(Holm)", "better", "N")
    ]
    overall = compare(*files[:2]).systems[0].overall
    line = next(line for line in shown.splitlines() if line.startswith("overall")).split()
    assert line[1:4] == [
        f"{value:.4f}" for value in (overall.mean_baseline, overall.mean_system, overall.difference)
    ]
    assert line[-1] == str(overall.galaxies)


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_absent_is_said(format):
    one = pa.table({"id": ["a"], "loss": pa.array([None], pa.float64())})
    found = compare(one, one)
    assert found.systems[0].overall.galaxies == 0
    shown = render_comparison(found, format)
    assert "nan" not in shown.lower()
    if format == "table":
        assert "system 1: not compared: no galaxy has votes in all tables" in shown
    if format == "json":
        assert json.loads(shown)["systems"][0]["overall"]["difference"] is None


def test_csv_without_settings_is_noted(files, tmp_path):
    plain = write(tmp_path / "plain.csv", table(1.2))
    done = done_well("compare", files[0], plain, "-f", "json")
    assert "carry no settings" in done.err
    content = json.loads(done.out)
    parquet = json.loads(done_well("compare", *files[:2], "-f", "json").out)
    assert content["systems"][0]["questions"] == parquet["systems"][0]["questions"]
    assert content["systems"][0]["campaigns"] == parquet["systems"][0]["campaigns"]
    assert content["systems"][0]["signature"] is None
    alone = json.loads(done_well("compare", plain, plain, "-f", "json").out)
    assert alone["loss"] is alone["schema"] is alone["systems"][0]["campaigns"] is None
    assert done_well("compare", plain, plain, "-q").err == ""


def test_a_schema_names_the_campaigns_of_csv(tmp_path):
    losses = np.array([[1.0, 2.0], [0.5, 0.25]])
    columns = {"id": ["a", "b"], "loss": losses.sum(axis=0)}
    for name, values in zip(("shape", "bar"), losses, strict=True):
        columns |= {f"{name}_loss": values, f"{name}_total-votes": [3, 4]}
    file = write(tmp_path / "plain.csv", columns)
    done = done_well("compare", file, file, "-s", write_tree(tmp_path), "-f", "json")
    assert list(json.loads(done.out)["systems"][0]["campaigns"]) == ["tree"]


def test_one_table_through_stdin(files):
    plain = done_well("compare", *files[:2], "-f", "csv").out
    piped = done_well("compare", files[0], "-", "-f", "csv", stdin=files[1].read_bytes())
    assert piped.out.replace("standard input", str(files[1])) == plain
    assert run("compare", "-", "-").code == 2


def test_a_directory_of_parts_is_one_table(files, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    whole = table(1.2)
    write(folder / "b.parquet", whole.slice(0, 123))
    write(folder / "a.parquet", whole.slice(123))
    parts = json.loads(done_well("compare", files[0], folder, "-f", "json").out)
    plain = json.loads(done_well("compare", *files[:2], "-f", "json").out)
    assert parts["systems"][0]["questions"] == plain["systems"][0]["questions"]
    write(folder / "a.parquet", table(1.2, loss="mse").slice(123))
    done = run("compare", files[0], folder)
    assert done.code == 3
    assert "Compare them one by one" in done.err


def refused(first, second, *options):
    """The error that ends a comparison with exit code 3."""
    done = run("compare", first, second, *options)
    assert done.code == 3
    assert done.out == ""
    assert done.err.startswith("zoocli: error: ")
    assert done.err.count("\n") == 1
    return done.err


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"loss": "mse"}, "different losses"),
        ({"settings": SETTINGS | {"schema_hash": "9999"}}, "different schema hashes"),
        ({"settings": SETTINGS | {"votes_fingerprint": "0"}}, "different votes, by their finger"),
        ({"settings": SETTINGS | {"class_weights": [1.0, 2.0]}}, "different class weights"),
        ({"settings": SETTINGS | {"label_smoothing": 0.1}}, "different label smoothing"),
    ],
)
def test_tables_made_otherwise_are_refused(files, tmp_path, made, message):
    other = write(tmp_path / "other.parquet", table(1.2, **made))
    assert message in refused(files[0], other)


def test_other_votes_are_refused(files, tmp_path):
    losses, votes = draw(GALAXIES)
    votes[1, [7, 30]] += 1
    other = write(tmp_path / "other.parquet", scores_table(losses, votes, metadata(GALAXIES)))
    error = refused(files[0], other)
    assert "different total votes for 2 galaxies: '000007', '000030'" in error


def test_other_questions_are_refused(files, tmp_path):
    small = table().drop_columns([f"{QUESTIONS[2]}_loss", f"{QUESTIONS[2]}_total-votes", "loss"])
    losses = sum(small[f"{name}_loss"].to_numpy() for name in QUESTIONS[:2])
    small = small.add_column(1, "loss", pa.array(losses)).replace_schema_metadata(None)
    error = refused(files[0], write(tmp_path / "small.csv", small))
    assert "different questions" in error
    assert f"only it has '{QUESTIONS[2]}'" in error
    plain = pa.table({"id": ["000001"], "loss": [1.0]})
    assert "different kinds of losses" in refused(files[0], write(tmp_path / "p.csv", plain))


@pytest.mark.parametrize("side", [0, 1])
def test_repeated_ids_are_refused(files, tmp_path, side):
    whole = table()
    twice = pa.concat_tables([whole, whole.slice(3, 2), whole.slice(3, 1)])
    pair = [files[0], files[0]]
    pair[side] = write(tmp_path / "twice.parquet", twice)
    error = refused(*pair)
    assert "2 ids occur more than once in" in error
    assert "'000003', '000004'. Keep one row of each." in error


def test_nothing_in_common_is_refused(files, tmp_path):
    whole = table()
    ids = pa.array([f"x{number}" for number in range(GALAXIES)])
    other = write(tmp_path / "other.parquet", whole.set_column(0, "name", ids))
    error = refused(files[0], other)
    assert "No galaxy is in all tables" in error
    assert "'000000'" in error
    assert "column 'name': 'x0'" in error


def test_an_index_is_no_id(files, tmp_path):
    with_index = table().add_column(0, "", pa.array(range(GALAXIES)))
    file = write(tmp_path / "index.csv", with_index)
    for given in ((), ("--id", "id_str")):
        done_well("compare", files[0], file, *given)
    only_index = table().rename_columns(["index", *table().column_names[1:]])
    assert "Name the id column with --id" in refused(
        files[0], write(tmp_path / "i.csv", only_index)
    )
    assert "has no column 'nothing'" in refused(files[0], file, "--id", "nothing")


def test_numbers_out_of_range_are_wrong_usage(files):
    done = run("compare", *files, "--seed", -1)
    assert done.code == 2
    assert "seed" in done.err and "at least 0" in done.err


def test_what_is_no_scores_table_is_refused(files, tmp_path):
    other = write(tmp_path / "other.csv", {"id": ["a"], "ring_yes": [1.0]})
    assert "has no column 'loss'" in refused(files[0], other)
    assert "There is no file" in refused(files[0], tmp_path / "absent.csv")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("carriers", [(0,), (1,), (0, 1)], ids=["baseline", "system", "both"])
def test_a_condition_leaves_what_the_kept_column_says(tmp_path, carriers, suffix):
    colour = pa.array(np.random.default_rng(3).random(GALAXIES))
    whole = [table(1.0), table(1.1)]
    near = [one.filter(pc.less(colour, 0.5)) for one in whole]
    carrying = [
        one.append_column("colour", colour) if place in carriers else one
        for place, one in enumerate(whole)
    ]
    given = [write(tmp_path / f"{place}.{suffix}", one) for place, one in enumerate(carrying)]
    alone = [write(tmp_path / f"near-{place}.{suffix}", one) for place, one in enumerate(near)]
    for more in ((), ("--memory-limit", "500MB")):
        where = ("--where", "colour < 0.5", *more)
        done = done_well("compare", *given, "-f", "json", *where)
        found = json.loads(done.out)
        expected = json.loads(done_well("compare", *alone, "-f", "json").out)
        assert found["systems"][0]["overall"] == expected["systems"][0]["overall"]
        assert found["systems"][0]["questions"] == expected["systems"][0]["questions"]
        assert found["settings"]["where"] == "colour < 0.5"
        assert "|where:colour < 0.5|" in found["signature"]
        excluded = GALAXIES - near[0].num_rows
        assert f"--where does not hold for {excluded:,} of" in done.err


def test_a_condition_over_what_no_table_has_is_refused(files):
    done = run("compare", *files, "--where", "colour < 0.5")
    assert done.code == 3 and "colour" in done.err
    done = run("compare", *files, "--where", "colour <")
    assert done.code == 2 and "is no condition" in done.err
    done = run("compare", *files, "--where", "loss < 0")
    assert done.code == 3 and "--where holds for no galaxy" in done.err


def test_the_report_is_one_page(files, tmp_path):
    page = tmp_path / "comparison.html"
    done = done_well("compare", *files, "-o", page, "-f", "csv")
    assert done.out.startswith("file,level,name,")
    assert "<h1>Comparison of models</h1>" in page.read_text()
    for output, code, said in (
        ("numbers.csv", 2, "must end in .html"),
        ("-", 2, "cannot take"),
        (tmp_path / "absent" / "x.html", 4, "absent"),
    ):
        refused = run("compare", *files, "-o", output)
        assert refused.code == code and said in refused.err
    before = files[0].read_bytes()
    same = files[0].rename(tmp_path / "scores.html")
    refused = run("compare", same, files[1], "-o", same)
    assert refused.code in (2, 3) and same.read_bytes() == before
