"""Random tables as predictions and votes: a right result or one of zoocli's own errors."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zoocli
from zoocli.errors import ZoocliError

COLUMNS = ("q_a", "q_b", "r_c", "r_d")
TREE = zoocli.Schema({"q": ["_a", "_b"], "r": ["_c", "_d"]}, {"q": None, "r": "q_a"}, name="tree")
TEXTS = st.text(max_size=6) | st.sampled_from(["1", "2.0", " 3 ", "", "NA", "1e5", "nan", "[1,2]"])
FLOATS = st.floats() | st.floats(0.1, 100) | st.sampled_from([1e-30, 5e-324, 1.7e308])
WHOLES = st.integers(-1, 20) | st.sampled_from([2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1])
KINDS: list[tuple[st.SearchStrategy[Any], pa.DataType]] = [
    (FLOATS, pa.float64()),
    (st.floats(width=32), pa.float32()),
    (st.floats(width=16), pa.float16()),
    (WHOLES, pa.int64()),
    (st.integers(0, 255), pa.uint8()),
    (st.integers(0, 2**64 - 1), pa.uint64()),
    (TEXTS, pa.string()),
    (TEXTS, pa.large_string()),
    (TEXTS, pa.string_view()),
    (TEXTS, pa.dictionary(pa.int32(), pa.string())),
    (st.booleans(), pa.bool_()),
    (st.decimals(-99, 99, places=2), pa.decimal128(20, 2)),
    (st.integers(-9, 99), pa.decimal128(30, 0)),
    (st.binary(max_size=4), pa.binary()),
    (st.dates(), pa.date32()),
    (st.nothing(), pa.null()),
    (st.lists(FLOATS, max_size=3), pa.list_(pa.float64())),
    (st.lists(st.floats(0.5, 50), min_size=2, max_size=2), pa.large_list(pa.float64())),
    (st.lists(st.floats(width=32), min_size=2, max_size=2), pa.list_(pa.float32(), 2)),
]


@st.composite
def columns(draw: st.DrawFn, rows: int, usual: bool) -> pa.Array:
    if usual:
        counts = draw(st.lists(st.integers(1, 9), min_size=rows, max_size=rows))
        return pa.array(counts, draw(st.sampled_from([pa.int64(), pa.float64(), pa.float32()])))
    values, kind = draw(st.sampled_from(KINDS))
    cells = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
    if pa.types.is_dictionary(kind):
        return pa.array(cells, pa.string()).dictionary_encode()
    return pa.array(cells, kind)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Often with good ids and numbers, sometimes without a column, or with one more."""
    rows = draw(st.integers(0, 6))
    letters = st.lists(st.sampled_from("abcdefgh"), min_size=rows, max_size=rows, unique=True)
    good_ids = draw(st.integers(0, 7)) > 0
    usual = draw(st.booleans())
    names = [name for name in draw(st.permutations(COLUMNS)) if draw(st.integers(0, 40))]
    if draw(st.integers(0, 5)) == 0:
        names.append(draw(st.sampled_from(["q_a", "id", "x", "", "loss"])))
    ids = pa.array(draw(letters), pa.string()) if good_ids else draw(columns(rows, False))
    cells = [draw(columns(rows, usual or draw(st.booleans()))) for _ in names]
    return pa.Table.from_arrays([ids, *cells], names=["id", *names])


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "loss": st.sampled_from(["dirichlet", "ce", "mse", "l1"]),
        "on_invalid": st.sampled_from(["error", "null"]),
        "on_fractional": st.sampled_from(["error", "round"]),
        "on_duplicate": st.sampled_from(["error", "drop"]),
        "missing_votes": st.sampled_from(["error", "zero"]),
        "backend": st.sampled_from(["torch", "auto"]),
        "batch_size": st.sampled_from([1, 2, 1000]),
        "threads": st.sampled_from([1, 3]),
        "null_value": st.sampled_from([[-1], [3]]),
        "id_from": st.sampled_from(["(.)", "(a*)", "x(.*)$"]),
        "keep": st.sampled_from([["x"], ["q_a"], ["id"], ["loss"]]),
    },
)


@settings(max_examples=120, deadline=30_000, suppress_health_check=list(HealthCheck))
@given(tables(), tables(), OPTIONS)
def test_a_result_is_right_or_there_is_an_error(
    predictions: pa.Table, votes: pa.Table, options: dict[str, Any]
) -> None:
    tree = options.get("loss", "dirichlet") == "dirichlet"
    more = {} if tree else {"label": ["q_a"], "prediction": ["q_b", "r_c"]}
    if options.get("loss") in ("mse", "l1"):
        more["prediction"] = ["q_b"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zoocli.ZoocliWarning)
        try:
            scores = zoocli.score(predictions, votes, TREE if tree else None, **options, **more)
            summary = zoocli.summarize(scores)
        except ZoocliError as error:
            assert str(error).endswith((".", "?")) and len(str(error)) < 1_500
            return
    losses = scores["loss"].to_pylist()
    assert all(loss is None or math.isfinite(loss) for loss in losses)
    matching = summary.matching
    assert matching is not None and matching.matched == scores.num_rows > 0
    assert matching.invalid == losses.count(None)
    if not matching.duplicated:
        assert matching.matched + matching.predictions_only == predictions.num_rows
        assert matching.matched + matching.votes_only == votes.num_rows
    mean = sum(loss for loss in losses if loss is not None)
    if summary.overall.mean_all is not None:
        assert math.isclose(summary.overall.mean_all * summary.overall.galaxies_all, mean)
