"""`--link`: a page about each of the worst galaxies."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tests.command import done_well, run, small_predictions, small_votes, write, write_tree
from zoocli.errors import UsageError
from zoocli.evaluating.links import as_texts
from zoocli.runs.options.link import Link


@pytest.fixture
def files(tmp_path):
    """Predictions with two more columns, votes with another."""
    more = {"ra": [150.1, None, 12.0], "name with space": ["a/b", "c&d", "é#"]}
    write(tmp_path / "p.parquet", small_predictions() | more)
    write(tmp_path / "v.csv", small_votes(("c", "a", "b")) | {"dec &": [0.1, 1.5, -2.25]})
    return tmp_path / "p.parquet", tmp_path / "v.csv", "-s", write_tree(tmp_path)


def links(folder, files, template: str) -> dict[str, str | None]:
    options = ("--link", template, "--report", "-q")
    done_well("evaluate", *files, "-o", folder, *options)
    worst = json.loads((folder / "metrics.json").read_text())["worst"]
    return {galaxy["id"]: galaxy["link"] for galaxy in worst}


def test_columns_of_both_sides_and_the_id(files, tmp_path):
    template = "https://example.org/{name with space}?d={dec &}&i={id}#x"
    assert links(tmp_path / "out", files, template) == {
        "a": "https://example.org/a%2Fb?d=1.5&i=a#x",
        "b": "https://example.org/c%26d?d=-2.25&i=b#x",
        "c": "https://example.org/%C3%A9%23?d=0.1&i=c#x",
    }
    page = (tmp_path / "out" / "report.html").read_text()
    assert 'href="https://example.org/a%2Fb?d=1.5&amp;i=a#x"' in page


def test_a_galaxy_without_the_value_has_no_link(files, tmp_path):
    assert links(tmp_path / "out", files, "http://example.org/{ra}") == {
        "a": "http://example.org/150.1",
        "b": None,
        "c": "http://example.org/12",
    }


def test_links_survive_a_merge(files, tmp_path):
    links(tmp_path / "a", files, "https://example.org/{id}")
    done_well("merge", tmp_path / "a", "-o", tmp_path / "b", "-q", "--report")
    assert 'href="https://example.org/b"' in (tmp_path / "b" / "report.html").read_text()


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("https://example.org/{nowhere}", 3),
        ("https://example.org/", 2),
        ("https://example.org/{}", 2),
        ("https://example.org/{id", 2),
        ("https://example.org/{{id}}", 2),
        ("https://{id}.example.org/", 2),
        ("https:///{id}", 2),
        ("https://[{id}", 2),
        ("javascript:alert({id})", 2),
        ("ftp://example.org/{id}", 2),
        ("//example.org/{id}", 2),
        ("https://example.org/ {id}", 2),
        ("https://example.org/\n{id}", 2),
        ('https://example.org/"{id}', 2),
    ],
)
def test_other_addresses_are_refused_before_the_run(files, tmp_path, template, code):
    done = run("evaluate", *files, "-o", tmp_path / "out", "--link", template)
    assert done.code == code and "--link" in done.err
    assert not (tmp_path / "out").exists()


def test_a_link_needs_a_report(files, tmp_path):
    link = ("--link", "https://example.org/{id}")
    assert run("evaluate", *files, *link).code == 2
    assert run("evaluate", *files, *link, "-o", tmp_path / "out", "--no-report").code == 2
    assert run("evaluate", *files, "--report").code == 2
    done = run("evaluate", "-l", "mse", *files[:2], *link, "-o", tmp_path / "out")
    assert done.code == 2 and "--link" in done.err


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", None])
def test_only_addresses_of_the_web_are_shown(address):
    from zoocli.report.html.worst import _safe

    assert _safe(address) is None
    assert _safe("https://example.org/") == "https://example.org/"


def test_values_are_quoted():
    link = Link("https://example.org/{a}/{b}/{a}")
    assert link.names == ["a", "b"]
    assert link.fill({"a": "../?#&%", "b": " é"}) == (
        "https://example.org/..%2F%3F%23%26%25/%20%C3%A9/..%2F%3F%23%26%25"
    )
    assert link.fill({"a": None, "b": "x"}) is None
    with pytest.raises(UsageError):
        Link("")


def test_texts_of_columns():
    assert as_texts(pa.array([19_000_000_000_000_000_001 // 10, None]), "x") == [
        "1900000000000000000",
        None,
    ]
    assert as_texts(pa.array([" a ", ""]).dictionary_encode(), "x") == ["a", None]
    assert as_texts(pa.array([0.1], pa.float32()), "x") == ["0.1"]
    with pytest.raises(Exception, match="list"):
        as_texts(pa.array([[1]]), "x")


def test_shards_keep_their_links_for_the_merged_report(files, tmp_path):
    for shard in (1, 2):
        folder = tmp_path / f"{shard}"
        link = ("--link", "https://example.org/{id}", "--shard", f"{shard}/2")
        done_well("evaluate", *files, "-o", folder, *link, "-q")
        assert not (folder / "report.html").exists()
    done_well("merge", tmp_path / "1", tmp_path / "2", "-o", tmp_path / "all", "-q")
    page = (tmp_path / "all" / "report.html").read_text()
    assert page.count('href="https://example.org/') == 3
