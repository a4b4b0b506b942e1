"""`zoocli evaluate` and the merging of evaluations, from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import TREE, done_well, run, small_predictions, small_votes, write, write_tree
from tests.evaluations import assert_same_numbers, numbers
from zoocli.products.simulation import simulate

FILES = {"metrics.json", "metrics.csv", "table.md", "table.tex", "sums.parquet"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated predictions and votes, the predictions also shuffled and in three parts."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "tree.yaml").write_text(
        "question_answer_pairs: {shape: [_smooth, _disk], bar: [_yes, _no]}\n"
        "dependencies: {shape: null, bar: shape_disk}\n"
    )
    simulate(
        folder, schema=str(folder / "tree.yaml"), galaxies=900, voted=800, seed=2, volunteers=12
    )
    table = pq.read_table(folder / "predictions.parquet")
    shuffled = table.take(pa.array(np.random.default_rng(0).permutation(900)))
    pq.write_table(shuffled, folder / "shuffled.parquet")
    for part in range(3):
        pq.write_table(shuffled.slice(300 * part, 300), folder / f"part-{part}.parquet")
    return folder


def evaluate(data: Path, *arguments: object, predictions: str = "predictions.parquet") -> str:
    """What goes to stdout."""
    tree = ("-s", data / "tree.yaml", "-q", "--no-report")
    return done_well("evaluate", data / predictions, data / "votes.parquet", *tree, *arguments).out


def test_the_directory_holds_every_file_and_stdout_nothing(data, tmp_path):
    assert evaluate(data, "-o", tmp_path / "out") == ""
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert content["matching"]["matched"] == 800 and content["matching"]["predictions_only"] == 100
    assert content["settings"]["min_votes"] == 1 and content["settings"]["profile"] == "zoobot"
    assert "relevance:zoobot(min_votes=1,confident=0.8)" in content["signature"]
    assert len(content["worst"]) == 20
    found = numbers((tmp_path / "out" / "metrics.csv").read_text())
    for metric in content["metrics"]:
        key = (metric["question"], metric["answer"] or "", metric["metric"])
        assert found[key] == [metric[name] for name in ("value", "low", "high", "N")]


def test_the_mean_loss_is_that_of_score(data):
    tree = ("-s", data / "tree.yaml", "-q")
    files = (data / "predictions.parquet", data / "votes.parquet")
    summary = json.loads(done_well("score", *files, *tree, "--summary", "-").out)
    found = numbers(evaluate(data, "--format", "csv"))
    for question, statistics in summary["questions"].items():
        value, low, high, n = found[question, "", "loss"]
        assert value == pytest.approx(statistics["mean"], rel=1e-12)
        assert n == statistics["galaxies"] and low < value < high
        assert found[question, "", "se"][0] == pytest.approx(statistics["se"], rel=1e-12)
        assert found[question, "", "loss_all"][0] == pytest.approx(statistics["mean_all"])
    assert found["overall", "", "loss"][0] == pytest.approx(summary["overall"]["mean"], rel=1e-12)


@pytest.mark.parametrize(
    ("predictions", "options"),
    [
        ("shuffled.parquet", ()),
        ("predictions.parquet", ("--batch-size", 37, "--threads", 3)),
        ("predictions.parquet", ("--threads", 1)),
    ],
)
def test_neither_order_nor_batches_nor_threads_change_a_number(data, predictions, options):
    expected = evaluate(data, "--format", "csv")
    found = evaluate(data, "--format", "csv", *options, predictions=predictions)
    assert_same_numbers(found, expected)


def test_merged_parts_are_the_whole(data, tmp_path):
    for part in range(3):
        evaluate(data, "-o", tmp_path / f"{part}", predictions=f"part-{part}.parquet")
    folders = [tmp_path / f"{part}" for part in (2, 0, 1)]
    merged = done_well("merge", *folders, "-q", "--format", "csv").out
    assert_same_numbers(merged, evaluate(data, "--format", "csv"))
    assert done_well("merge", *folders, "-q", "--no-report", "-o", tmp_path / "all").out == ""
    assert {path.name for path in (tmp_path / "all").iterdir()} == FILES
    assert_same_numbers((tmp_path / "all" / "metrics.csv").read_text(), merged)
    content = json.loads((tmp_path / "all" / "metrics.json").read_text())
    whole = json.loads(evaluate(data, "--format", "json"))
    assert content["matching"] == whole["matching"]
    assert content["signature"] == whole["signature"]
    assert content["worst"] == whole["worst"]


def test_parts_that_differ_are_not_merged(data, tmp_path):
    evaluate(data, "-o", tmp_path / "a", predictions="part-0.parquet")
    evaluate(data, "-o", tmp_path / "b", "--profile", "evo", predictions="part-1.parquet")
    done = run("merge", tmp_path / "a", tmp_path / "b")
    assert done.code == 3 and "profile ('zoobot' and 'evo')" in done.err
    done = run("merge", tmp_path / "a", tmp_path / "a", tmp_path / "a", tmp_path / "a")
    assert done.code == 3 and "overlap" in done.err
    done = run("merge", tmp_path / "a", "summary.json")
    assert done.code == 2
    done = run("merge", tmp_path)
    assert done.code == 3 and "sums.parquet" in done.err
    done = run("merge", "summary.json", "-f", "table")
    assert done.code == 2


@pytest.mark.parametrize("damage", ["text", "truncated", "metadata", "names"])
def test_damaged_sums_are_refused(data, tmp_path, damage):
    evaluate(data, "-o", tmp_path / "a", predictions="part-0.parquet")
    path = tmp_path / "a" / "sums.parquet"
    table = pq.read_table(path)
    if damage == "text":
        path.write_text("no parquet")
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "metadata":
        pq.write_table(table.replace_schema_metadata({"zoocli": "{}"}), path)
    else:
        pq.write_table(table.slice(3), path)
    done = run("merge", tmp_path / "a")
    assert done.code == 3 and "damaged" in done.err


def test_a_result_is_replaced_and_nothing_else_is(data, tmp_path):
    evaluate(data, "-o", tmp_path / "out")
    before = (tmp_path / "out" / "metrics.csv").read_text()
    evaluate(data, "-o", tmp_path / "out", "--profile", "evo")
    assert (tmp_path / "out" / "metrics.csv").read_text() != before
    (tmp_path / "out" / "notes.txt").write_text("mine")
    done = run(
        "evaluate",
        data / "predictions.parquet",
        data / "votes.parquet",
        "-o",
        tmp_path / "out",
        "-s",
        data / "tree.yaml",
    )
    assert done.code == 2 and "notes.txt" in done.err
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    done = run(
        "evaluate",
        data / "predictions.parquet",
        data / "votes.parquet",
        "-o",
        tmp_path / "file",
        "-s",
        data / "tree.yaml",
    )
    assert done.code == 2
    done = run(
        "evaluate",
        data / "predictions.parquet",
        data / "votes.parquet",
        "-o",
        tmp_path / "no" / "where",
        "-s",
        data / "tree.yaml",
    )
    assert done.code == 4
    assert {path.name for path in tmp_path.iterdir()} == {"out", "file"}


def test_a_failure_leaves_the_earlier_result(data, tmp_path):
    evaluate(data, "-o", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    bad = small_predictions()
    write(tmp_path / "bad.csv", bad | {"shape_smooth": [1.0, -1.0, 2.0]})
    write(tmp_path / "votes.csv", small_votes())
    done = run(
        "evaluate",
        tmp_path / "bad.csv",
        tmp_path / "votes.csv",
        "-s",
        write_tree(tmp_path),
        "-o",
        tmp_path / "out",
    )
    assert done.code == 3 and "shape_smooth" in done.err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_formats(data):
    table = evaluate(data)
    assert "RMSE" in table and "zoocli:" in table
    assert evaluate(data, "--format", "markdown").count("\n| ") >= 4
    assert r"\begin{tabular}" in evaluate(data, "--format", "latex")


def test_profiles_are_listed_with_their_sources():
    shown = done_well("evaluate", "--profiles").out
    for name in ("zoobot", "decals", "decals-code", "euclid-prep", "evo"):
        assert f"\n{name}: " in f"\n{shown}"
    assert "--min-root-votes 34 --min-share-asked 0.5" in shown


def test_options_override_the_profile(data):
    content = json.loads(
        evaluate(data, "--profile", "decals", "--min-root-votes", 5, "--format", "json")
    )
    settings = content["settings"]
    assert (settings["min_root_votes"], settings["min_share_asked"]) == (5, 0.5)
    assert "relevance:decals(min_votes=1,min_root_votes=5," in content["signature"]


def test_few_galaxies_and_invalid_ones(tmp_path):
    predictions = small_predictions()
    write(tmp_path / "p.csv", predictions | {"bar_no": [1.0, None, 2.0]})
    write(tmp_path / "v.csv", small_votes())
    files = (tmp_path / "p.csv", tmp_path / "v.csv", "-s", write_tree(tmp_path))
    assert run("evaluate", *files).code == 3
    text = done_well("evaluate", *files, "--on-invalid", "null", "--format", "csv", "-q").out
    found = numbers(text)
    assert found["bar", "", "loss"][3] == 1 and found["shape", "", "loss"][3] == 2
    assert found["overall", "", "loss"][3] == 1 and found["overall", "", "gain"][0] is None
    assert "nan" not in text and "inf" not in text


def test_several_passes(tmp_path):
    predictions = small_predictions()
    doubled = {"id": predictions["id"]} | {
        answer: pa.array([[value, value] for value in values])
        for answer, values in predictions.items()
        if answer != "id"
    }
    write(tmp_path / "one.parquet", predictions)
    write(tmp_path / "two.parquet", doubled)
    write(tmp_path / "v.csv", small_votes())
    tree = write_tree(tmp_path)
    texts = [
        done_well(
            "evaluate", tmp_path / name, tmp_path / "v.csv", "-s", tree, "-q", "-f", "csv"
        ).out
        for name in ("one.parquet", "two.parquet")
    ]
    assert_same_numbers(*texts)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--profile", "zobot"),
        ("--seed", -1),
        ("--min-votes", 0),
        ("--confident", 2),
    ],
)
def test_wrong_usage(data, arguments):
    files = (data / "predictions.parquet", data / "votes.parquet") if arguments else ()
    done = run("evaluate", *files, "-s", data / "tree.yaml", *arguments)
    assert done.code == 2 and done.out == ""


def test_an_input_in_the_output_directory_is_refused(tmp_path):
    """Even one that is called as a figure is."""
    folder = tmp_path / "out" / "figures"
    folder.mkdir(parents=True)
    tree = write_tree(tmp_path)
    predictions = write(folder / "loss.parquet", small_predictions()).rename(folder / "loss.png")
    votes = write(tmp_path / "v.parquet", small_votes())
    before = predictions.read_bytes()
    done = run("evaluate", predictions, votes, "-s", tree, "-o", tmp_path / "out", "--no-report")
    assert done.code == 2 and "is also an input, contains one" in done.err
    assert predictions.read_bytes() == before


def test_only_a_directory_with_sums_is_an_earlier_evaluation(tmp_path):
    (tmp_path / "out").mkdir()
    own = tmp_path / "out" / "metrics.csv"
    own.write_text("mine")
    tree = write_tree(tmp_path)
    predictions = write(tmp_path / "p.parquet", small_predictions())
    votes = write(tmp_path / "v.parquet", small_votes())
    done = run("evaluate", predictions, votes, "-s", tree, "-o", tmp_path / "out", "--no-report")
    assert done.code == 2 and "holds other files: 'metrics.csv'" in done.err
    assert own.read_text() == "mine"


def test_a_campaign_without_a_root_has_that_of_the_tree(tmp_path):
    text = TREE.replace("question_answer_pairs:", "campaigns: [one, two]\nquestion_answer_pairs:")
    for name in ("shape", "bar"):
        text = text.replace(f"{name}:", f"{name}-{'one' if name == 'shape' else 'two'}:")
    text = text.replace("shape_disk", "shape-one_disk")
    (tmp_path / "tree.yaml").write_text(text)

    def renamed(table):
        names = [name.replace("shape", "shape-one").replace("bar", "bar-two") for name in table]
        return dict(zip(names, table.values(), strict=True))

    predictions = write(tmp_path / "p.parquet", renamed(dict(small_predictions())))
    votes = write(tmp_path / "v.parquet", renamed(dict(small_votes())))
    done = run("evaluate", predictions, votes, "-s", tmp_path / "tree.yaml", "-f", "csv")
    assert done.code == 0, done.err


def test_predictions_worse_than_a_constant_are_doubted(data, tmp_path):
    table = pq.read_table(data / "predictions.parquet")
    wrong = [column.take(pa.array(range(899, -1, -1))) for column in table.columns[1:]]
    pq.write_table(
        pa.table([table.column(0), *wrong], table.column_names), tmp_path / "wrong.parquet"
    )
    files = (tmp_path / "wrong.parquet", data / "votes.parquet", "-s", data / "tree.yaml")
    said = done_well("evaluate", *files).err
    assert "worse than the same prediction for every galaxy" in said
    assert "% of the deviance). Do the ids of both tables belong together" in said
    right = (data / "predictions.parquet", *files[1:])
    assert "worse than" not in done_well("evaluate", *right).err
