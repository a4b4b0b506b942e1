"""One loss for each question of a decision tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from zoocli.errors import DataError, some
from zoocli.losses.dirichlet import get_dirichlet_neg_log_prob
from zoocli.losses.shapes import require_same_shape
from zoocli.losses.tree_dirichlet import tree_losses

QuestionLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
LARGEST_COUNT = 2**53  # beyond, float64 does not represent all whole numbers


class CustomMultiQuestionLoss(torch.nn.Module):
    """Applies a loss for one question to each question of a decision tree.

    Calling it takes `inputs` (batch, answers), in the order of `question_answer_pairs`, and
    `targets`, a mapping from answer column (question + suffix) to a (batch,) tensor of counts;
    other columns in it are ignored. Or one tensor (batch, answers) in the same order as the inputs,
    which saves the stacking. It returns (batch, questions), or (batch,) with
    `sum_over_questions`, in the unit of `question_functional_loss` (nats for the Dirichlet loss).

    `question_functional_loss` takes a question's (batch, its answers) inputs and its counts as
    int64 of the same shape, and returns (batch,). Float counts are truncated to whole numbers; a
    count that is NaN or infinite makes that galaxy's loss for the question NaN.

    Raises DataError for missing answer columns and shapes that do not fit, AssertionError for
    `careful=True`, which is deprecated. Used for galaxies in Walmsley et al. 2022, MNRAS 509, 3966.

    >>> def wrong_votes(predictions, votes):
    ...     return (predictions - votes).abs().sum(1)
    >>> loss = CustomMultiQuestionLoss({"bar": ["_yes", "_no"]}, wrong_votes)
    >>> votes = {"bar_yes": torch.tensor([3]), "bar_no": torch.tensor([1])}
    >>> loss(torch.tensor([[2.0, 2.0]]), votes)
    tensor([[2.]])
    """

    def __init__(
        self,
        question_answer_pairs: Mapping[str, Sequence[str]],
        question_functional_loss: QuestionLoss,
        careful: bool = False,
        sum_over_questions: bool = False,
    ) -> None:
        super().__init__()
        if careful:
            raise AssertionError("careful=True is deprecated: leave it out.")
        self.question_answer_pairs = question_answer_pairs
        self.question_functional_loss = question_functional_loss
        self.answer_keys = [
            question + answer
            for question, answers in question_answer_pairs.items()
            for answer in answers
        ]
        self.careful = careful
        self.sum_over_questions = sum_over_questions

    def forward(
        self, inputs: torch.Tensor, targets: Mapping[str, torch.Tensor] | torch.Tensor
    ) -> torch.Tensor:
        """The losses, (batch, questions) or (batch,); see the class."""
        sizes = [len(answers) for answers in self.question_answer_pairs.values()]
        if self.question_functional_loss is get_dirichlet_neg_log_prob:
            together = tree_losses(inputs, _marked_counts(self.stacked(inputs, targets)), sizes)
            return together.sum(1) if self.sum_over_questions else together
        counts, known = self.counts(inputs, targets)
        losses = [
            self.question_functional_loss(question_inputs, question_counts).masked_fill(
                ~question_known.all(1), torch.nan
            )
            for question_inputs, question_counts, question_known in zip(
                inputs.split(sizes, 1), counts.split(sizes, 1), known.split(sizes, 1), strict=True
            )
        ]
        stacked = torch.stack(losses, dim=1)
        return stacked.sum(1) if self.sum_over_questions else stacked

    def counts(
        self, inputs: torch.Tensor, targets: Mapping[str, torch.Tensor] | torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The targets as `whole_counts` of (batch, answers), checked against the inputs."""
        return whole_counts(self.stacked(inputs, targets))

    def stacked(
        self, inputs: torch.Tensor, targets: Mapping[str, torch.Tensor] | torch.Tensor
    ) -> torch.Tensor:
        """The targets as they are, (batch, answers), checked against the inputs."""
        answers = len(self.answer_keys)
        if inputs.ndim != 2 or inputs.shape[1] != answers:
            raise DataError(
                f"The inputs must have shape (batch, {answers}), one column per answer, but have "
                f"shape {tuple(inputs.shape)}. Check that the model and the schema agree."
            )
        if isinstance(targets, torch.Tensor):
            require_same_shape(inputs, targets, ("inputs", "targets"))
            return targets
        missing = [key for key in self.answer_keys if key not in targets]
        if missing:
            raise DataError(
                f"The targets lack {len(missing)} of {answers} answer columns: {some(missing)}. "
                f"They have {some(targets) or 'none'}. Load those columns, or choose the schema "
                "that fits the votes."
            )
        for key in self.answer_keys:
            if targets[key].shape != inputs.shape[:1]:
                raise DataError(
                    f"The target '{key}' must have shape ({len(inputs)},), one count per galaxy, "
                    f"but has shape {tuple(targets[key].shape)}."
                )
        return torch.stack([targets[key] for key in self.answer_keys], dim=1)


def _marked_counts(labels: torch.Tensor) -> torch.Tensor:
    """Counts as int64; negative where one is not known."""
    if not labels.is_floating_point():
        return labels.long()
    counts, known = whole_counts(labels)
    return torch.where(known, counts, -1)


def whole_counts(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Counts as int64, truncated towards 0, and whether each is known; same shape as `labels`.

    A count that is NaN, infinite or beyond 2^53 is not known and becomes 0.

    >>> whole_counts(torch.tensor([2.0, torch.nan]))
    (tensor([2, 0]), tensor([ True, False]))
    """
    if not labels.is_floating_point():
        return labels.long(), torch.ones_like(labels, dtype=torch.bool)
    known = labels.abs() < LARGEST_COUNT
    return torch.where(known, labels, 0.0).long(), known
