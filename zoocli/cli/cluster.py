"""The command line's side of `--shard` and `--engine dask`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zoocli.errors import UsageError
from zoocli.runs.options.option import CLUSTER

if TYPE_CHECKING:
    from zoocli.runs.job import Job
    from zoocli.tables.parts.slices import Shard
    from zoocli.tables.writing.sinks import Sink

Commit = Callable[[Mapping[str, Any], Mapping[str, Any] | None], None]


@dataclass(frozen=True)
class Cluster:
    """How the work is divided, if it is: over array jobs, or over a cluster."""

    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Process only part I of N of PREDICTIONS (or FEATURES), for array jobs; I starts "
            "at 1.",
            rich_help_panel=CLUSTER,
        ),
    ] = None
    engine: Annotated[
        Literal["local", "dask"],
        typer.Option(
            "--engine",
            help="dask: process the table in parts on a Dask cluster; -o is a directory of Parquet "
            "files.",
            rich_help_panel=CLUSTER,
        ),
    ] = "local"
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="--engine dask: address of the scheduler, such as tcp://HOST:8786.  "
            "[default: a local cluster of --threads processes]",
            rich_help_panel=CLUSTER,
        ),
    ] = None
    partitions: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="--engine dask: number of parts.  [default: from the numbers of rows and workers]",
            rich_help_panel=CLUSTER,
        ),
    ] = None

    def is_wanted(self, threads: int | None) -> bool:
        """Whether Dask is to do the work; UsageError for options that contradict each other."""
        if self.engine != "dask":
            for option in ("scheduler", "partitions"):
                if getattr(self, option) is not None:
                    raise UsageError(f"--{option} needs --engine dask. Add that, or leave it out.")
            return False
        if self.shard is not None:
            raise UsageError("--shard and --engine dask exclude each other. Choose one.")
        if self.scheduler is not None and threads is not None:
            raise UsageError(
                "--threads has no effect on the workers of --scheduler. Leave it out, or set it "
                "where the workers are started."
            )
        return True

    @property
    def part(self) -> Shard | None:
        """The part that --shard names; UsageError where it names none."""
        if self.shard is None:
            return None
        from zoocli.tables.parts.slices import Shard

        return Shard.parse(self.shard)


def require_directory(output: str | None, format: str | None, optional: bool = False) -> None:
    """Raises UsageError unless the output can be a directory of Parquet parts."""
    missing = output is None and not optional
    if missing or output == "-" or format not in (None, "parquet"):
        raise UsageError("--engine dask writes a directory of Parquet parts: name it with -o.")


@contextlib.contextmanager
def computed(
    job: Job[Any, Any],
    new_sink: Callable[[], Sink],
    output: str | None,
    cluster: Cluster,
    threads: int | None,
    inputs: list[str],
    quiet: bool,
) -> Iterator[tuple[Any, Commit]]:
    """The result of a job, computed here or on a cluster, and a function that publishes its table.

    That function takes the metadata of the table and its summary. Here the table goes to the sink;
    on a cluster to the directory `output` of parts, if any.
    """
    with contextlib.ExitStack() as stack:
        if cluster.is_wanted(threads):
            yield _on_cluster(stack, job, output, cluster, inputs, quiet)
        else:
            yield _here(stack, job, new_sink, cluster.part, quiet)


def _here(
    stack: contextlib.ExitStack,
    job: Job[Any, Any],
    new_sink: Callable[[], Sink],
    shard: Shard | None,
    quiet: bool,
) -> tuple[Any, Commit]:
    from zoocli.cli.progress import progress_bar
    from zoocli.runs.job import run_here

    sink = stack.enter_context(new_sink())
    with progress_bar(quiet) as progress:
        result = run_here(job, sink, progress, shard)
    return result, lambda metadata, summary: sink.commit(metadata)


def _on_cluster(
    stack: contextlib.ExitStack,
    job: Job[Any, Any],
    output: str | None,
    cluster: Cluster,
    inputs: list[str],
    quiet: bool,
) -> tuple[Any, Commit]:
    from zoocli.cli.progress import progress_bar
    from zoocli.foundation.optional import import_optional
    from zoocli.runs.folder import check_folder, parts_folder

    import_optional("distributed", "--engine dask", "dask")
    from zoocli.runs.cluster import ClusterOptions, run_job

    options = ClusterOptions(cluster.scheduler, cluster.partitions)
    folder, publish = None, None
    job = job.sent()
    if output is not None:
        check_folder(Path(output), inputs)
        folder, publish = stack.enter_context(parts_folder(Path(output)))
    with progress_bar(quiet) as update:

        def progress(done: int, of: int, part: int, parts: int) -> None:
            update(done, of, f", part {part:,} of {parts:,}")

        result, rows = run_job(job, folder, options, job.resources, progress)

    def commit(metadata: Mapping[str, Any], summary: Mapping[str, Any] | None) -> None:
        if publish is not None:
            publish(rows, metadata, summary)

    return result, commit
