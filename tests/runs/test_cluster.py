"""--engine dask: a real cluster on loopback gives what this machine gives, or a clear error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.alike import close, close_enough
from tests.cluster_jobs import Harm
from tests.command import done_well, run
from tests.conftest import ROOT
from zoocli.errors import DataError, MachineError, UsageError
from zoocli.foundation.resources import Resources
from zoocli.runs.options.score import ScoreOptions
from zoocli.scoring.summaries.summarize import summarize
from zoocli.tables.parts.manifest import Manifest

dask = pytest.importorskip("dask", reason="the extra dask is not installed")
distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")

from zoocli.runs import worker  # noqa: E402
from zoocli.runs.cluster import ClusterOptions, _client, run_job  # noqa: E402 (needs Dask)
from zoocli.runs.folder import parts_folder  # noqa: E402
from zoocli.scoring.job import ScoreJob  # noqa: E402

GALAXIES = 40_000
RESOURCES = Resources(2, 4_000_000_000)
pytestmark = pytest.mark.filterwarnings("default:::distributed", "default:::tornado")


def started(*arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DASK_LOGGING__DISTRIBUTED": "critical"}
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Cluster:
    """`dask scheduler` and two `dask worker`, each a process."""

    def __init__(self, folder):
        self.file = folder / "scheduler.json"
        self.folder = folder
        self.scheduler = started(
            "distributed.cli.dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(self.file)),
        )
        self.workers = []
        for _ in range(2):
            self.add_worker()
        until = time.monotonic() + 60
        while not self.written() and time.monotonic() < until:
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]

    def written(self):
        return self.file.exists() and self.file.read_text().endswith("}")

    def add_worker(self):
        self.workers.append(
            started(
                "distributed.cli.dask_worker",
                *("--scheduler-file", str(self.file), "--host", "127.0.0.1"),
                *("--nthreads", "1", "--memory-limit", "2GB", "--no-nanny", "--no-dashboard"),
                *("--local-directory", str(self.folder)),
            )
        )

    def stop(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Predictions in uneven files, one of them without any votes; votes in another order."""
    folder = tmp_path_factory.mktemp("data")
    done_well(
        "simulate",
        folder / "made",
        *("-n", GALAXIES, "--seed", 1, "--schema", "decals-dr5-ortho", "-q"),
    )
    predictions = pq.read_table(folder / "made/predictions.parquet")
    votes = pq.read_table(folder / "made/votes.parquet")
    unknown = predictions.slice(0, 3000)
    unknown = unknown.set_column(0, "id_str", [pa.array([f"u{row}" for row in range(3000)])])
    (folder / "predictions").mkdir()
    pieces = (predictions[:9000], predictions[9000:9000], unknown, predictions[9000:])
    for number, piece in enumerate(pieces):
        pq.write_table(piece, folder / f"predictions/{number}.parquet", row_group_size=2500)
    pq.write_table(votes.take(pa.array(range(len(votes) - 1, 500, -1))), folder / "votes.parquet")
    done_well(
        "score",
        *inputs(folder),
        *("-o", folder / "local.parquet", "--summary", folder / "local.json"),
    )
    return folder


def inputs(data):
    return [data / "predictions", data / "votes.parquet"]


def dask_options(cluster, *more):
    return ["--engine", "dask", "--scheduler", cluster.address, *more]


def check_same(data, scores, summary):
    """The same rows in the same order, and the same summary but for the names of the files."""
    assert pq.read_table(scores).equals(pq.read_table(data / "local.parquet"))
    expected = json.loads((data / "local.json").read_text())
    again = summarize(scores).to_dict()
    for one in (summary, expected, again):
        assert one["predictions"].pop("names")
    assert close(summary, expected)
    assert summary["matching"] == expected["matching"]
    assert close(again, expected)


@contextmanager
def nothing_left(folder):
    before = sorted(folder.iterdir())
    yield
    assert sorted(folder.iterdir()) == before


