"""`zoocli score --loss ce`: labels of every kind, scales, weights and smoothing."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy.special import log_softmax

from tests.command import done_well, read, run, write

NAMES = ("spiral", "elliptical", "[other]")
LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.5], [1e3, 1.0, -1e3], [0.25, 0.5, 1.25]])
LABELS = [0, 2, 1, 2]
IDS = ["a", "b", "c", "d"]
SUFFIXES = ("csv", "parquet")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(
    labels: Any = tuple(LABELS),
    values: Any = LOGITS,
    names: tuple[str, ...] = NAMES,
    suffix: str = "parquet",
    **more: Any,
) -> list[object]:
    """Writes predictions and labels; gives the command's first words."""
    columns = {name: list(column) for name, column in zip(names, np.array(values).T, strict=True)}
    ids = [IDS[row % 4] + "x" * (row // 4) for row in range(len(values))]
    write(Path(f"p.{suffix}"), {"id": ids} | columns)
    labels = labels if isinstance(labels, pa.Array) else list(labels)
    write(Path(f"v.{suffix}"), {"id": ids, "label": labels} | more)
    return ["score", f"p.{suffix}", f"v.{suffix}", "--loss", "ce"]


def score(*command: object) -> pa.Table:
    done_well(*command, "-o", "s.parquet")
    return read(Path("s.parquet"))


def summary(*command: object) -> dict[str, Any]:
    done_well(*command, "--summary", "s.json")
    result: dict[str, Any] = json.loads(Path("s.json").read_text())
    return result


def expected(values: Any = LOGITS, labels: Any = tuple(LABELS)) -> list[float]:
    """-ln softmax, by scipy."""
    return [-row[label] for row, label in zip(log_softmax(values, axis=1), labels, strict=True)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_against_scipy(suffix: str) -> None:
    made = score(*put(suffix=suffix))
    assert made.column_names == ["id", "loss", "label", "prediction"]
    assert made["loss"].to_pylist() == pytest.approx(expected(), rel=1e-14, abs=1e-15)
    assert made["label"].to_pylist() == LABELS
    assert made["prediction"].to_pylist() == [0, 1, 0, 2]
    assert made.schema.field("label").type == made.schema.field("prediction").type == pa.int32()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_names_of_classes(suffix: str) -> None:
    made = score(*put([NAMES[label] for label in LABELS], suffix=suffix))
    assert made["loss"].to_pylist() == pytest.approx(expected(), rel=1e-14)
    assert made["label"].to_pylist() == [NAMES[label] for label in LABELS]
    assert made["prediction"].to_pylist() == [NAMES[best] for best in (0, 1, 0, 2)]


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(21, 1), pa.string()],
    ids=str,
)
def test_numbers_of_classes_in_any_type(kind: pa.DataType) -> None:
    labels = pa.array(LABELS).cast(kind)
    assert score(*put(labels))["label"].to_pylist() == LABELS


def test_true_and_false() -> None:
    made = score(*put([False, True, None, True], LOGITS[:, :2], NAMES[:2]))
    assert made["label"].to_pylist() == [0, 1, None, 1]


def test_a_dictionary_of_names() -> None:
    labels = pa.array([NAMES[label] for label in LABELS]).dictionary_encode()
    assert score(*put(labels))["loss"].to_pylist() == pytest.approx(expected())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("names", "labels", "codes"),
    [
        (("0", "1", "2"), [0, 1, 2, 0], [0, 1, 2, 0]),
        (("1", "2", "3"), [1, 2, 3, 1], [0, 1, 2, 0]),
        (("2", "1", "0"), [0, 1, 2, 0], [2, 1, 0, 2]),
    ],
    ids=lambda value: "".join(map(str, value)),
)
def test_classes_whose_names_are_numbers(
    suffix: str, names: tuple[str, ...], labels: list[int], codes: list[int]
) -> None:
    for written in (labels, [str(label) for label in labels], [float(label) for label in labels]):
        made = score(*put(written, names=names, suffix=suffix))
        assert made["loss"].to_pylist() == pytest.approx(expected(labels=codes))
        assert made["label"].to_pylist() == [str(label) for label in labels]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("labels", [["1.0", "0.0", "2.0", "1.0"], [1.0, 0.0, 2.0, 1.0]])
