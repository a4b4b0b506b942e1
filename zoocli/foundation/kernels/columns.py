"""Passing any number of Arrow columns in one argument: their addresses."""

from __future__ import annotations

from typing import Any


def column_at(address: Any, length: Any, like: Any) -> Any:
    """The array of `length` numbers at an address, of the type of the array `like`.

    Only kernels can call it: numba replaces it by compiled code.
    """
    raise RuntimeError("column_at is compiled into kernels and cannot be called from Python")
