"""Threads side by side: the order is kept, errors surface, nothing runs on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from zoocli.foundation.pipeline import ordered_map, prefetch


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reader"]


def until(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold within a few seconds."""
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def counted(drawn: list[int], stop: int = 10**9) -> Iterator[int]:
    for number in range(stop):
        drawn.append(number)
        yield number


def test_prefetch_keeps_the_order() -> None:
    assert list(prefetch(range(1000))) == list(range(1000))
    assert list(prefetch([])) == []
    assert list(prefetch([None, None])) == [None, None]
    assert not readers()


def test_prefetch_draws_in_another_thread_and_only_a_little_ahead() -> None:
    drawn: list[int] = []
    items = prefetch(counted(drawn), depth=3)
    assert next(items) == 0
    assert until(lambda: len(drawn) == 5)  # one out, three waiting, one in hand
    time.sleep(0.3)
    assert len(drawn) == 5
    assert next(items) == 1
    assert until(lambda: len(drawn) == 6)
    items.close()


def test_closing_early_stops_the_reader() -> None:
    drawn: list[int] = []
    items = prefetch(counted(drawn))
    next(items)
    assert len(readers()) == 1
    items.close()
    assert not readers()
    met = len(drawn)
    time.sleep(0.2)
    assert len(drawn) == met


def failing(after: int, error: BaseException) -> Iterator[int]:
    yield from range(after)
    raise error


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), MemoryError("much")])
def test_what_ends_the_reader_is_raised_after_the_items_before(error: BaseException) -> None:
    met = []
    with pytest.raises(type(error)) as caught:
        for item in prefetch(failing(5, error)):
            met.append(item)
    assert caught.value is error
    assert met == [0, 1, 2, 3, 4]
    assert not readers()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_ordered_map_keeps_the_order_whatever_finishes_first(threads: int) -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number % 5 == 0 else 0)
        return number * number

    assert list(ordered_map(slow_first, range(40), threads)) == [n * n for n in range(40)]


def test_ordered_map_works_in_parallel() -> None:
    together = threading.Barrier(3)

    def meet(number: int) -> int:
        together.wait(5)  # breaks unless three run at once
        return number

    assert list(ordered_map(meet, range(6), 3)) == list(range(6))


def test_ordered_map_draws_only_a_little_ahead() -> None:
    drawn: list[int] = []
    results = ordered_map(lambda number: number, counted(drawn), 4)
    assert next(results) == 0
    time.sleep(0.05)
    assert len(drawn) == 5
    results.close()


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_in_a_worker_surfaces_and_stops_the_reader(threads: int) -> None:
    def fail(number: int) -> int:
        if number == 7:
            raise ValueError("seven")
        return number

    met = []
    with pytest.raises(ValueError, match="seven") as caught:
        for result in ordered_map(fail, prefetch(counted([])), threads):
            met.append(result)
    assert met == list(range(7))
    assert not readers(), "the error's traceback keeps the reader alive"
    assert caught.value is not None


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_in_the_reader_surfaces_through_the_workers(threads: int) -> None:
    items = prefetch(failing(3, ValueError("cut short")))
    with pytest.raises(ValueError, match="cut short"):
        list(ordered_map(lambda number: number, items, threads))
    assert not readers()


@pytest.mark.parametrize("threads", [1, 4])
def test_closing_the_workers_early_closes_the_reader(threads: int) -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.append(True)

    results = ordered_map(lambda number: number, prefetch(items()), threads)
    assert next(results) == 0
    results.close()
    del results
    assert not readers()
    assert until(lambda: closed == [True])
