"""Extensions of numba's compiler; importing this imports numba."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from zoocli.foundation.kernels.columns import column_at

_known: set[Callable[..., Any]] = set()


def register(functions: Iterable[Callable[..., Any]]) -> None:
    """Tells numba to compile these functions into the kernels that call them."""
    for function in functions:
        if function not in _known:
            register_jitable(forceinline=True, error_model="numpy")(function)
            _known.add(function)


@intrinsic
def address_to_pointer(typing_context: Any, address: Any) -> Any:
    """The integer address of a buffer as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.uintp), generate


@overload(column_at)
def _column_at(address: Any, length: Any, like: Any) -> Any:
    def column(address: Any, length: Any, like: Any) -> Any:
        return numba.carray(address_to_pointer(address), (length,), like.dtype)

    return column