def test_64_parts_are_the_same_as_here(cluster, data, tmp_path):
    output, summary = tmp_path / "scores", tmp_path / "summary.json"
    options = dask_options(cluster, "--partitions", 64)
    done_well("score", *inputs(data), "-o", output, "--summary", summary, *options)
    check_same(data, output, json.loads(summary.read_text()))
    files = sorted(output.glob("part-*.parquet"))
    assert [file.name for file in files] == [f"part-{number:05d}.parquet" for number in range(64)]
    assert 0 in [pq.read_metadata(file).num_rows for file in files]  # matched nothing
    manifest = json.loads((output / "_zoocli_manifest.json").read_text())
    assert list(manifest["parts"]) == [file.name for file in files]
    assert manifest["rows"] == pq.read_metadata(data / "local.parquet").num_rows
    assert close(manifest["summary"], json.loads((data / "local.json").read_text()))
    assert sorted(tmp_path.iterdir()) == [output, summary]


def test_a_directory_is_replaced_whole_and_only_if_it_is_a_result(cluster, data, tmp_path):
    output = tmp_path / "scores"
    for parts in (3, 2):
        options = dask_options(cluster, "--partitions", parts)
        done_well("score", *inputs(data), "-o", output, *options)
        assert len(list(output.iterdir())) == parts + 1
    (output / "notes.txt").write_text("mine")
    done = run("score", *inputs(data), "-o", output, *dask_options(cluster))
    assert done.code == 2 and "notes.txt" in done.err
    (output / "part-00000.parquet").unlink()
    done = run("summarize", output)
    assert done.code == 3 and "is incomplete or changed" in done.err


def test_a_worker_killed_half_way(cluster, data, tmp_path):
    paths = [str(path) for path in inputs(data)]
    job = ScoreJob(paths[:1], paths[1], ScoreOptions())
    seen = []

    def progress(rows, of, part, parts):
        seen.append((rows, part))
        if part == 20:
            cluster.workers[0].send_signal(signal.SIGKILL)

    with parts_folder(tmp_path / "scores") as (folder, publish):
        options = ClusterOptions(cluster.address, 64)
        scoring, rows = run_job(job, folder, options, RESOURCES, progress)
        publish(rows, scoring.metadata(), None)
    cluster.workers.pop(0).wait()
    cluster.add_worker()
    assert seen == sorted(seen) and seen[-1] == (GALAXIES + 3000, 64)
    check_same(data, tmp_path / "scores", summarize(tmp_path / "scores").to_dict())


def peak_memory(process):
    """The highest that a process ever had, in bytes."""
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) * 1000 for line in file if line.startswith("VmHWM"))


def test_a_million_on_each_side_and_a_worker_killed(cluster, tmp_path):
    """The same rows and sums; the other worker stays within the bound of docs/cluster.md."""
    made = tmp_path / "made"
    done_well("simulate", made, *("-n", 1_000_000, "--seed", 2, "-q"))
    paths = [str(made / "predictions.parquet"), str(made / "votes.parquet")]
    here = ["-o", tmp_path / "local.parquet", "--summary", tmp_path / "local.json"]
    done_well("score", *paths, *here)
    job = ScoreJob(paths[:1], paths[1], ScoreOptions())
    killed, survivor = cluster.workers

    def progress(rows, of, part, parts):
        if part == 6:
            killed.send_signal(signal.SIGKILL)

    with parts_folder(tmp_path / "scores") as (folder, publish):
        options = ClusterOptions(cluster.address, 16)
        scoring, rows = run_job(job, folder, options, RESOURCES, progress)
        publish(rows, scoring.metadata(), None)
    cluster.workers.remove(killed)
    killed.wait()
    peak = peak_memory(survivor)
    cluster.add_worker()
    check_same(tmp_path, tmp_path / "scores", summarize(tmp_path / "scores").to_dict())
    assert peak < 800_000_000 + 65_000_000


