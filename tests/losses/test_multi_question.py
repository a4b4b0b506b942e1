"""The loss of a whole decision tree."""

from __future__ import annotations

import json
import math
import pickle
import re

import pytest
import torch

from tests.devices import DEVICES
from tests.reference.cases import FOLDER
from zoocli.errors import DataError
from zoocli.losses import (
    CustomMultiQuestionLoss,
    get_dirichlet_loss_func,
    get_dirichlet_neg_log_prob,
)

PAIRS = {"smooth": ["_yes", "_no", "_artifact"], "bar": ["_strong", "_none"]}
ANSWERS = ["smooth_yes", "smooth_no", "smooth_artifact", "bar_strong", "bar_none"]


def galaxies(device: str = "cpu") -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(5)
    inputs = 1 + 100 * torch.rand(7, 5, dtype=torch.float64, generator=generator)
    votes = torch.randint(0, 20, (7, 5), generator=generator)
    return inputs.to(device), dict(zip(ANSWERS, votes.to(device).unbind(1), strict=True))


@pytest.mark.parametrize("device", DEVICES)
def test_equals_zoobot(device: str) -> None:
    """Zoobot 2.9.0's own float32 losses."""
    zoobot = json.loads((FOLDER / "zoobot.json").read_text())
    pairs = zoobot["question_answer_pairs"]
    inputs = torch.tensor(zoobot["inputs"], device=device)
    answers = [question + answer for question in pairs for answer in pairs[question]]
    votes = torch.tensor(zoobot["votes"], device=device)
    targets = dict(zip(answers, votes.unbind(1), strict=True))
    for summed, key in ((False, "per_question"), (True, "summed")):
        loss = CustomMultiQuestionLoss(
            pairs, get_dirichlet_neg_log_prob, sum_over_questions=summed
        )(inputs, targets)
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss.cpu(), torch.tensor(zoobot[key]), rtol=0, atol=1e-3)


def test_each_question_gets_its_own_answers() -> None:
    inputs, targets = galaxies()
    losses = get_dirichlet_loss_func(PAIRS)(inputs, targets)
    votes = torch.stack([targets[answer] for answer in ANSWERS], dim=1)
    assert losses.shape == (7, 2)
    for column, part in enumerate((slice(0, 3), slice(3, 5))):
        expected = get_dirichlet_neg_log_prob(inputs[:, part], votes[:, part])
        torch.testing.assert_close(losses[:, column], expected, rtol=1e-12, atol=1e-12)


def test_other_targets_and_their_order_do_not_matter() -> None:
    inputs, targets = galaxies()
    loss = get_dirichlet_loss_func(PAIRS)
    others = {"id_str": torch.zeros(3), **dict(reversed(targets.items()))}
    assert torch.equal(loss(inputs, others), loss(inputs, targets))


def test_sum_over_questions() -> None:
    inputs, targets = galaxies()
    summed = CustomMultiQuestionLoss(PAIRS, get_dirichlet_neg_log_prob, sum_over_questions=True)
    expected = get_dirichlet_loss_func(PAIRS)(inputs, targets).sum(1)
    assert torch.equal(summed(inputs, targets), expected)


def test_any_loss_of_one_question_will_do() -> None:
    seen = []

    def loss(predictions: torch.Tensor, votes: torch.Tensor) -> torch.Tensor:
        seen.append((tuple(predictions.shape), votes.dtype))
        return predictions.sum(1) - votes.sum(1)

    inputs, targets = galaxies()
    targets = {answer: votes + 0.75 for answer, votes in targets.items()}
    losses = CustomMultiQuestionLoss(PAIRS, loss)(inputs, targets)
    assert seen == [((7, 3), torch.int64), ((7, 2), torch.int64)]
    whole = targets["bar_strong"].trunc() + targets["bar_none"].trunc()
    torch.testing.assert_close(losses[:, 1], inputs[:, 3:].sum(1) - whole)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("functional", [get_dirichlet_neg_log_prob, lambda a, k: (a - k).sum(1)])
def test_an_unknown_count_is_a_nan_loss_of_that_question_alone(
    functional: object, bad: float
) -> None:
    assert callable(functional)
    inputs, targets = galaxies()
    loss = CustomMultiQuestionLoss(PAIRS, functional)
    expected = loss(inputs, targets)
    targets["bar_none"] = targets["bar_none"].double()
    targets["bar_none"][2] = bad
    inputs.requires_grad_()
    losses = loss(inputs, targets)
    losses.nansum().backward()
    expected[2, 1] = math.nan
    torch.testing.assert_close(losses, expected, rtol=0, atol=0, equal_nan=True)
    assert inputs.grad is not None
    assert inputs.grad.isfinite().all()


def test_a_negative_count_is_a_nan_loss() -> None:
    inputs, targets = galaxies()
    targets["bar_none"][2] = -1
    losses = get_dirichlet_loss_func(PAIRS)(inputs, targets)
    assert losses.isnan().nonzero().tolist() == [[2, 1]]


def test_careful_is_deprecated() -> None:
    with pytest.raises(AssertionError, match="deprecated"):
        CustomMultiQuestionLoss(PAIRS, get_dirichlet_neg_log_prob, careful=True)


def test_missing_columns_are_named() -> None:
    inputs, targets = galaxies()
    del targets["bar_strong"], targets["smooth_no"]
    message = "lack 2 of 5 answer columns: 'smooth_no', 'bar_strong'. They have 'smooth_yes'"
    with pytest.raises(DataError, match=re.escape(message)):
        get_dirichlet_loss_func(PAIRS)(inputs, targets)
    with pytest.raises(DataError, match=r"lack 5 of 5 .* They have none"):
        get_dirichlet_loss_func(PAIRS)(inputs, {})


@pytest.mark.parametrize("shape", [(7, 4), (7, 6), (5,), (7, 5, 1)])
def test_a_wrong_number_of_inputs_is_counted(shape: tuple[int, ...]) -> None:
    _, targets = galaxies()
    with pytest.raises(DataError, match=re.escape("(batch, 5), one column per answer")):
        get_dirichlet_loss_func(PAIRS)(torch.ones(shape), targets)


@pytest.mark.parametrize("shape", [(6,), (7, 1), (1,), ()])
def test_a_target_of_another_shape_is_named(shape: tuple[int, ...]) -> None:
    inputs, targets = galaxies()
    targets["bar_strong"] = torch.ones(shape)
    with pytest.raises(DataError, match=r"'bar_strong' must have shape \(7,\)"):
        get_dirichlet_loss_func(PAIRS)(inputs, targets)


@pytest.mark.parametrize("device", DEVICES)
def test_devices_agree(device: str) -> None:
    inputs, targets = galaxies()
    there = get_dirichlet_loss_func(PAIRS)(*galaxies(device))
    assert there.device.type == device
    here = get_dirichlet_loss_func(PAIRS)(inputs, targets)
    torch.testing.assert_close(there.cpu(), here, rtol=0, atol=1e-9)


def test_is_a_module_without_state_that_pickles() -> None:
    loss = get_dirichlet_loss_func(PAIRS)
    assert isinstance(loss, torch.nn.Module)
    assert not loss.state_dict()
    inputs, targets = galaxies()
    assert torch.equal(pickle.loads(pickle.dumps(loss))(inputs, targets), loss(inputs, targets))
