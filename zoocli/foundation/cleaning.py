"""Functions that clean up, in which a signal must not end the run: it waits until they are done."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])

_cleaning: set[CodeType] = set()


def cleaning(function: Function) -> Function:
    """Marks a function that cleans up, such as one that removes a temporary file."""
    _cleaning.add(function.__code__)
    return function


def is_cleaning(frame: FrameType | None) -> bool:
    """Whether such a function is running, from its first instruction on."""
    while frame is not None and frame.f_code not in _cleaning:
        frame = frame.f_back
    return frame is not None