def test_a_truncated_part_is_named(cluster, data, tmp_path):
    shutil.copytree(data / "predictions", tmp_path / "predictions")
    last = tmp_path / "predictions/3.parquet"
    content = bytearray(last.read_bytes())
    half = len(content) // 2
    content[half : half + 200_000] = bytes(200_000)  # the footer is whole
    last.write_bytes(content)
    with nothing_left(tmp_path):
        arguments = [tmp_path / "predictions", data / "votes.parquet", "-o", tmp_path / "scores"]
        done = run("score", *arguments, *dask_options(cluster, "--partitions", 9))
    assert done.code == 3 and "3.parquet" in done.err


def test_inputs_that_change_during_a_run_are_an_error(cluster, data, tmp_path):
    shutil.copytree(data / "predictions", tmp_path / "predictions")
    job = ScoreJob([str(tmp_path / "predictions")], str(data / "votes.parquet"), ScoreOptions())

    def progress(rows, of, part, parts):
        if part == 2:
            pq.write_table(pq.read_table(data / "predictions/2.parquet"), changing)

    changing = tmp_path / "predictions/2.parquet"
    # A worker may be reading the file at that moment, and sees it first.
    with (
        nothing_left(tmp_path),
        pytest.raises(DataError, match=r"changed (during the run|while it was read)"),
        parts_folder(tmp_path / "scores") as (folder, _),
    ):
        run_job(job, folder, ClusterOptions(cluster.address, 9), RESOURCES, progress)


def test_a_pattern_of_parts(cluster, data, tmp_path):
    arguments = [data / "predictions" / "*.parquet", data / "votes.parquet"]
    done_well("score", *arguments, "-o", tmp_path / "scores", *dask_options(cluster))
    check_same(data, tmp_path / "scores", summarize(tmp_path / "scores").to_dict())


def test_an_output_that_is_an_input_is_refused(cluster, data, tmp_path):
    made = tmp_path / "made"
    done_well("catalog", data / "made/predictions.parquet", "-o", made, *dask_options(cluster))
    files = sorted(made.iterdir())
    for output in (made, made / "more"):
        done = run("catalog", made, "-o", output, *dask_options(cluster))
        assert done.code == 2 and "also an input" in done.err
    done = run("catalog", made / "part-00000.parquet", "-o", made, *dask_options(cluster))
    assert done.code == 2 and "also an input" in done.err
    assert sorted(made.iterdir()) == files


def write_part(file):
    """As a worker does: with the metadata that zoocli writes."""
    table = pa.table({"x": [1]}).replace_schema_metadata({"zoocli": "{}"})
    pq.write_table(table, file)


def test_what_a_dead_worker_left_is_not_published(tmp_path):
    for _ in range(2):  # the second time it would be refused, as another's file
        with parts_folder(tmp_path / "scores") as (folder, publish):
            (folder / ".part-00000.parquet.0123456789abcdef.zoocli").write_text("half")
            write_part(folder / "part-00000.parquet")
            publish([1], {}, None)
        names = sorted(path.name for path in (tmp_path / "scores").iterdir())
        assert names == ["_zoocli_manifest.json", "part-00000.parquet"]


def test_a_file_that_comes_meanwhile_is_not_removed(tmp_path):
    with parts_folder(tmp_path / "scores") as (folder, publish):
        write_part(folder / "part-00000.parquet")
        publish([1], {}, None)
    with (
        pytest.raises(UsageError, match=r"notes\.txt"),
        parts_folder(tmp_path / "scores") as (_, publish),
    ):
        (tmp_path / "scores/notes.txt").write_text("mine")
        publish([], {}, None)
    assert (tmp_path / "scores/notes.txt").read_text() == "mine"


@pytest.mark.parametrize("named", ["a.csv", "part-00000.parquet"])
def test_a_forged_manifest_removes_nothing(tmp_path, named):
    folder = tmp_path / "mine"
    folder.mkdir()
    pq.write_table(pa.table({"x": [1]}), folder / named)
    Manifest({named: 1}, {}).write(folder)
    with pytest.raises(UsageError, match="holds other files"), parts_folder(folder) as (_, publish):
        publish([], {}, None)
    assert len(list(folder.iterdir())) == 2


