"""Mean losses of classifiers and regressors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from zoocli.errors import DataError, UsageError
from zoocli.losses import find_loss
from zoocli.metrics.loss_sums import LossSums
from zoocli.schema import Levels


class MeanLoss(LossSums):
    """The mean over galaxies of a loss without a decision tree, by the loss's name.

    `options` are keyword arguments of the loss. `update(y_pred, y)` takes the loss's arguments and
    computes in float64; a galaxy's loss is the mean over its values where it has several. With
    `targets`, the names of the columns of (batch, targets), each column also has its own mean.

    `compute()` gives `loss` and one `target/<name>` per target, in the loss's unit (nats for the
    cross-entropy), or nothing before the first galaxy; `to_summary()` gives every statistic as
    `zoocli score` does. NaN losses are omitted. Raises UsageError for a loss that does not exist
    or needs a tree, DataError for shapes that do not fit.

    >>> metric = MeanLoss("l1", targets=["mass", "size"])
    >>> metric.update(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.zeros(2, 2))
    >>> {name: value.item() for name, value in metric.compute().items()}
    {'loss': 2.5, 'target/mass': 2.0, 'target/size': 3.0}
    """

    member_prefix = "target"

    def __init__(
        self,
        loss: str,
        options: Mapping[str, Any] | None = None,
        targets: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        chosen = find_loss(loss)
        if chosen.scores == "tree":
            raise UsageError(
                f"The loss '{chosen.name}' scores a decision tree: use MultiQuestionLossMetric."
            )
        levels = Levels({}, tuple(targets))
        super().__init__(levels, loss=chosen.name, schema=None, count_votes=False, **kwargs)
        self.options = dict(options or {})

    def update(self, y_pred: torch.Tensor, y: torch.Tensor) -> None:
        """Adds a batch of galaxies; see the class."""
        function = find_loss(self.loss_name).function
        losses = function(y_pred.detach().double(), y, **self.options)
        targets = self.levels.questions
        if targets and losses.shape != (len(losses), len(targets)):
            raise DataError(
                f"There are {len(targets)} targets, so the predictions must have shape (batch, "
                f"{len(targets)}), but the losses have shape {tuple(losses.shape)}."
            )
        loss = losses.flatten(1).mean(1) if losses.ndim > 1 else losses
        self.add(torch.cat([loss[:, None], losses], 1) if targets else loss[:, None], None)


class CrossEntropyMetric(MeanLoss):
    """The mean of `cross_entropy_loss` over galaxies, in nats.

    `update(y_pred, y)` takes logits (batch, classes) and class numbers (batch,). With `weight` this
    is the plain mean of the weighted losses, as Zoobot logs, not divided by the weights.

    >>> metric = CrossEntropyMetric()
    >>> metric.update(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
    >>> metric.compute()
    {'loss': tensor(0.6931, dtype=torch.float64)}
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        weight: torch.Tensor | Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        options = {"label_smoothing": label_smoothing, "weight": weight}
        super().__init__("cross-entropy", options, **kwargs)


class MSEMetric(MeanLoss):
    """The mean of `mse_loss` over galaxies; see `MeanLoss` for `targets`.

    >>> metric = MSEMetric()
    >>> metric.update(torch.tensor([1.0, 4.0]), torch.tensor([0.0, 2.0]))
    >>> metric.compute()
    {'loss': tensor(2.5000, dtype=torch.float64)}
    """

    def __init__(self, targets: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__("mse", targets=targets, **kwargs)


class L1Metric(MeanLoss):
    """The mean of `l1_loss` over galaxies; see `MeanLoss` for `targets`.

    >>> metric = L1Metric()
    >>> metric.update(torch.tensor([1.0, 4.0]), torch.tensor([0.0, 2.0]))
    >>> metric.compute()
    {'loss': tensor(1.5000, dtype=torch.float64)}
    """

    def __init__(self, targets: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__("l1", targets=targets, **kwargs)
