"""Several outputs are written all or none; what an output replaces keeps its access."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.accidents.common import GOOD, bash, contents
from tests.command import done_well, run
from tests.conftest import ROOT
from zoocli.products import simulation
from zoocli.tables.writing import drafts

SAMPLE = ROOT / "sample_data"
FIT = (SAMPLE / "features.parquet", SAMPLE / "votes.parquet", "--epochs", 1, "-q")
NEEDS_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("name", ["old.csv", "old.parquet", "old.json"])
def test_the_mode_of_a_file_that_is_replaced_stays(folder: Path, name: str) -> None:
    Path(name).write_text("old")
    Path(name).chmod(0o600)
    if name == "old.json":
        done_well("score", *GOOD, "-o", "new.csv", "--summary", name)
    else:
        done_well("score", *GOOD, "-o", name)
    assert Path(name).read_bytes() != b"old" and mode(name) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose a group")
def test_the_group_of_a_file_that_is_replaced_stays(folder: Path) -> None:
    os.chown("old.csv", -1, 12345)
    Path("old.csv").chmod(0o640)
    done_well("score", *GOOD, "-o", "old.csv")
    assert os.stat("old.csv").st_gid == 12345 and mode("old.csv") == 0o640


def test_a_new_file_follows_the_umask(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        done_well("score", *GOOD, "-o", "new.csv", "--summary", "new.json")
    finally:
        os.umask(before)
    assert mode("new.csv") == mode("new.json") == 0o640


def failing_at(which: str) -> Callable[[Path, Path], None]:
    original = drafts.replace_file

    def replace(draft: Path, target: Path) -> None:
        original(draft, target)
        if target.name == which:
            raise KeyboardInterrupt

    return replace


@pytest.mark.parametrize("which", ["votes.csv", "predictions.csv", "predictions-blur-0.5.csv"])
@pytest.mark.parametrize("links", [True, False])
def test_a_simulation_is_written_whole_or_not_at_all(
    folder: Path, which: str, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError

    options = ("-s", "tree.yaml", "--galaxies", 20, "--blur", 0.5, "-f", "csv")
    done_well("simulate", "sim", *options)
    Path("sim/predictions-blur-0.5.csv").unlink()
    before = contents(folder)
    monkeypatch.setattr("zoocli.tables.writing.sinks.replace_file", failing_at(which))
    if not links:
        monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(KeyboardInterrupt):
        simulation.simulate(
            "sim", schema="tree.yaml", galaxies=20, seed=9, blur=[0.5], format="csv"
        )
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["votes.csv", "predictions.csv"])
def test_a_simulation_spares_its_schema(folder: Path, name: str) -> None:
    Path("sim").mkdir()
    Path("tree.yaml").rename(f"sim/{name}")
    before = contents(folder)
    done = run("simulate", "sim", "-s", f"sim/{name}", "-f", "csv", "--galaxies", 5)
    assert done.code == 2 and "also an input" in done.err
    assert contents(folder) == before


OUTPUTS = {
    "score": ("score", *GOOD, "-o", "old.csv", "--summary", "other.csv"),
    "fit": ("fit", *FIT, "-o", "old.csv", "--held-out-ids", "other.csv"),
}


@pytest.mark.parametrize("command", OUTPUTS)
@pytest.mark.parametrize("how", ["hard link", "link"])
def test_two_outputs_that_are_one_file(folder: Path, command: str, how: str) -> None:
    (os.link if how == "hard link" else os.symlink)("old.csv", "other.csv")
    before = contents(folder)
    done = run(*OUTPUTS[command])
    assert done.code == 2 and "Give them different names" in done.err
    assert contents(folder) == before


def test_two_files_of_a_simulation_that_are_one(folder: Path) -> None:
    Path("sim").mkdir()
    Path("sim/votes.csv").write_text("mine")
    os.link("sim/votes.csv", "sim/predictions.csv")
    done = run("simulate", "sim", "-s", "tree.yaml", "-f", "csv", "--galaxies", 5)
    assert done.code == 2 and "are one file" in done.err


def test_a_head_without_its_list_of_ids_is_not_left(folder: Path) -> None:
    Path("old.head").write_text("old")
    before = contents(folder)
    done = run("fit", *FIT, "-o", "old.head", "--held-out-ids", "no/such/folder.csv")
    assert done.code == 4 and contents(folder) == before


@NEEDS_FULL
def test_a_head_beside_a_device_that_is_full(folder: Path) -> None:
    before = contents(folder)
    done = run("fit", *FIT, "-o", "new.head", "--held-out-ids", "/dev/full")
    assert done.code == 4 and contents(folder) == before


def test_the_held_out_ids_go_to_a_pipe_that_stays_one(folder: Path) -> None:
    os.mkfifo("ids")
    files = " ".join(map(str, FIT))
    done = bash(f"cat ids & $zoocli fit {files} -o new.head --held-out-ids ids; wait", folder)
    assert done.returncode == 0 and done.stdout.startswith("id_str\n"), done.stderr
    assert stat.S_ISFIFO(os.stat("ids").st_mode)


@NEEDS_FULL
@pytest.mark.parametrize(
    "line",
    [
        "$zoocli summarize s.parquet --plot new.png > /dev/full",
        "$zoocli evaluate p.parquet v.parquet -s tree.yaml -o new -f csv --no-report > /dev/full",
    ],
)
def test_standard_output_that_fails_leaves_no_other_output(folder: Path, line: str) -> None:
    done_well("score", *GOOD, "-o", "s.parquet")
    before = contents(folder)
    done = bash(line, folder)
    assert done.returncode == 4, done.stderr
    assert contents(folder) == before