def test_parts_without_their_manifest_are_refused(cluster, data, tmp_path):
    options = dask_options(cluster, "--partitions", 3)
    done_well("score", *inputs(data), "-o", tmp_path / "scores", *options)
    (tmp_path / "scores/_zoocli_manifest.json").unlink()
    done = run("summarize", tmp_path / "scores")
    assert done.code == 3 and "not its manifest" in done.err


def test_a_worker_with_too_little_memory_for_torch_is_an_error(data, tmp_path):
    """Dask would pause such a worker, and the run would wait for ever."""
    sample = ROOT / "sample_data"
    arguments = [sample / "class-predictions.csv", sample / "class-labels.csv", "-l", "ce"]
    options = ["--engine", "dask", "--threads", 1, "--memory-limit", "500MB"]
    done = run("score", *arguments, "-o", tmp_path / "scores", *options)
    assert done.code == 4 and "Raise --memory-limit" in done.err


def test_a_run_is_forgotten_even_while_it_is_opened():
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Harm):
        def open(self, resources):
            entered.set()
            go_on.wait(30)
            return super().open(resources)

    opened = worker._Opened()
    task = worker.SentJob(Slow("none"), "a run", worker.stamp([]), None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "_resources", lambda: None)
        opening = threading.Thread(target=opened.get, args=(task,))
        opening.start()
        assert entered.wait(30)
        opened.forget("a run")
        go_on.set()
        opening.join(30)
        assert not opened._runs
        other = replace(task, run="another")
        assert opened.get(other) is opened.get(other)
        patch.setattr(worker, "IDLE_SECONDS", -1.0)
        third = opened.get(replace(task, run="a third"))
        assert opened._runs == {"a third": third}


def test_ids_in_two_parts_are_found(cluster, data, tmp_path):
    shutil.copytree(data / "predictions", tmp_path / "predictions")
    whole = pq.read_table(tmp_path / "predictions/3.parquet")
    pq.write_table(whole.slice(20_000, 7), tmp_path / "predictions/4.parquet")
    arguments = [tmp_path / "predictions", data / "votes.parquet", "-o", tmp_path / "scores"]
    with nothing_left(tmp_path):
        here = run("score", *arguments[:-1], tmp_path / "scores.parquet")
        there = run("score", *arguments, *dask_options(cluster, "--partitions", 9))
    assert here.code == there.code == 3
    assert "7 ids occur more than once" in there.err
    dropping = ["--on-duplicate", "drop"]
    done_well("score", *arguments[:-1], tmp_path / "local.parquet", *dropping)
    done_well("score", *arguments, *dropping, *dask_options(cluster, "--partitions", 9))
    here, there = summarize(tmp_path / "local.parquet"), summarize(tmp_path / "scores")
    assert close(there.to_dict(), here.to_dict())
    assert there.matching.duplicated == 7


def test_a_catalogue(cluster, data, tmp_path):
    made = data / "made/predictions.parquet"
    done_well("catalog", made, "-o", tmp_path / "local.parquet")
    done_well("catalog", made, "-o", tmp_path / "parts", *dask_options(cluster))
    assert pq.read_table(tmp_path / "parts").equals(pq.read_table(tmp_path / "local.parquet"))


def test_predictions(cluster, tmp_path):
    sample = ROOT / "sample_data"
    head = tmp_path / "head.safetensors"
    fit = ["fit", sample / "features.parquet", sample / "votes.parquet", "--epochs", 2]
    done_well(*fit, "-s", "decals-dr5-ortho", "-o", head)
    arguments = ["predict", sample / "features.parquet", "--head", head]
    done_well(*arguments, "-o", tmp_path / "local.parquet")
    done_well(*arguments, "-o", tmp_path / "parts", *dask_options(cluster, "--partitions", 3))
    assert len(list((tmp_path / "parts").glob("part-*.parquet"))) == 3
    assert pq.read_table(tmp_path / "parts").equals(pq.read_table(tmp_path / "local.parquet"))
    done = run(*arguments, *dask_options(cluster))
    assert done.code == 2 and "name it with -o" in done.err


