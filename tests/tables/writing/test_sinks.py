"""A file appears whole or not at all, whatever goes wrong."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from zoocli.errors import DataError, MachineError, UsageError
from zoocli.tables import open_table
from zoocli.tables.formats import WRITTEN
from zoocli.tables.formats.delimited.writing import CsvEncoder
from zoocli.tables.writing.drafts import drafted_text, publish_all
from zoocli.tables.writing.guards import refuse_inputs
from zoocli.tables.writing.sinks import FileSink, MemorySink, NullSink, Sink, StreamSink

RANDOM = np.random.default_rng(0)
TABLE = pa.table({"id": pa.array(range(300_000)), "loss": RANDOM.random(300_000)})


def fill(sink: Sink, table: pa.Table = TABLE) -> None:
    sink.open(table.schema)
    for batch in table.to_batches(max_chunksize=10_000):
        sink.write(batch)


def write_text(target: Path, text: str) -> None:
    with drafted_text(target, text) as show:
        show()


@pytest.mark.parametrize("format", WRITTEN)
def test_nothing_is_seen_until_commit(tmp_path: Path, format: str) -> None:
    target = tmp_path / "scores"
    with FileSink(target, format) as sink:
        fill(sink)
        assert not target.exists()
        sink.commit({})
        assert list(tmp_path.iterdir()) == [target]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("format", WRITTEN)
@pytest.mark.parametrize("rows", [0, 10, 300_000])
def test_leaving_without_commit_leaves_nothing(tmp_path: Path, format: str, rows: int) -> None:
    target = tmp_path / "scores"
    target.write_text("what was there")
    with pytest.raises(ZeroDivisionError), FileSink(target, format) as sink:
        fill(sink, TABLE[:rows])
        assert len(list(tmp_path.iterdir())) > 1
        1 / 0  # noqa: B018
    assert [file.read_text() for file in tmp_path.iterdir()] == ["what was there"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("writer")]


def test_discarding_twice_or_unopened(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "scores.csv")
    sink.discard()
    sink = FileSink(tmp_path / "scores.csv")
    fill(sink, TABLE[:5])
    sink.discard()
    sink.discard()
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_until_commit(tmp_path: Path) -> None:
    target = tmp_path / "scores.csv"
    target.write_text("old")
    with FileSink(target) as sink:
        fill(sink, TABLE[:2])
        assert target.read_text() == "old"
        sink.commit({})
    assert target.read_text().startswith("id,loss\n0,")


def test_drafts_do_not_look_like_tables(tmp_path: Path) -> None:
    with FileSink(tmp_path / "scores.parquet") as sink:
        fill(sink, TABLE[:2])
        with pytest.raises(DataError, match="is a directory without tables"):
            open_table(tmp_path)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(tmp_path: Path, there: bool) -> None:
    (tmp_path / "store").mkdir()
    real, link = tmp_path / "store" / "real.csv", tmp_path / "link.csv"
    link.symlink_to("store/real.csv")
    if there:
        real.write_text("old")
    with FileSink(link) as sink:
        fill(sink, TABLE[:1])
        assert len(list(tmp_path.iterdir())) == 2
        sink.commit({})
    assert os.readlink(link) == "store/real.csv"
    assert real.read_text().startswith("id,loss\n")


def test_a_link_to_itself_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "loop.csv"
    link.symlink_to("loop.csv")
    with FileSink(link) as sink:
        fill(sink, TABLE[:1])
        sink.commit({})
    assert link.read_text().startswith("id,loss\n")


@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        for format in WRITTEN:
            target = tmp_path / format
            with FileSink(target, format) as sink:
                fill(sink, TABLE[:1])
                sink.commit({})
            assert stat.S_IMODE(target.stat().st_mode) == mode
        write_text(tmp_path / "text", "x")
        assert stat.S_IMODE((tmp_path / "text").stat().st_mode) == mode
        assert os.umask(umask) == umask
    finally:
        os.umask(before)


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "é" * 125 + ".csv", "星" * 83 + ".csv"])
@pytest.mark.parametrize("format", ["csv", "arrow"])
def test_the_longest_names(tmp_path: Path, name: str, format: str) -> None:
    with FileSink(tmp_path / name, format) as sink:
        fill(sink, TABLE[:1])
        sink.commit({})
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_places_that_are_no_place(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("x")
    cases: list[tuple[str, type[Exception], str]] = [
        ("nowhere/a.csv", MachineError, "There is no folder '.*nowhere' to write 'a.csv' in"),
        ("folder.csv", UsageError, "folder.csv' is a directory"),
        ("file/a.csv", MachineError, "file/a.csv' cannot be written: Not a directory"),
    ]
    for name, kind, said in cases:
        with pytest.raises(kind, match=said), FileSink(tmp_path / name) as sink:
            fill(sink, TABLE[:1])
        with pytest.raises(kind, match=said):
            write_text(tmp_path / name, "x")
    assert {file.name for file in tmp_path.iterdir()} == {"folder.csv", "file"}


def test_a_folder_that_vanishes_before_commit(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    vanished = pytest.raises(MachineError, match="cannot be written: No such file")
    with vanished, FileSink(folder / "a.csv") as sink:
        fill(sink, TABLE[:1])
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        sink.commit({})


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(options, capture_output=True, timeout=10)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here (that takes root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


@pytest.mark.parametrize("format", WRITTEN)
def test_a_full_disk(tiny_disk: Path, format: str) -> None:
    """In the middle, and only when the last rows are written."""
    for rows in (300_000, 40_000):
        full = pytest.raises(MachineError, match=r"No space left on device.*or make room")
        with full, FileSink(tiny_disk / "scores", format) as sink:
            fill(sink, TABLE[:rows])
            sink.commit({})
        assert list(tiny_disk.iterdir()) == []


def test_no_room_for_a_summary(tiny_disk: Path) -> None:
    with pytest.raises(MachineError, match="cannot be written: No space left"):
        write_text(tiny_disk / "summary.json", "x" * 10**6)
    assert list(tiny_disk.iterdir()) == []


def test_no_room_in_the_temporary_folder(tiny_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tiny_disk))
    stream = io.BytesIO()
    full = pytest.raises(MachineError, match=r"^The temporary folder \(TMPDIR\) cannot be written")
    with full, StreamSink(stream, "csv") as sink:
        fill(sink)
        sink.commit({})
    assert stream.getvalue() == b"" and list(tiny_disk.iterdir()) == []


def test_errors_in_the_writing_thread_surface(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: CsvEncoder, table: pa.Table) -> None:
        assert threading.current_thread().name.startswith("writer")
        raise LookupError("a defect")

    monkeypatch.setattr(CsvEncoder, "write", broken)
    for rows in (10, 300_000):
        with pytest.raises(LookupError, match="a defect"), FileSink(tmp_path / "a.csv") as sink:
            fill(sink, TABLE[:rows])
            sink.commit({})
        assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_holds_the_rows_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoocli.tables.writing.sinks.slab_rows", lambda schema: 10)
    gate, written = threading.Event(), []

    def slow(self: CsvEncoder, table: pa.Table) -> None:
        gate.wait(10)
        written.append(table.num_rows)

    monkeypatch.setattr(CsvEncoder, "write", slow)
    with FileSink(tmp_path / "a.csv") as sink:
        sink.open(TABLE.schema)
        taken = []

        def produce() -> None:
            for batch in TABLE[:100].to_batches(max_chunksize=5):
                sink.write(batch)
                taken.append(batch.num_rows)

        producer = threading.Thread(target=produce)
        producer.start()
        producer.join(0.3)
        assert producer.is_alive() and sum(taken) <= 30
        gate.set()
        producer.join(10)
        sink.commit({})
    assert written == [10] * 10


@pytest.mark.parametrize("format", WRITTEN)
def test_a_stream_gets_the_bytes_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spool))
    stream = io.BytesIO()
    with StreamSink(stream, format) as sink:
        fill(sink)
        assert stream.getvalue() == b"" and list(spool.iterdir())
        sink.commit({"a": 1})
    with FileSink(tmp_path / "file", format) as sink:
        fill(sink)
        sink.commit({"a": 1})
    assert stream.getvalue() == (tmp_path / "file").read_bytes()
    assert list(spool.iterdir()) == []


class Failing(io.RawIOBase):
    def __init__(self, error: OSError) -> None:
        self.error = error

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        raise self.error


def test_a_stream_that_cannot_be_written() -> None:
    stream = Failing(OSError(5, "Input/output error"))
    failed = pytest.raises(MachineError, match=r"^standard output cannot be written: Input/output")
    with failed, StreamSink(stream, "csv") as sink:
        fill(sink, TABLE[:10])
        sink.commit({})


def test_a_reader_that_left_is_told_apart() -> None:
    stream = Failing(BrokenPipeError(32, "Broken pipe"))
    with pytest.raises(BrokenPipeError), StreamSink(stream, "csv") as sink:
        fill(sink, TABLE[:10])
        sink.commit({})


def test_in_memory() -> None:
    sink = MemorySink()
    fill(sink)
    sink.commit({"a": None})
    assert sink.table.equals(TABLE)
    assert open_table(sink.table).metadata == {"a": None}
    empty = MemorySink()
    fill(empty, TABLE[:0])
    empty.commit({})
    assert empty.table.schema.names == TABLE.schema.names and empty.table.num_rows == 0


def test_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with NullSink() as sink:
        fill(sink)
        sink.commit({})
    assert list(tmp_path.iterdir()) == []


def test_the_output_must_not_be_an_input(tmp_path: Path) -> None:
    source, other = tmp_path / "source.csv", tmp_path / "other.csv"
    source.write_text("x")
    (tmp_path / "link.csv").symlink_to(source)
    os.link(source, tmp_path / "hard.csv")
    refuse_inputs(other, [str(source), "-", "nowhere.csv"])
    other.write_text("x")
    refuse_inputs(other, [str(source), "-", "nowhere.csv"])
    for name in ("source.csv", "link.csv", "hard.csv", "./source.csv"):
        with pytest.raises(UsageError, match="is also an input"):
            refuse_inputs(tmp_path / name, ["nowhere.csv", str(source)])


def test_a_dangling_link_hides_no_input(tmp_path: Path) -> None:
    folder, target = tmp_path / "parts", tmp_path / "parts" / "z.csv"
    folder.mkdir()
    (folder / "a.csv").symlink_to("gone.csv")
    target.write_text("x")
    (folder / "zz.csv").symlink_to("gone.csv")
    with pytest.raises(UsageError, match="is also an input"):
        refuse_inputs(target, [str(folder)])
    refuse_inputs(target, [str(folder / "a.csv"), "n" * 5_000])


def test_a_drafted_text_is_seen_when_it_is_shown(tmp_path: Path) -> None:
    target = tmp_path / "summary.json"
    target.write_text("old")
    with drafted_text(target, "new"):
        assert target.read_text() == "old" and len(list(tmp_path.iterdir())) == 2
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]
    with drafted_text(target, "new") as show:
        show()
        assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_one_reader_that_left_does_not_stop_the_others() -> None:
    shown: list[int] = []

    def fail(error: OSError) -> None:
        raise error

    with pytest.raises(BrokenPipeError):
        publish_all(
            lambda: shown.append(1), lambda: fail(BrokenPipeError()), lambda: shown.append(2)
        )
    with pytest.raises(PermissionError):
        publish_all(lambda: fail(PermissionError()), lambda: shown.append(3))
    assert shown == [1, 2]
