"""The Dirichlet-multinomial losses of a whole decision tree as one operation of torch.

On the CPU it is `zoocli::dirichlet_losses`, a compiled loop that gives the losses together with
their gradient (`kernels.dirichlet_gradient`); it works under autograd, `torch.compile`,
`torch.func.vmap` and autocast. Second derivatives, and other devices, take torch's own
expressions, over all answers and all questions at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import torch

from zoocli.losses.shapes import like_input
from zoocli.losses.stirling import log_rising_binomial

ROWS_OF_A_THREAD = 1024  # fewer are done sooner than a thread is started


def tree_losses(inputs: torch.Tensor, counts: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """(batch, questions), in nats: see `zoocli.losses.dirichlet` for the formula.

    `inputs` (batch, answers), the concentrations; `counts` the votes, int64 of the same shape,
    negative where one is not known, which makes the loss of its question NaN; `sizes` the number of
    answers of each question. In the dtype of the inputs, computed in float64.
    """
    concentrations = inputs.double()
    if inputs.device.type == "cpu":
        losses, _ = dirichlet_losses(concentrations, counts, list(sizes))
    else:
        losses = expression(concentrations, counts, sizes)
    return like_input(losses, inputs)


@torch.library.custom_op("zoocli::dirichlet_losses", mutates_args=())
def dirichlet_losses(
    concentrations: torch.Tensor, counts: torch.Tensor, sizes: list[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The losses (batch, questions) and their gradients (batch, answers); all on the CPU."""
    from zoocli.foundation.kernels.dirichlet_gradient import losses_and_gradients

    a = np.ascontiguousarray(concentrations.detach().numpy())
    k = np.ascontiguousarray(counts.numpy())
    losses, gradients = np.empty((len(a), len(sizes))), np.empty(a.shape)
    starts = np.array([0, *accumulate(sizes)], np.int64)

    def compute(first: int, stop: int) -> None:
        part = slice(first, stop)
        losses_and_gradients(a[part], k[part], starts, losses[part], gradients[part])

    threads = min(torch.get_num_threads(), len(a) // ROWS_OF_A_THREAD)
    if threads <= 1:
        compute(0, len(a))
    else:
        edges = [len(a) * part // threads for part in range(threads + 1)]
        with ThreadPoolExecutor(threads, "loss") as pool:
            list(pool.map(lambda edge: compute(*edge), pairwise(edges)))
    return torch.from_numpy(losses), torch.from_numpy(gradients)


@dirichlet_losses.register_fake
def _(
    concentrations: torch.Tensor, counts: torch.Tensor, sizes: list[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    losses = concentrations.new_empty((concentrations.shape[0], len(sizes)))
    return losses, torch.empty_like(concentrations)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:
    concentrations, counts, ctx.sizes = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(concentrations, counts, *output)


def _backward(
    ctx: Any, upstream: torch.Tensor | None, _: torch.Tensor | None
) -> tuple[torch.Tensor | None, None, None]:
    if upstream is None:
        return None, None, None
    concentrations, counts, losses, gradients = ctx.saved_tensors
    if torch.is_grad_enabled() and concentrations.requires_grad:  # second derivatives are wanted
        gradients = slope_expression(concentrations, counts, ctx.sizes)
    known = torch.where(losses.isnan(), 0.0, upstream)  # of a NaN loss upstream may be NaN as well
    spread = known.index_select(1, question_of(ctx.sizes, upstream.device))
    return spread * gradients, None, None


dirichlet_losses.register_autograd(_backward, setup_context=_keep)


@dirichlet_losses.register_vmap
def _(
    info: Any,
    in_dims: tuple[int | None, ...],
    concentrations: torch.Tensor,
    counts: torch.Tensor,
    sizes: list[int],
) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[int, int]]:
    batches = [
        tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
        for tensor, dim in zip((concentrations, counts), in_dims, strict=False)
    ]
    flat = [tensor.reshape(-1, tensor.shape[-1]) for tensor in batches]
    losses, gradients = dirichlet_losses(*flat, sizes)
    shape = batches[0].shape[:-1]
    return (losses.reshape(*shape, -1), gradients.reshape(*shape, -1)), (0, 0)


def question_of(sizes: Sequence[int], device: torch.device) -> torch.Tensor:
    """(answers,): the position of each answer's question."""
    places = [place for place, size in enumerate(sizes) for _ in range(size)]
    return torch.tensor(places, device=device)


def expression(
    concentrations: torch.Tensor, counts: torch.Tensor, sizes: Sequence[int]
) -> torch.Tensor:
    """The same losses by torch's own operations, on any device that has float64."""
    a, k, valid = _possible(concentrations, counts, sizes)
    totals, votes = (_summed(values, sizes) for values in (a, k))
    loss = log_rising_binomial(totals, votes) - _summed(log_rising_binomial(a, k), sizes)
    return torch.where(valid, loss, torch.nan)


def slope_expression(
    concentrations: torch.Tensor, counts: torch.Tensor, sizes: Sequence[int]
) -> torch.Tensor:
    """The gradients by torch's own operations, which can be differentiated again."""
    a, k, _ = _possible(concentrations, counts, sizes)
    totals, votes = (_summed(values, sizes) for values in (a, k))
    shared = torch.digamma(totals + votes) - torch.digamma(totals)
    own = torch.digamma(a + k) - torch.digamma(a)
    at = question_of(sizes, a.device)
    return torch.where(votes[:, at] > 0, shared[:, at] - own, 0.0)


def _possible(
    concentrations: torch.Tensor, counts: torch.Tensor, sizes: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Concentrations and votes, 1 and 0 in questions without a likelihood; which have one."""
    wrong = ~((concentrations > 0) & concentrations.isfinite() & (counts >= 0))
    finite = _summed(torch.where(wrong, 1.0, concentrations), sizes).isfinite()
    valid = (_summed(wrong.double(), sizes) == 0) & finite
    of_answers = valid[:, question_of(sizes, valid.device)]
    return (
        torch.where(of_answers, concentrations, 1.0),
        torch.where(of_answers, counts, 0).double(),
        valid,
    )


def _summed(values: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """(batch, questions): the sum over each question's answers."""
    zeros = values.new_zeros((len(values), len(sizes)))
    return zeros.index_add(1, question_of(sizes, values.device), values)
