"""The fingerprint of predictions: of ids and values, in any order, and additive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import zoocli
from tests.command import ANSWERS, done_well, small_predictions, small_votes, write, write_tree
from zoocli.foundation.kernels.fingerprint import ROWS_AT_ONCE, add_products
from zoocli.matching.concentrations import Pass
from zoocli.matching.findings import Findings
from zoocli.matching.fingerprint import fingerprint
from zoocli.matching.matched import Matched

IDS = [f"galaxy {number}" for number in range(700)]


def fingerprint_of(values: Any, ids: list[str] = IDS, rows: Any = None) -> int:
    """Of predictions (columns, galaxies), of some of them with `rows`."""
    texts = pa.array(ids)
    chosen = np.arange(len(ids), dtype=np.int32) if rows is None else np.array(rows, np.int32)
    matched = Matched(None, texts, chosen, chosen, chosen, Findings("the predictions"))
    columns = [np.ascontiguousarray(column) for column in values]
    return fingerprint(matched, [Pass(columns, chosen, np.zeros(len(chosen), np.bool_))])


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(3).random((5, len(IDS)), np.float32)


def by_definition(values: np.ndarray, ids: list[str]) -> int:
    """Row by row, with Python's own whole numbers."""
    from zoocli.matching.fingerprint import _factors
    from zoocli.matching.index import IdIndex

    multiplier, full = 0x9E3779B97F4A7C15, 2**64
    hashes = IdIndex().add(pa.array(ids)).tolist()
    total = 0
    for value, row in zip(hashes, values.T.astype(np.float64), strict=True):
        combined = 0
        for bits, (low, high) in zip(
            row.view(np.uint64).tolist(), _factors(5).tolist(), strict=True
        ):
            combined += (bits % 2**32) * low + (bits >> 32) * high
        value = (value ^ (combined * multiplier % full)) * multiplier % full
        value ^= value >> 32
        value = value * multiplier % full
        total += value ^ (value >> 32)
    return total % full


def test_it_is_what_its_description_says(values: np.ndarray) -> None:
    assert fingerprint_of(values) == by_definition(values, IDS)


def test_it_adds_up_in_any_order(values: np.ndarray) -> None:
    order = np.random.default_rng(1).permutation(len(IDS))
    parts = [fingerprint_of(values, rows=rows) for rows in (order[:300], order[300:])]
    assert sum(parts) % 2**64 == fingerprint_of(values)


def test_the_type_of_the_values_does_not_matter(values: np.ndarray) -> None:
    assert fingerprint_of(values.astype(np.float64)) == fingerprint_of(values)


@pytest.mark.parametrize("column", range(5))
def test_every_value_and_every_id_counts(values: np.ndarray, column: int) -> None:
    usual = fingerprint_of(values)
    values[column, 41] = np.nextafter(values[column, 41], np.float32(2))
    assert fingerprint_of(values) != usual
    swapped = values.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert fingerprint_of(swapped) != fingerprint_of(values)
    assert fingerprint_of(values, [*IDS[:41], "another", *IDS[42:]]) != fingerprint_of(values)


def test_nothing_has_the_fingerprint_0(values: np.ndarray) -> None:
    assert fingerprint_of(values, rows=[]) == 0


def test_two_models_never_have_one_signature(tmp_path: Path) -> None:
    write_tree(tmp_path)
    votes = write(tmp_path / "v.parquet", small_votes())
    other = small_predictions()
    other[ANSWERS[0]][0] += 1e-6
    tables = small_predictions(), other
    signatures = {
        zoocli.summarize(
            zoocli.score(pa.table(table), votes, str(tmp_path / "tree.yaml"))
        ).signature
        for table in tables
    }
    assert len(signatures) == 2


def test_shards_add_up_to_the_whole(tmp_path: Path) -> None:
    """Of the summaries and of the evaluations."""
    write_tree(tmp_path)
    p, v = (
        write(tmp_path / name, columns)
        for name, columns in (("p.csv", small_predictions()), ("v.csv", small_votes()))
    )
    usual = ["score", p, v, "-s", tmp_path / "tree.yaml", "-q"]
    for number in (1, 2):
        done_well(*usual, "--shard", f"{number}/2", "--summary", tmp_path / f"{number}.json")
    whole = json.loads(done_well(*usual, "--summary", "-").out)
    merged = json.loads(done_well("merge", tmp_path / "1.json", tmp_path / "2.json", "-q").out)
    assert merged["predictions"] == whole["predictions"]
    assert merged["predictions"]["names"] == ["p.csv"]
    assert merged["signature"] == whole["signature"]
    assert f"predictions:{whole['predictions']['fingerprint'][:12]}|" in whole["signature"]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("way", ["beside", "chosen", "shuffled", "ends-like-beside"])
def test_the_rows_of_a_galaxy_are_found_wherever_they_are(kind, way) -> None:
    random = np.random.default_rng(5)
    columns = [random.random(700).astype(kind) for _ in range(3)]
    rows = {
        "beside": np.arange(100, 700),
        "chosen": np.flatnonzero(random.random(700) < 0.6),
        "shuffled": random.permutation(700),
        "ends-like-beside": np.array([5, 9, 2, 8]),
    }[way].astype(np.int32)
    factors = random.integers(1, 2**32, (3, 2)).astype(np.uint64) | np.uint64(1)
    numbers, sums = np.empty(ROWS_AT_ONCE), np.zeros(len(rows), np.uint64)
    addresses = np.array([column.ctypes.data for column in columns], np.uint64)
    bits = numbers.view(np.uint64)
    add_products(addresses, columns[0][:0], rows, factors, numbers, bits, sums)
    words = np.array(columns, np.float64)[:, rows].copy().view(np.uint64)
    low, high = words & np.uint64(2**32 - 1), words >> np.uint64(32)
    expected = low * factors[:, :1] + high * factors[:, 1:]
    assert (sums == expected.sum(axis=0, dtype=np.uint64)).all()
