"""The Dirichlet-multinomial losses of a whole decision tree as one operation of torch.

`zoocli::dirichlet_losses` gives the losses together with their gradients: on the CPU by a compiled
loop (`kernels.dirichlet_gradient`), on other devices by torch's own operations over all answers and
questions at once. It works under autograd, `torch.compile`, `torch.func.vmap` and autocast. Second
derivatives take torch's operations on any device.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import torch

from zoocli.losses.shapes import like_input
from zoocli.losses.stirling import LARGE, log_rising_binomial

ROWS_OF_A_THREAD = 1024  # fewer are done sooner than a thread is started
WITHOUT_FLOAT64 = ("mps",)


def tree_losses(inputs: torch.Tensor, counts: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """(batch, questions), in nats: see `zoocli.losses.dirichlet` for the formula.

    `inputs` (batch, answers), the concentrations; `counts` the votes, int64 of the same shape,
    negative where one is not known, which makes the loss of its question NaN; `sizes` the number of
    answers of each question. In the dtype and on the device of the inputs, computed in float64: on
    the CPU for a device that has no float64.
    """
    device = inputs.device if inputs.device.type not in WITHOUT_FLOAT64 else torch.device("cpu")
    losses, _ = dirichlet_losses(inputs.to(device).double(), counts.to(device), list(sizes))
    return like_input(losses.to(inputs.device), inputs)


SCHEMA = "(Tensor concentrations, Tensor counts, int[] sizes) -> (Tensor, Tensor)"


@torch.library.custom_op("zoocli::dirichlet_losses", mutates_args=(), schema=SCHEMA)
def dirichlet_losses(
    concentrations: torch.Tensor, counts: torch.Tensor, sizes: list[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The losses (batch, questions) and their gradients (batch, answers)."""
    if concentrations.device.type != "cpu":
        return by_torch(concentrations, counts, sizes)
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
        _, gradients = by_torch(concentrations, counts, ctx.sizes)
    known = torch.where(losses.isnan(), 0.0, upstream)  # of a NaN loss upstream may be NaN as well
    return known[:, _question_of(ctx.sizes, upstream.device)] * gradients, None, None


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


def by_torch(
    concentrations: torch.Tensor, counts: torch.Tensor, sizes: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses and gradients by torch's own operations, on any device with float64.

    Concentrations and votes stand beside their sums, so that each operation serves both. From LARGE
    on, Gamma functions are divided by Stirling's formula, whose large terms cancel on paper; below,
    lgamma itself is precise enough. Torch can differentiate the gradients again.
    """
    question_of = _question_of(sizes, concentrations.device)
    questions = torch.arange(len(sizes), device=concentrations.device)
    membership = (question_of[:, None] == questions).double()  # (answers, questions)
    possible = (concentrations > 0) & concentrations.isfinite() & (counts >= 0)
    totals = torch.where(possible, concentrations, 1.0) @ membership
    valid = ((~possible).double() @ membership == 0) & totals.isfinite()
    of_answers = valid[:, question_of]
    a = torch.where(of_answers, concentrations, 1.0)
    k = torch.where(of_answers, counts, 0).double()
    votes = k @ membership
    x = torch.cat([a, torch.where(valid, totals, 1.0)], 1)
    n = torch.cat([k, votes], 1)

    of_question, slope = log_rising_binomial(x, n), _slope(x, n)
    answers = a.shape[1]
    losses = of_question[:, answers:] - of_question[:, :answers] @ membership
    gradients = slope[:, answers:][:, question_of] - slope[:, :answers]
    voted = votes > 0
    return (
        torch.where(valid, torch.where(voted, losses, 0.0), torch.nan),
        torch.where(voted[:, question_of], gradients, 0.0),
    )


def _question_of(sizes: Sequence[int], device: torch.device) -> torch.Tensor:
    """(answers,) the place of each answer's question."""
    places = [place for place, size in enumerate(sizes) for _ in range(size)]
    return torch.tensor(places, device=device)


def _slope(x: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
    """Its derivative in x: digamma(x + n) - digamma(x)."""
    small, large = x.clamp(max=LARGE), x.clamp(min=LARGE)
    inverse, later = 1 / large, 1 / (large + n)
    far = torch.log1p(n * inverse) - (later - inverse) / 2 - (later**2 - inverse**2) / 12
    near = torch.digamma(small + n) - torch.digamma(small)
    return torch.where(x > LARGE, far, near)
