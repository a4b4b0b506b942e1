"""The command line's side of `--engine dask` and `--shard`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

    from zoocli.engines.job import Job
    from zoocli.tables.slices import Shard

Commit = Callable[[Mapping[str, Any], Mapping[str, Any] | None], None]


def on_cluster(context: typer.Context, writes_table: bool = True) -> bool:
    """Whether a cluster is meant; UsageError for options that do not go together."""
    from zoocli.errors import UsageError

    given = context.params
    if given["engine"] != "dask":
        for option in ("scheduler", "partitions"):
            if given[option] is not None:
                raise UsageError(f"--{option} is for --engine dask. Leave it out, or add that.")
        return False
    if given["shard"] is not None:
        raise UsageError("--shard and --engine dask are two ways of the same. Choose one.")
    if given["scheduler"] is not None and given["threads"] is not None:
        raise UsageError("--threads is for this machine; the workers of --scheduler have theirs.")
    if writes_table and (given["output"] == "-" or given["format"] not in (None, "parquet")):
        raise UsageError("--engine dask writes a directory of Parquet parts: name it with -o.")
    if given.get("fix_colnames"):
        raise UsageError("--fix-colnames is not for --engine dask. Leave one of them out.")
    return True


def shard_of(text: str | None) -> Shard | None:
    """What --shard says."""
    if text is None:
        return None
    from zoocli.tables.slices import Shard

    return Shard.parse(text)


@contextlib.contextmanager
def computed(
    context: typer.Context, job: Job[Any, Any], output: str | None, inputs: list[str]
) -> Iterator[tuple[Any, Commit]]:
    """The result of a job, and a function that shows the directory of its parts, if there is one.

    That function takes the metadata of the whole table and its summary.
    """
    from zoocli.cli.progress import progress_bar
    from zoocli.engines.folder import check_folder, parts_folder
    from zoocli.resources import Resources

    cluster = _cluster_module()
    given = context.params
    options = cluster.ClusterOptions(given["scheduler"], given["partitions"])
    resources = Resources.available(given["threads"], given["memory_limit"])
    with contextlib.ExitStack() as stack:
        folder, publish = None, None
        if output is not None:
            check_folder(Path(output), inputs)
            folder, publish = stack.enter_context(parts_folder(Path(output)))
        with progress_bar(given["quiet"]) as update:

            def progress(done: int, of: int, part: int, parts: int) -> None:
                update(done, of, f", part {part:,} of {parts:,}")

            result, rows = cluster.run_job(job, folder, options, resources, progress)

        def commit(metadata: Mapping[str, Any], summary: Mapping[str, Any] | None) -> None:
            if publish is not None:
                publish(rows, metadata, summary)

        yield result, commit


def _cluster_module() -> Any:
    from zoocli.errors import MachineError

    try:
        from zoocli.engines import cluster
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("dask", "distributed"):
            raise
        raise MachineError(
            "--engine dask needs Dask, which is not installed. Install the extra: "
            "`pip install 'zoocli[dask]'`."
        ) from error
    return cluster