def test_classes_whose_names_are_whole_floats(suffix: str, labels: list[Any]) -> None:
    made = score(*put(labels, names=("1.0", "0.0", "2.0"), suffix=suffix))
    assert made["loss"].to_pylist() == pytest.approx(expected(labels=[0, 1, 2, 0]))
    assert made["label"].to_pylist() == ["1.0", "0.0", "2.0", "1.0"]


def test_classes_that_are_the_same_to_a_label() -> None:
    done = run(*put(names=("1", "1.0", "2")))
    assert done.code == 2 and "The classes '1', '1.0' are indistinguishable" in done.err


def test_a_number_beside_classes_that_are_called_by_numbers() -> None:
    done = run(*put([1, 2, 3, 0], names=("1", "2", "3")))
    assert done.code == 3 and "1 galaxy with labels that are none of the classes" in done.err


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("labels", [[0, None, 1, None], ["spiral", None, "elliptical", None]])
def test_no_label_is_a_null_loss(suffix: str, labels: list[Any]) -> None:
    command = put(labels, suffix=suffix)
    made = score(*command)
    wanted = expected(labels=[0, 0, 1, 0])
    assert made["loss"].to_pylist() == [
        pytest.approx(wanted[0]),
        None,
        pytest.approx(1e3 - 1),
        None,
    ]
    assert made["label"].to_pylist() == labels
    assert made["prediction"].null_count == 0
    result = summary(*command)
    assert result["matching"]["matched"] == 4 and result["matching"]["invalid"] == 2
    overall = result["overall"]
    assert overall["galaxies"] == overall["galaxies_all"] == 2 and overall["votes"] is None
    assert overall["mean"] == overall["mean_all"] == pytest.approx((wanted[0] + 999) / 2)
    assert result["campaigns"] == {} and result["questions"] == {} and result["schema"] is None
    assert "2 galaxies have a null loss" in done_well(*command, "-o", "s.csv").err


def test_no_labels_at_all() -> None:
    result = summary(*put([None, None, None, None]))
    assert result["overall"]["mean"] is None and result["overall"]["galaxies_all"] == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, (0.5, 2.0, 3.0)])
def test_weights_and_smoothing(smoothing: float, weights: tuple[float, ...] | None) -> None:
    options = ["--label-smoothing", smoothing]
    if weights is not None:
        options += ["--class-weights", ",".join(map(str, weights))]
    command = [*put(), *options]
    loss = score(*command)["loss"].to_pylist()
    logs, w = log_softmax(LOGITS, axis=1), np.array(weights or (1.0, 1.0, 1.0))
    by_hand = [
        -(1 - smoothing) * w[label] * row[label] - smoothing / 3 * (w * row).sum()
        for row, label in zip(logs, LABELS, strict=True)
    ]
    assert loss == pytest.approx(by_hand, rel=1e-13)
    by_torch = torch.nn.functional.cross_entropy(
        torch.tensor(LOGITS),
        torch.tensor(LABELS),
        None if weights is None else torch.tensor(weights, dtype=torch.float64),
        reduction="none",
        label_smoothing=smoothing,
    )
    assert loss == by_torch.tolist()
    made = summary(*command)["settings"]
    assert made["label_smoothing"] == smoothing
    assert made["class_weights"] == (None if weights is None else list(weights))
    assert made["classes"] == list(NAMES) and made["label"] == "label"


@pytest.mark.parametrize("decimals", [2, 3, 16])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_probabilities(suffix: str, decimals: int) -> None:
    softmax = np.exp(log_softmax(LOGITS / 1000, axis=1)).round(decimals)
    command = put(values=softmax, suffix=suffix)
    refused = run(*command)
    assert refused.code == 3 and "--scale probabilities" in refused.err
    made = score(*command, "--scale", "probabilities")["loss"].to_pylist()
    assert made == pytest.approx(expected(np.log(softmax)), rel=1e-13)
    if decimals == 16:
        assert made == pytest.approx(expected(LOGITS / 1000), rel=1e-13)
    as_logits = score(*command, "--scale", "logits")["loss"].to_pylist()
    assert as_logits == pytest.approx(expected(softmax), rel=1e-13)


