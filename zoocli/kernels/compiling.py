"""How kernels are compiled: without the GIL, and kept on disk so that only the first run pays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiles on first call, for the types of that call, and caches the machine code.

    numba keeps the cache beside the source file, or else in the user's cache folder
    (`NUMBA_CACHE_DIR` overrides); where neither can be written it compiles in each process.
    """
    options = {"nogil": True, "boundscheck": False, "error_model": "numpy"}
    try:
        return numba.njit(function, cache=True, **options)
    except RuntimeError:  # no folder for the cache can be written
        return numba.njit(function, **options)


def inlined(function: Function) -> Function:
    """For small functions called inside kernels."""
    return numba.njit(function, nogil=True, inline="always", error_model="numpy")
