"""The loss of a decision tree, averaged while a model trains or is tested."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torchmetrics import MetricCollection

from zoocli.errors import DataError, UsageError
from zoocli.losses import find_loss, get_dirichlet_neg_log_prob, loss_names
from zoocli.losses.multi_question import CustomMultiQuestionLoss, QuestionLoss
from zoocli.metrics.loss_sums import LossSums
from zoocli.schema import Levels, Schema


class MultiQuestionLossMetric(LossSums):
    """Mean losses of a decision tree: overall, per campaign and per question.

    `schema` is a `Schema`, or Zoobot's question_answer_pairs (then all questions are one campaign,
    "all"). `update(inputs, targets)` takes what `CustomMultiQuestionLoss` takes: inputs (batch,
    answers) and a dict from answer column to (batch,) votes (or one tensor of them); the loss is
    computed in float64, or given where the training step has it already. A galaxy's loss, and that
    of a campaign, is the sum over its questions.

    `compute()` gives `loss` (over galaxies with a vote), `loss_all` (over all), `campaign/<name>`
    and `question/<name>` (over galaxies with a vote there) in the loss's unit (nats by default),
    without means over no galaxies; `to_summary()` gives every statistic as `zoocli score` does. A
    loss that is NaN (an impossible concentration, a missing count) does not enter the means of its
    question, its campaign and overall.

    `of` names one of these means, which `compute()` then gives alone, NaN over no galaxies: for
    `self.log` of Lightning, which takes metrics of one number. `collection()` has all of them.

    Raises DataError for missing answer columns and shapes that do not fit, UsageError for an `of`
    that is none of its means. After Walmsley et al.
    2022, MNRAS 509, 3966, eq. 6-7.

    >>> metric = MultiQuestionLossMetric({"bar": ["_yes", "_no"]})
    >>> votes = {"bar_yes": torch.tensor([3, 0]), "bar_no": torch.tensor([1, 0])}
    >>> metric.update(torch.tensor([[1.0, 1.0], [20.0, 5.0]]), votes)
    >>> {name: round(value.item(), 4) for name, value in metric.compute().items()}
    {'loss': 1.6094, 'campaign/all': 1.6094, 'question/bar': 1.6094, 'loss_all': 0.8047}
    >>> one = MultiQuestionLossMetric({"bar": ["_yes", "_no"]}, of="loss_all")
    >>> round(one(torch.tensor([[1.0, 1.0], [20.0, 5.0]]), votes).item(), 4)
    0.8047
    """

    def __init__(
        self,
        schema: Schema | Mapping[str, Sequence[str]],
        question_functional_loss: QuestionLoss = get_dirichlet_neg_log_prob,
        of: str | None = None,
        **kwargs: Any,
    ) -> None:
        tree = schema if isinstance(schema, Schema) else None
        pairs = schema.question_answer_pairs if isinstance(schema, Schema) else dict(schema)
        campaigns = tree.campaigns if tree else {"all": tuple(range(len(pairs)))}
        super().__init__(
            Levels(campaigns, tuple(pairs)),
            loss=_name(question_functional_loss),
            schema=tree.name if tree else None,
            count_votes=True,
            **kwargs,
        )
        self.multi_question_loss = CustomMultiQuestionLoss(pairs, question_functional_loss)
        if of is not None and of not in self.names:
            raise UsageError(f"There is no mean '{of}'. Choose one of {', '.join(self.names)}.")
        self.of = of

    @property
    def names(self) -> list[str]:
        """What its means are called."""
        return [*self._keys(), "loss_all"]

    def compute(self) -> dict[str, torch.Tensor] | torch.Tensor:  # type: ignore[override]
        """The means by name, those over no galaxies omitted; or the one that it is `of`."""
        found = super().compute()
        if self.of is None:
            return found
        return found.get(self.of, torch.full_like(self.sum[0], torch.nan))

    def collection(self, prefix: str | None = None) -> MetricCollection:
        """A metric of one number for each of its means, under their names after the prefix.

        They share their sums, so that each batch is added once. In Lightning, `update` it in each
        step and give it to `self.log_dict`. Names have `_` for dots, which no module may have.
        """
        each = {}
        for name in self.names:
            one = copy.deepcopy(self)
            one.of = name
            each[name.replace(".", "_")] = one
        return MetricCollection(
            cast(Any, each), prefix=prefix, compute_groups=cast(Any, [list(each)])
        )

    def update(
        self,
        inputs: torch.Tensor,
        targets: Mapping[str, torch.Tensor] | torch.Tensor,
        losses: torch.Tensor | None = None,
    ) -> None:
        """Adds a batch of galaxies; see the class.

        `losses` (batch, questions): where the training step has computed them already.
        """
        if losses is None:
            losses = self.multi_question_loss(inputs.detach().double(), targets)
        elif losses.shape != (len(inputs), len(self.levels.questions)):
            raise DataError(
                f"The losses must have shape ({len(inputs)}, {len(self.levels.questions)}), one "
                f"per galaxy and question, but have shape {tuple(losses.shape)}."
            )
        counts, _ = self.multi_question_loss.counts(inputs, targets)
        sizes = [len(a) for a in self.multi_question_loss.question_answer_pairs.values()]
        votes = torch.stack([part.sum(1) for part in counts.split(sizes, 1)], dim=1)
        self.add(self._of_levels(losses), self._of_levels(votes))

    def _of_levels(self, values: torch.Tensor) -> torch.Tensor:
        """From (batch, questions) to (batch, levels): overall, campaigns, questions."""
        campaigns = [values[:, list(chosen)].sum(1) for chosen in self.levels.campaigns.values()]
        return torch.cat([torch.stack([values.sum(1), *campaigns], dim=1), values], dim=1)


def _name(function: QuestionLoss) -> str:
    """The loss's name on the command line, or the function's own where it has none there."""
    for name in loss_names():
        if find_loss(name).function is function:
            return name
    return str(getattr(function, "__name__", type(function).__name__))
