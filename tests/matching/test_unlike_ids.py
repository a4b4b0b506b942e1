"""What is advised where no id matches: it must be right, so it is typed and tried."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pyarrow as pa
import pytest

from tests.command import done_well, run, write
from zoocli.matching.unlike_ids import DIFFERENCES, advice_for

IDS = ["J101", "J102", "J103"]
WRITTEN = {
    "a folder before it": "/data/a b/{}",
    "an ending behind it": "{}.fits",
    "a folder before it and an ending behind it": "x/y/{}.jpg",
    "b'...' around it": "b'{}'",
    "quotes around it": "'{}'",
    "blanks around it": "  {} ",
    "zeros before it": "000{}",
}


def files(folder: Path, ours: list[str], theirs: list[str]) -> tuple[Path, Path]:
    columns = {"ring_yes": [2.0, 3.0, 4.0], "ring_no": [1.0, 1.0, 2.0]}
    return (
        write(folder / "p.parquet", pa.table({"id": ours, **columns})),
        write(folder / "v.parquet", pa.table({"id": theirs, **columns})),
    )


@pytest.mark.parametrize("what", [what for what, _ in DIFFERENCES])
def test_what_is_advised_works(what: str, tmp_path: Path) -> None:
    plain = [name.removeprefix("J") for name in IDS] if "zeros" in what else IDS
    other = [WRITTEN[what].format(name) for name in plain]
    other[2] = "unlike"
    for ours, theirs in ((other, plain), (plain, other)):
        pair = files(tmp_path, ours, theirs)
        refused = run("score", *pair)
        assert refused.code == 3, refused.err
        assert "2 of the first 3 would match" in refused.err
        advice = re.search(r"With (--id-from .*) 2 of the first", refused.err)
        assert advice, refused.err
        done_well("score", *pair, *shlex.split(advice[1]), "-o", tmp_path / "s.csv", "-q")
        assert len((tmp_path / "s.csv").read_text().splitlines()) == 3


def test_case_cannot_be_helped_by_an_option() -> None:
    said = advice_for(pa.array(["j1", "J2"]), pa.array(["J1"]))
    assert said is not None and "1 of the first 2" in said and "«" not in said


def test_nothing_usual_gives_no_advice() -> None:
    assert advice_for(pa.array(["a"]), pa.array(["b"])) is None
