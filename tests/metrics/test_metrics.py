"""The torchmetrics metrics against `zoocli.scoring.sums`, which the command line adds up with."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torchmetrics import MeanSquaredError, MetricCollection

import zoocli.metrics
from tests.conftest import ROOT
from tests.devices import DEVICES
from zoocli.errors import DataError, UsageError
from zoocli.losses import cross_entropy_loss, get_dirichlet_loss_func
from zoocli.metrics import (
    CrossEntropyMetric,
    L1Metric,
    LossSums,
    MeanLoss,
    MSEMetric,
    MultiQuestionLossMetric,
)
from zoocli.schema import Levels, Schema
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.sums import Sums

STATES = ("sum", "sum_squares", "galaxies", "galaxies_all", "votes")
FLOAT_STATES = STATES[:2]
PAIRS = {
    "smooth-dr5": ["_yes", "_no", "_artifact"],
    "bar-dr5": ["_strong", "_none"],
    "smooth-dr8": ["_yes", "_no"],
}
SCHEMA = Schema(
    PAIRS,
    {"smooth-dr5": None, "bar-dr5": "smooth-dr5_no", "smooth-dr8": None},
    name="two-campaigns",
    campaigns=["dr5", "dr8"],
)
Batch = tuple[torch.Tensor, dict[str, torch.Tensor]]


def galaxies(size: int, seed: int = 6) -> Batch:
    """Predictions and votes; some questions and galaxies have none, one loss is NaN."""
    generator = torch.Generator().manual_seed(seed)
    inputs = 0.5 + 50 * torch.rand(size, 7, dtype=torch.float64, generator=generator)
    votes = torch.randint(0, 30, (size, 7), generator=generator).double()
    votes[::3, 3:5] = 0
    votes[::4, 5:] = 0
    votes[::12] = 0
    if size > 5:
        inputs[5, 6] = -1.0
    return inputs, dict(zip(SCHEMA.label_cols, votes.unbind(1), strict=True))


def part(batch: Batch, rows: slice) -> Batch:
    inputs, targets = batch
    return inputs[rows], {answer: votes[rows] for answer, votes in targets.items()}


def sums_of(batch: Batch) -> Sums:
    """The reference: `Sums.add_batch` over the losses, in numpy."""
    losses = get_dirichlet_loss_func(PAIRS)(*batch).numpy().T
    # Where a count is missing the loss is NaN, and what stands for it must not matter.
    counts = {answer: votes.nan_to_num(7.0).numpy() for answer, votes in batch[1].items()}
    votes = np.array([sum(counts[q + a] for a in PAIRS[q]) for q in PAIRS], dtype=np.int32)
    levels = Levels(SCHEMA.campaigns, tuple(PAIRS))
    sums = Sums.zeros(len(levels))
    sums.add_batch(levels, losses.sum(axis=0), losses, votes)
    return sums


def assert_same(left: Sums, right: Sums, rtol: float = 1e-12) -> None:
    for state in STATES:
        tolerance = rtol if state in FLOAT_STATES else 0
        np.testing.assert_allclose(getattr(left, state), getattr(right, state), rtol=tolerance)
        assert getattr(left, state).dtype == getattr(right, state).dtype


@pytest.mark.parametrize("device", DEVICES)
def test_sums_are_those_of_the_command_line(device: str) -> None:
    batch = galaxies(50)
    metric = MultiQuestionLossMetric(SCHEMA).to(device)
    for start in range(0, 50, 16):
        inputs, targets = part(batch, slice(start, start + 16))
        metric.update(inputs.to(device), {key: votes.to(device) for key, votes in targets.items()})
    assert metric.sum.device.type == device
    assert_same(metric.to_sums(), sums_of(batch))
    assert metric.galaxies_all[0] == 49  # one galaxy has a NaN loss


def test_summary_is_that_of_the_sums() -> None:
    batch = galaxies(50)
    metric = MultiQuestionLossMetric(SCHEMA)
    metric.update(*batch)
    summary = metric.to_summary(shard="1/1")
    levels = Levels(SCHEMA.campaigns, tuple(PAIRS))
    expected = Summary.from_sums(levels, metric.to_sums(), True)
    assert summary.to_dict() == expected.to_dict() | {
        "loss": "dirichlet",
        "schema": "two-campaigns",
        "shard": "1/1",
    }


def test_compute_gives_the_means_of_the_summary() -> None:
    metric = MultiQuestionLossMetric(SCHEMA)
    metric.update(*galaxies(50))
    found = metric.compute()
    summary = metric.to_summary()
    assert summary.campaigns is not None
    expected = {
        "loss": summary.overall.mean,
        "loss_all": summary.overall.mean_all,
        **{f"campaign/{name}": group.mean for name, group in summary.campaigns.items()},
        **{f"question/{name}": group.mean for name, group in summary.questions.items()},
    }
    assert {name: value.item() for name, value in found.items()} == pytest.approx(
        expected, rel=1e-15
    )
    assert all(value.dtype == torch.float64 and value.ndim == 0 for value in found.values())


def test_groups_without_galaxies_are_left_out() -> None:
    inputs, targets = galaxies(8)
    inputs[5, 6] = 1.0
    for answer in ("bar-dr5_strong", "bar-dr5_none", "smooth-dr8_yes", "smooth-dr8_no"):
        targets[answer] = torch.zeros(8)
    metric = MultiQuestionLossMetric(SCHEMA)
    metric.update(inputs, targets)
    assert set(metric.compute()) == {"loss", "loss_all", "campaign/dr5", "question/smooth-dr5"}
    metric.reset()
    metric.update(inputs, {answer: torch.zeros(8) for answer in targets})
    assert metric.compute() == {"loss_all": torch.tensor(0.0)}
    metric.reset()
    metric.update(inputs[:0], {answer: torch.zeros(0) for answer in targets})
    assert metric.compute() == {}


def test_pairs_alone_are_one_campaign() -> None:
    batch = galaxies(20)
    metric = MultiQuestionLossMetric(PAIRS)
    metric.update(*batch)
    found = metric.compute()
    assert found["campaign/all"] == found["loss"]
    assert metric.to_summary().schema is None
    schema = MultiQuestionLossMetric(SCHEMA)
    schema.update(*batch)
    assert schema.compute()["loss"] == found["loss"]


def test_a_missing_count_leaves_every_statistic() -> None:
    inputs, targets = galaxies(4)
    targets["bar-dr5_none"][1] = math.nan
    metric = MultiQuestionLossMetric(SCHEMA)
    metric.update(inputs, targets)
    statistics = metric.to_summary()
    assert statistics.overall.galaxies_all == 3
    assert statistics.questions["bar-dr5"].galaxies_all == 3
    assert statistics.questions["smooth-dr8"].galaxies_all == 4
    assert_same(metric.to_sums(), sums_of((inputs, targets)))


def test_another_loss_and_its_name() -> None:
    def wrong_votes(predictions: torch.Tensor, votes: torch.Tensor) -> torch.Tensor:
        return (predictions - votes).abs().sum(1)

    metric = MultiQuestionLossMetric(PAIRS, wrong_votes)
    inputs, targets = galaxies(4)
    metric.update(inputs, targets)
    votes = torch.stack([targets[answer] for answer in SCHEMA.label_cols], dim=1)
    assert metric.sum[0].item() == pytest.approx((inputs - votes).abs().sum().item())
    assert metric.to_summary().loss == "wrong_votes"


def test_float32_predictions_are_scored_in_float64() -> None:
    inputs, targets = galaxies(20)
    metric, exact = MultiQuestionLossMetric(SCHEMA), MultiQuestionLossMetric(SCHEMA)
    metric.update(inputs.float().requires_grad_(), targets)
    exact.update(inputs.float().double(), targets)
    assert torch.equal(metric.sum, exact.sum)
    assert not metric.sum.requires_grad


def test_missing_columns_are_named() -> None:
    inputs, targets = galaxies(4)
    del targets["bar-dr5_none"]
    with pytest.raises(DataError, match="bar-dr5_none"):
        MultiQuestionLossMetric(SCHEMA).update(inputs, targets)


def updated(metric: LossSums, seed: int = 7, size: int = 9) -> LossSums:
    metric.update(*arguments(metric, seed, size))
    return metric


def arguments(metric: LossSums, seed: int, size: int = 9) -> tuple[Any, Any]:
    if isinstance(metric, MultiQuestionLossMetric):
        return galaxies(size, seed)
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(size, 3, generator=generator)
    if metric.loss_name == "cross-entropy":
        return logits, torch.randint(0, 3, (size,), generator=generator)
    return logits[:, 0], logits[:, 1]


METRICS = [
    pytest.param(lambda: MultiQuestionLossMetric(SCHEMA), id="multi-question"),
    pytest.param(lambda: CrossEntropyMetric(weight=torch.tensor([1.0, 2.0, 3.0])), id="ce"),
    pytest.param(MSEMetric, id="mse"),
    pytest.param(L1Metric, id="l1"),
]


@pytest.mark.parametrize("make", METRICS)
def test_states(make: Any) -> None:
    metric = updated(make())
    assert not metric.full_state_update
    for state in STATES:
        expected = torch.float64 if state in FLOAT_STATES else torch.int64
        assert getattr(metric, state).dtype == expected


@pytest.mark.parametrize("make", METRICS)
@pytest.mark.parametrize(
    "cast",
    [
        lambda module: module.float(),
        lambda module: module.half(),
        lambda module: module.bfloat16(),
        lambda module: module.to(torch.float16),
        lambda module: module.type(torch.float32),
    ],
)
def test_states_survive_the_casts_of_a_module(make: Any, cast: Any) -> None:
    model = torch.nn.Module()
    model.metric = updated(make())
    before = model.metric.sum.clone()
    cast(model)
    assert torch.equal(model.metric.sum, before)
    assert model.metric.sum.dtype == torch.float64
    model.metric.reset()
    assert model.metric.sum.dtype == torch.float64
    assert updated(model.metric).galaxies.dtype == torch.int64


def test_set_dtype_is_obeyed() -> None:
    assert updated(MSEMetric()).set_dtype(torch.float32).sum.dtype == torch.float32


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("make", METRICS)
def test_states_follow_to_a_device_and_back(make: Any, device: str) -> None:
    metric = updated(make())
    before = metric.to_sums()
    metric.to(device)
    assert metric.sum.device.type == device
    assert_same(metric.to_sums(), before, rtol=0)
    metric.to("cpu").reset()
    assert metric.sum.device.type == "cpu"
    assert metric.sum.tolist() == [0.0] * len(metric.levels)


@pytest.mark.parametrize("make", METRICS)
def test_merge_state_adds_up(make: Any) -> None:
    left, right, whole = updated(make(), seed=1), updated(make(), seed=2), make()
    updated(updated(whole, seed=1), seed=2)
    left.merge_state(right)
    assert_same(left.to_sums(), whole.to_sums())
    torch.testing.assert_close(left.compute(), whole.compute(), rtol=1e-14, atol=0)


@pytest.mark.parametrize("make", METRICS)
def test_merge_state_forgets_older_means_and_counts_as_an_update(make: Any) -> None:
    left, right, fresh = updated(make(), seed=1), updated(make(), seed=2), make()
    before = left.compute()
    left.merge_state(right)
    assert left.compute() != before
    fresh.merge_state(left)
    assert fresh.compute() == left.compute()


def test_merge_state_refuses_another_loss() -> None:
    with pytest.raises(UsageError, match="'l1' cannot be merged into one of 'mse'"):
        MeanLoss("mse").merge_state(updated(MeanLoss("l1")))
    with pytest.raises(UsageError, match="same loss, campaigns"):
        MSEMetric(["a", "b"]).merge_state(MSEMetric())


@pytest.mark.parametrize("make", METRICS)
def test_forward_returns_the_batch_and_keeps_the_sum(make: Any) -> None:
    metric, alone, both = make(), make(), make()
    updated(both, seed=1)
    metric(*arguments(metric, seed=1))
    value = metric(*arguments(metric, seed=2))
    assert value == updated(alone, seed=2).compute()
    assert_same(metric.to_sums(), updated(both, seed=2).to_sums())


@pytest.mark.parametrize("make", METRICS)
def test_reset(make: Any) -> None:
    metric = updated(make(), seed=1)
    metric.reset()
    assert_same(metric.to_sums(), Sums.zeros(len(metric.levels)), rtol=0)
    assert_same(updated(metric, seed=2).to_sums(), updated(make(), seed=2).to_sums(), rtol=0)


@pytest.mark.parametrize("make", METRICS)
def test_copies_and_pickles_go_on_counting(make: Any) -> None:
    metric = updated(make(), seed=1)
    for twin in (pickle.loads(pickle.dumps(metric)), copy.deepcopy(metric), metric.clone()):
        assert_same(twin.to_sums(), metric.to_sums(), rtol=0)
        updated(twin, seed=2)
        assert twin.galaxies_all[0] > metric.galaxies_all[0]


@pytest.mark.parametrize("make", METRICS)
def test_no_galaxy_gives_no_mean(make: Any) -> None:
    metric = updated(make(), size=0)
    assert metric.compute() == {}
    assert metric.to_summary().overall.mean is None


def test_collections_log_every_mean() -> None:
    collection = MetricCollection({"mse": MSEMetric(["a", "b"])}, prefix="val_")
    collection.update(torch.ones(2, 2), torch.zeros(2, 2))
    assert {name: value.item() for name, value in collection.compute().items()} == {
        "val_loss": 1.0,
        "val_target/a": 1.0,
        "val_target/b": 1.0,
    }


def test_cross_entropy_is_the_mean_of_its_loss() -> None:
    logits, labels = arguments(CrossEntropyMetric(), seed=3)
    metric = CrossEntropyMetric(label_smoothing=0.1, weight=[1.0, 2.0, 3.0])
    metric.update(logits, labels)
    losses = cross_entropy_loss(logits.double(), labels, 0.1, torch.tensor([1.0, 2.0, 3.0]))
    assert metric.compute()["loss"].item() == pytest.approx(losses.mean().item(), rel=1e-15)
    overall = metric.to_summary().overall
    assert (overall.galaxies, overall.galaxies_all, overall.votes) == (9, 9, None)
    assert overall.se == pytest.approx(losses.std().item() / 3, rel=1e-13)


def test_squared_error_agrees_with_torchmetrics() -> None:
    metric, theirs = MSEMetric(), MeanSquaredError().set_dtype(torch.float64)
    y_pred, y = arguments(metric, seed=4)
    metric.update(y_pred, y)
    theirs.update(y_pred.double(), y.double())
    assert metric.compute()["loss"].item() == pytest.approx(theirs.compute().item(), rel=1e-14)


def test_several_targets() -> None:
    y_pred = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, math.nan]])
    metric = L1Metric(["mass", "size"])
    metric.update(y_pred, torch.zeros(3, 2))
    found = {name: value.item() for name, value in metric.compute().items()}
    assert found == {"loss": 2.5, "target/mass": 3.0, "target/size": 3.0}
    assert set(metric.to_summary().questions) == {"mass", "size"}
    unnamed = L1Metric()
    unnamed.update(y_pred, torch.zeros(3, 2))
    assert unnamed.compute()["loss"].item() == 2.5
    with pytest.raises(DataError, match="2 targets"):
        metric.update(torch.zeros(3), torch.zeros(3))


def test_sums_are_float64_over_many_galaxies() -> None:
    """A float32 sum stops growing at 2^24."""
    metric = L1Metric()
    metric.update(torch.full((10,), 2.0**24), torch.zeros(10))
    metric.update(torch.ones(10), torch.zeros(10))
    assert metric.sum.item() == 10 * 2**24 + 10


def test_a_tree_needs_the_other_metric() -> None:
    with pytest.raises(UsageError, match="MultiQuestionLossMetric"):
        MeanLoss("dirichlet")


def test_names_are_imported_when_asked_for() -> None:
    assert all(getattr(zoocli.metrics, name) for name in zoocli.metrics.__all__)
    assert not hasattr(zoocli.metrics, "Accuracy")
    code = "import sys, zoocli.metrics; assert not {'torch', 'torchmetrics'} & set(sys.modules)"
    root = ROOT
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_losses_that_were_computed_already_are_not_computed_again(monkeypatch) -> None:
    pairs = {"bar": ["_yes", "_no"], "ring": ["_yes", "_no"]}
    inputs = 1 + 9 * torch.rand(20, 4, dtype=torch.float64)
    votes = torch.randint(0, 9, (20, 4))
    losses = get_dirichlet_loss_func(pairs)(inputs, votes)
    expected, found = MultiQuestionLossMetric(pairs), MultiQuestionLossMetric(pairs)
    expected.update(inputs, votes)

    def refuse(*arguments: object) -> None:
        raise AssertionError("computed twice")

    monkeypatch.setattr(found.multi_question_loss, "forward", refuse)
    found.update(inputs, votes, losses.requires_grad_())
    assert {name: one.item() for name, one in found.compute().items()} == pytest.approx(
        {name: one.item() for name, one in expected.compute().items()}
    )
    with pytest.raises(DataError, match="must have shape"):
        found.update(inputs, votes, losses[:, :1])