def test_one_row_that_is_no_probability_settles_it() -> None:
    softmax = np.exp(log_softmax(LOGITS / 1000, axis=1))
    softmax[2] = [0.5, 0.75, -0.25]
    for batch_size in (1, 100):
        made = score(*put(values=softmax), "--batch-size", batch_size)
        assert made["loss"].to_pylist() == pytest.approx(expected(softmax))


@pytest.mark.parametrize("batch_size", [1, 100])
def test_a_null_among_probabilities_settles_nothing(batch_size: int) -> None:
    softmax = np.exp(log_softmax(LOGITS / 1000, axis=1))
    softmax[1, 0] = math.nan
    command = [*put(values=softmax), "--on-invalid", "null", "--batch-size", batch_size]
    assert run(*command).code == 3
    made = score(*command, "--scale", "probabilities")
    assert made["loss"].is_null().to_pylist() == [False, True, False, False]
    assert made["prediction"].to_pylist() == [0, None, 0, 2]


def test_predictions_that_are_all_null_do_not_look_like_probabilities() -> None:
    made = score(*put(values=np.full((4, 3), math.nan)), "--on-invalid", "null")
    assert made["loss"].null_count == made["prediction"].null_count == 4


def test_impossible_predictions_become_null() -> None:
    values = LOGITS.copy()
    values[0, 1], values[1, 0], values[2, 1] = math.nan, math.inf, -math.inf
    command = put(values=values)
    refused = run(*command)
    assert refused.code == 3 and "3 galaxies with predictions that are NaN" in refused.err
    made = score(*command, "--on-invalid", "null")
    assert made["loss"].to_pylist() == [None, None, None, pytest.approx(expected()[3])]
    assert summary(*command, "--on-invalid", "null")["matching"]["invalid"] == 3


def test_a_probability_of_zero_elsewhere_is_no_harm() -> None:
    values = [[1.0, 0.0, 0.0], [0.0, 0.25, 0.75]]
    made = score(*put([0, 2], values), "--scale", "probabilities")
    assert made["loss"].to_pylist() == pytest.approx([0.0, -math.log(0.75)])


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()], ids=str)
def test_precision_of_the_predictions(kind: pa.DataType) -> None:
    small = LOGITS / 4
    command = put(values=small)
    table = read(Path("p.parquet"))
    fields = [pa.field(f.name, f.type if f.name == "id" else kind) for f in table.schema]
    write(Path("p.parquet"), table.cast(pa.schema(fields)))
    assert score(*command)["loss"].to_pylist() == pytest.approx(expected(small), rel=1e-13)


def test_which_columns_are_the_classes() -> None:
    predictions = pd.DataFrame(LOGITS, columns=list(NAMES))
    predictions.insert(0, "id", IDS)
    predictions["z"] = ["keep me"] * 4
    predictions.to_csv("p.csv")  # with an unnamed index
    write(Path("v.csv"), {"id": IDS, "truth": LABELS})
    command = ["score", "p.csv", "v.csv", "-l", "cross-entropy", "--label", "truth"]
    made = score(*command, "--keep", "z")
    assert made["loss"].to_pylist() == pytest.approx(expected())
    chosen = [word for name in NAMES[::-1] for word in ("--prediction", name)]
    made = score(*command, *chosen)
    assert made["loss"].to_pylist() == pytest.approx(
        expected(labels=[2 - label for label in LABELS])
    )
    assert made["prediction"].to_pylist() == [2, 1, 2, 0]
    assert run(*command, "--prediction", "spiral", "--prediction", "z").code == 3
    assert run(*command, "--prediction", "spiral", "--prediction", "nothing").code == 3


def test_the_order_of_classes_is_part_of_the_settings() -> None:
    command = put()
    one = summary(*command)
    chosen = [word for name in NAMES[::-1] for word in ("--prediction", name)]
    other = summary(*command, *chosen)
    assert one["settings"] != other["settings"] and one["settings"]["scale"] == "logits"


def test_a_table_without_a_tree_is_summarized() -> None:
    command = put([0, None, 1, 2])
    made = summary(*command)
    score(*command)
    shown = json.loads(done_well("summarize", "s.parquet", "--format", "json").out)
    assert shown == made
    table = done_well("summarize", "s.parquet").out
    assert "cross-entropy" in table and "overall" in table
