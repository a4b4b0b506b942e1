"""The Dirichlet-multinomial negative log-likelihood of a question's votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoocli.losses.loss import Loss
from zoocli.losses.shapes import like_input, require_same_shape

if TYPE_CHECKING:
    import torch

    from zoocli.losses.multi_question import CustomMultiQuestionLoss


def get_dirichlet_neg_log_prob(
    concentrations_for_q: torch.Tensor, labels_for_q: torch.Tensor
) -> torch.Tensor:
    """The negative log-likelihood of the votes for one question, per galaxy, in nats.

    With concentrations a_1..a_K (sum A) and votes k_1..k_K (sum n), multinomial coefficient
    included (Walmsley et al. 2022, MNRAS 509, 3966, eq. 6-7):

        loss = -[ ln n! + lnG(A) - lnG(n + A) + sum_j ( lnG(k_j + a_j) - lnG(a_j) - ln k_j! ) ]

    Takes concentrations and votes of shape (batch, answers) on any device that has float64 and
    returns (batch,). Computed in float64 (error below 1e-10 for concentrations up to 101 and 200
    votes, below 1e-9 from 1e-3 to 1e6 and 10,000 votes), returned in the concentrations' dtype.
    Floating-point votes are truncated to whole numbers.

    Without votes the loss and its gradient are exactly 0. The loss is NaN, votes or not, where no
    likelihood exists: a concentration that is NaN, infinite, zero or negative, or whose sum
    overflows; a count that is negative, NaN or infinite. The gradient is 0 there.

    Raises DataError where the shapes differ.

    >>> import torch
    >>> concentrations = torch.tensor([[3.0, 4.0, 5.0]], dtype=torch.float64)
    >>> get_dirichlet_neg_log_prob(concentrations, torch.tensor([[1, 2, 3]]))
    tensor([2.4670], dtype=torch.float64)
    """
    import torch

    from zoocli.losses.multi_question import whole_counts
    from zoocli.losses.stirling import log_rising_binomial

    require_same_shape(concentrations_for_q, labels_for_q, ("concentrations_for_q", "labels_for_q"))
    a = concentrations_for_q.double()
    counts, known = whole_counts(labels_for_q)
    possible = (a > 0) & a.isfinite() & known & (counts >= 0)
    valid = possible.all(-1) & a.sum(-1).isfinite()
    # Without a likelihood the votes become 0: then neither value nor gradient depends on the
    # concentrations.
    k = torch.where(valid.unsqueeze(-1), counts, 0).double()
    loss = log_rising_binomial(a.sum(-1), k.sum(-1)) - log_rising_binomial(a, k).sum(-1)
    return like_input(torch.where(valid, loss, torch.nan), concentrations_for_q)


def get_dirichlet_loss_func(
    question_answer_pairs: Mapping[str, Sequence[str]],
) -> CustomMultiQuestionLoss:
    """The Dirichlet-multinomial loss of every question of a decision tree.

    Returns a callable `(inputs, targets) -> (batch, questions)` in nats: `inputs` (batch, answers)
    holds the concentrations in the order of `question_answer_pairs`, `targets` maps each answer's
    column (question + suffix) to its (batch,) votes. See `get_dirichlet_neg_log_prob` for the
    formula, NaN and precision, and `CustomMultiQuestionLoss` for the errors raised.

    >>> import torch
    >>> loss = get_dirichlet_loss_func({"bar": ["_yes", "_no"]})
    >>> votes = {"bar_yes": torch.tensor([3, 0]), "bar_no": torch.tensor([1, 0])}
    >>> loss(torch.tensor([[1.0, 1.0], [20.0, 5.0]]), votes)
    tensor([[1.6094],
            [0.0000]])
    """
    from zoocli.losses.multi_question import CustomMultiQuestionLoss

    return CustomMultiQuestionLoss(
        question_answer_pairs=question_answer_pairs,
        question_functional_loss=get_dirichlet_neg_log_prob,
    )


LOSS = Loss(
    name="dirichlet",
    scores="tree",
    function=get_dirichlet_neg_log_prob,
    unit="nats",
    kernel="zoocli.foundation.kernels.dirichlet",
)
