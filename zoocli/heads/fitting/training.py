"""Training a head: the best constant prediction first, then Adam, until it improves no more."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zoocli.errors import UsageError
from zoocli.heads.activations import ACTIVATIONS
from zoocli.heads.fitting.data import Data, Galaxies
from zoocli.heads.fitting.targets import Objective
from zoocli.heads.linear_head import LinearHead
from zoocli.runs.options.fit import FitOptions
from zoocli.schema import Levels
from zoocli.scoring.scorers.backends import torch_device
from zoocli.scoring.sums import Statistics, Sums

Progress = Callable[[int, int | None], None]
EVALUATED = 8192  # galaxies at once, where no gradient is needed
MOST_FOR_CONSTANT = 16_384  # galaxies whose best constant is as good as that of more
STEEP = 4.0
NEARLY_CONSTANT = 1e-6  # of a feature's size: less than that is rounding


@dataclass(frozen=True)
class Scaling:
    """The units of features and outputs while the head is trained.

    A feature is divided by its standard deviation, and `middle` is its `mean` in that unit; a
    constant feature becomes 0. Outputs are `unit` times the layer's, plus `origin`.
    """

    mean: npt.NDArray[np.float64]
    factor: npt.NDArray[np.float64]
    middle: npt.NDArray[np.float64]
    unit: npt.NDArray[np.float64]
    origin: npt.NDArray[np.float64]

    @classmethod
    def of(cls, galaxies: Galaxies, objective: Objective) -> Scaling:
        """From the galaxies that the head learns from."""
        mean, spread = _moments(galaxies.features)
        varies = spread > NEARLY_CONSTANT * np.abs(mean)
        factor = np.divide(1.0, spread, out=np.zeros_like(spread), where=varies)
        return cls(mean, factor, mean * factor, *objective.scale(galaxies.held))

    def folded(self, head: LinearHead, activation: str) -> LinearHead:
        """The same head for features and outputs as they are: a plain linear layer again."""
        weight, bias = (one.detach().cpu().double().numpy() for one in head.linear.parameters())
        scaled = self.unit[:, None] * weight
        plain = LinearHead(head.input_dim, head.output_dim, head.dropout.p, ACTIVATIONS[activation])
        with torch.no_grad():
            plain.linear.weight.copy_(torch.from_numpy(scaled * self.factor))
            shifted = self.unit * bias + self.origin - scaled @ self.middle
            plain.linear.bias.copy_(torch.from_numpy(shifted))
        return plain.eval()


def _moments(features: npt.NDArray[np.float32]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Mean and standard deviation of every feature, in float64 and in little memory."""
    blocks = [features[start : start + EVALUATED] for start in range(0, len(features), EVALUATED)]
    mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(features)
    squares = sum(np.square(block - mean).sum(axis=0) for block in blocks)
    return np.asarray(mean), np.sqrt(squares / len(features))


@dataclass(frozen=True)
class Trained:
    """A trained head for features as they are, after the best of `epochs` epochs.

    `feature_means`: what dropout put in place of dropped features. `best_epoch` is 0 where the
    features did not help, and the head predicts a constant. `constant`
    and `learned` are the statistics of the galaxies held out (where there are none, of those
    learned from): overall, then of each question or target.
    """

    head: LinearHead
    feature_means: npt.NDArray[np.float64]
    epochs: int
    best_epoch: int
    training_loss: float
    constant: list[Statistics]
    learned: list[Statistics]