def test_an_evaluation(cluster, data, tmp_path):
    options = ["-f", "json"]
    here = json.loads(done_well("evaluate", *inputs(data), *options).out)
    done = done_well("evaluate", *inputs(data), *options, *dask_options(cluster))
    there = json.loads(done.out)
    assert there["matching"] == here["matching"] and there["worst"] == here["worst"]
    assert close_enough(there["metrics"], here["metrics"])


def test_a_cluster_of_its_own(data, tmp_path):
    options = ["--engine", "dask", "--threads", 1, "--partitions", 3]
    done_well("score", *inputs(data), "-o", tmp_path / "scores", *options)
    check_same(data, tmp_path / "scores", summarize(tmp_path / "scores").to_dict())


@pytest.mark.parametrize(
    ("harm", "said"),
    [("killed", "ended every worker that computed it"), ("memory", "not enough memory")],
)
def test_a_part_that_needs_too_much_memory_is_named(harm, said):
    options = ClusterOptions(partitions=8)
    # Where a process is killed, the part that is named may be one that ran beside it.
    part = {"killed": r"\d", "memory": "4"}[harm]
    rows = f"art {part} of 8 .rows {part} to {part} of"
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        pytest.raises(MachineError, match=f"{rows}.*{said}|{said} for p{rows}"),
    ):
        run_job(Harm(harm), None, options, Resources(1, 10**9), lambda *_: None)


def test_nobody_else_reaches_a_cluster_of_its_own():
    with _client(ClusterOptions(), Resources(1, 10**9)) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        for stranger in (address, address.replace("tls://", "tcp://")):
            with pytest.raises((OSError, TypeError, ValueError)):
                distributed.Client(stranger, timeout=2)


def test_no_scheduler(data, tmp_path, monkeypatch):
    monkeypatch.setattr("zoocli.runs.cluster.CONNECT_SECONDS", 1.0)
    options = ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    with nothing_left(tmp_path):
        done = run("score", *inputs(data), "-o", tmp_path / "scores", *options)
    assert done.code == 4 and "no Dask scheduler at 'tcp://127.0.0.1:9'" in done.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engine", "dask", "--shard", "1/2", "-o", "x"], "exclude each other"),
        (["--scheduler", "tcp://127.0.0.1:9"], "--engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://x:1", "--threads", 2], "--threads"),
        (["--engine", "dask"], "name it with -o"),
        (["--engine", "dask", "-o", "-"], "name it with -o"),
        (["--engine", "dask", "-o", "x", "-f", "csv"], "name it with -o"),
        (["--engine", "dask", "-o", "x", "--partitions", 0], "at least 1"),
        (["--engine", "dask", "-o", "x", "--fix-colnames"], "--fix-colnames"),
        (["--engine", "dask", "-o", "x", "--scheduler", "nonsense://x"], "not an address"),
    ],
)
def test_options_that_do_not_go_together(data, options, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("score", *inputs(data), *options)
    assert done.code == 2 and said in done.err
    assert not list(tmp_path.iterdir())


def test_standard_input_is_refused(data, tmp_path):
    options = ["--engine", "dask", "-o", tmp_path / "scores"]
    done = run("score", "-", data / "votes.parquet", *options)
    assert done.code == 2 and "every worker can reach" in done.err


def test_without_dask_the_extra_is_named(data, tmp_path):
    arguments = [*map(str, inputs(data)), "--engine", "dask", "-o", str(tmp_path / "scores")]
    code = "import sys; sys.modules['distributed'] = None; from zoocli.cli import main; "
    code += f"main(['score', *{arguments}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 4 and "pip install 'zoocli[dask]'" in done.stderr


def test_a_scheduler_that_goes_away(cluster, data, tmp_path):  # the last one: it is gone then
    paths = [str(path) for path in inputs(data)]
    job = ScoreJob(paths[:1], paths[1], ScoreOptions())

    def progress(rows, of, part, parts):
        if part == 3:
            cluster.scheduler.kill()

    options = ClusterOptions(cluster.address, 64)
    with (
        nothing_left(tmp_path),
        pytest.raises(MachineError, match="scheduler went away"),
        parts_folder(tmp_path / "scores") as (folder, _),
    ):
        run_job(job, folder, options, RESOURCES, progress)
