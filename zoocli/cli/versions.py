"""What a report of a problem needs to know: versions, and what is found of the machine."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from zoocli.foundation.version import __version__

PARTS = (
    *("numpy", "pyarrow", "duckdb", "numba", "torch", "torchmetrics", "pandas"),
    *("astropy", "h5py", "matplotlib", "jinja2", "dask", "distributed"),
)


def describe() -> str:
    """One line each; the first has the version alone, for scripts."""
    from zoocli.foundation.kernels.compiling import cache_folder
    from zoocli.foundation.resources import Resources

    found = Resources.available()
    lines = [
        f"zoocli {__version__}",
        f"Python {platform.python_version()}, {platform.platform()}",
        ", ".join(_versions()),
        f"threads {found.threads}, memory {found.memory / 1e9:.1f} GB",
        f"compiled loops in {cache_folder() or 'no folder that can be written'}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _versions() -> Iterator[str]:
    for name in PARTS:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"