class Trainer:
    """Trains a linear head on galaxies in memory; the features are rescaled in place."""

    def __init__(self, data: Data, options: FitOptions) -> None:
        self._data = data
        self._objective = data.objective
        self._options = options
        self._device = torch_device(options.device)
        self._scaling = Scaling.of(data.training, data.objective)
        for galaxies in (data.training, data.held_out):
            np.multiply(
                galaxies.features, self._scaling.factor, out=galaxies.features, casting="same_kind"
            )
        self._middle, self._unit, self._origin = (
            torch.tensor(one, dtype=torch.float32, device=self._device)
            for one in (self._scaling.middle, self._scaling.unit, self._scaling.origin)
        )
        self._watched = data.held_out if len(data.held_out) else data.training

    def run(self, progress: Progress) -> Trained:
        """Trains until the loss of held-out galaxies improves no more; returns the best head."""
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices), torch.no_grad():
            torch.manual_seed(self._options.seed)
            self._begin()
            constant, without = self._statistics(self._watched), self._state()
            # Where a sigmoid is all but 0 or 1 it has no slope, and nothing would be learned.
            self._head.linear.bias.clamp_(-STEEP, STEEP)
            epochs, best_epoch = self._train(progress)
            learned = self._statistics(self._watched)
            if learned[0].sum >= constant[0].sum:
                self._head.load_state_dict(without)
                learned, best_epoch = constant, 0
            return Trained(
                self._scaling.folded(self._head, self._objective.activation),
                self._scaling.mean,
                epochs,
                best_epoch,
                self._mean(self._data.training),
                constant,
                learned,
            )

    def _begin(self) -> None:
        """The best constant prediction, as a head whose weights are 0."""
        self._head = LinearHead(len(self._middle), len(self._unit), self._options.dropout)
        self._head.linear.weight.zero_()
        self._head.linear.bias.copy_(self._best_constant())
        self._head.to(self._device)

    def _state(self) -> dict[str, Any]:
        return deepcopy(self._head.state_dict())

    def _train(self, progress: Progress) -> tuple[int, int]:
        options = self._options
        optimizer = torch.optim.Adam(
            self._head.parameters(), options.learning_rate, weight_decay=options.weight_decay
        )
        random = np.random.default_rng(options.seed)
        best, best_epoch = self._mean(self._watched), 0
        state = self._state()
        epoch = 0
        while epoch < options.epochs and epoch - best_epoch < options.patience:
            epoch += 1
            self._learn(optimizer, random.permutation(len(self._data.training)))
            mean = self._mean(self._watched)
            if mean < best or not len(self._data.held_out):
                best, best_epoch, state = mean, epoch, self._state()
            progress(epoch, options.epochs)
        self._head.load_state_dict(state)
        return epoch, best_epoch

    @torch.enable_grad()
    def _learn(self, optimizer: torch.optim.Optimizer, order: npt.NDArray[np.int64]) -> None:
        """One epoch: every galaxy once, in the order given."""
        self._head.train()
        for start in range(0, len(order), self._options.batch_size):
            rows = order[start : start + self._options.batch_size]
            optimizer.zero_grad()
            losses = self._losses(self._data.training, rows)
            self._objective.of_galaxies(losses).mean().backward()
            optimizer.step()
        self._head.eval()

    def _losses(self, galaxies: Galaxies, rows: Any) -> torch.Tensor:
        """(galaxies, parts) in float64.

        Dropout acts on centred features, so that a dropped one takes its mean. Zero may be far from
        all of its values, and would tell the head something that no galaxy does.
        """
        features = torch.from_numpy(galaxies.features[rows]).to(self._device)
        held = torch.from_numpy(galaxies.held[rows]).to(self._device)
        raw = self._head.linear(self._head.dropout(features - self._middle))
        losses = self._objective.losses((raw * self._unit + self._origin).double(), held)
        if not losses.isfinite().all():
            raise UsageError(
                "The loss became infinite: the steps are too long. Choose a smaller "
                f"«learning_rate» than {self._options.learning_rate}."
            )
        return losses

    def _evaluated(self, galaxies: Galaxies) -> Iterator[tuple[slice, torch.Tensor]]:
        self._head.eval()
        for start in range(0, len(galaxies), EVALUATED):
            rows = slice(start, start + EVALUATED)
            yield rows, self._losses(galaxies, rows)

    def _mean(self, galaxies: Galaxies) -> float:
        """The mean loss of a galaxy."""
        totals = (
            float(self._objective.of_galaxies(losses).sum())
            for _, losses in self._evaluated(galaxies)
        )
        return math.fsum(totals) / len(galaxies)

    def _statistics(self, galaxies: Galaxies) -> list[Statistics]:
        levels = Levels({}, self._objective.parts)
        sums = Sums.zeros(len(levels))
        for rows, losses in self._evaluated(galaxies):
            whole = self._objective.of_galaxies(losses).cpu().numpy()
            parts = losses.T.cpu().numpy() if levels.questions else np.empty((0, len(whole)))
            sums.add_batch(levels, whole, parts, self._objective.votes(galaxies.held[rows]))
        return list(sums.statistics())

    def _best_constant(self) -> torch.Tensor:
        """The bias that is best without any features, the same for all galaxies."""
        held = torch.from_numpy(self._data.training.held[:MOST_FOR_CONSTANT]).to(self._device)
        bias = torch.full_like(self._unit, self._objective.first_bias, dtype=torch.float64)
        bias.requires_grad_()
        optimizer = torch.optim.LBFGS([bias], max_iter=100, line_search_fn="strong_wolfe")

        @torch.enable_grad()
        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            outputs = (bias * self._unit + self._origin).expand(len(held), -1)
            loss = self._objective.of_galaxies(self._objective.losses(outputs, held)).mean()
            loss.backward()
            return loss

        optimizer.step(closure)
        return bias.detach().cpu()
