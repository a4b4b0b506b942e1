"""Where the losses of a batch are computed: compiled CPU loops, or torch on any device."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zoocli.errors import MachineError, UsageError
from zoocli.foundation.resources import use_one_torch_thread
from zoocli.losses.dirichlet import get_dirichlet_neg_log_prob
from zoocli.losses.loss import Loss
from zoocli.matching.index import RowArray
from zoocli.runs.options.score import ScoreOptions

if TYPE_CHECKING:
    import torch

Losses = tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]
TreeLosses = Callable[[Sequence[Any], RowArray, npt.NDArray[Any], RowArray], Losses]


def tree_backend(loss: Loss, options: ScoreOptions, slices: Sequence[slice]) -> TreeLosses:
    """The function (columns, rows, counts, rows of counts) -> losses and totals, per question."""
    if choose_backend(loss, options) == "numba":
        return _numba_losses(loss, slices)
    return _torch_losses(loss, torch_device(options.device), slices)


def make_ready(loss: Loss, options: ScoreOptions) -> None:
    """Compiles or loads the loop in a thread, while the inputs are being read."""
    if choose_backend(loss, options) == "numba":
        Thread(target=_warm_up, args=(loss,), daemon=True).start()


def _warm_up(loss: Loss) -> None:
    """Calls the loop for no galaxies, with the usual types of concentrations and votes.

    If that fails, so does the first real call, which reports it.
    """
    with contextlib.suppress(Exception):
        nothing = np.empty(0, np.int32)
        losses = _numba_losses(loss, [slice(0, 1)])
        losses([np.empty(0, np.float32)], nothing, np.empty((0, 1), np.uint8), nothing)


def choose_backend(loss: Loss, options: ScoreOptions) -> str:
    """`numba` where the loss has a compiled loop and runs on the CPU, unless torch is asked for.

    Raises UsageError where numba is asked for but cannot be used.
    """
    on_cpu = options.device in ("auto", "cpu")
    has_kernel = loss.kernel is not None
    if options.backend == "numba" and not (has_kernel and on_cpu):
        why = "runs on the CPU only" if has_kernel else f"has no loop for the loss '{loss.name}'"
        raise UsageError(f"«backend=numba» {why}. Leave it out, or use «backend=torch».")
    if options.backend == "auto":
        return "numba" if has_kernel and on_cpu else "torch"
    return options.backend


def torch_device(name: str) -> torch.device:
    """The device by its name; `auto` is the CPU.

    Raises UsageError for other names, MachineError where the device is absent.
    """
    import torch

    try:
        device = torch.device("cpu" if name == "auto" else name)
    except RuntimeError:
        raise UsageError(f"«device» is auto, cpu, cuda or cuda:N; not '{name}'.") from None
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"«device» is auto, cpu, cuda or cuda:N; not '{name}'.")
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise MachineError(
                f"The device '{name}' does not exist: torch can use {count} CUDA devices on this "
                "machine. Run with «device=cpu»."
            )
    return device


def _numba_losses(loss: Loss, slices: Sequence[slice]) -> TreeLosses:
    assert loss.kernel is not None  # `choose_backend` looked
    kernel = import_module(loss.kernel)
    starts = np.array([part.start for part in slices] + [slices[-1].stop])

    def losses(
        columns: Sequence[Any], rows: RowArray, counts: npt.NDArray[Any], count_rows: RowArray
    ) -> Losses:
        addresses = np.array([column.ctypes.data for column in columns], np.uint64)
        out = np.empty((len(slices), len(rows)))
        totals = np.empty((len(slices), len(rows)), np.int32)
        kernel.question_losses(
            addresses,
            columns[0][:0],
            rows,
            counts,
            count_rows,
            starts,
            out,
            totals,
            kernel.scratch(starts),
        )
        return out, totals

    return losses


def _torch_losses(loss: Loss, device: torch.device, slices: Sequence[slice]) -> TreeLosses:
    import torch

    from zoocli.losses.tree_dirichlet import tree_losses

    use_one_torch_thread()
    sizes = [part.stop - part.start for part in slices]

    def losses(
        columns: Sequence[Any], rows: RowArray, counts: npt.NDArray[Any], count_rows: RowArray
    ) -> Losses:
        chosen = np.stack([column[rows] for column in columns], axis=1).astype(np.float64)
        concentrations = torch.from_numpy(chosen).to(device)
        votes = torch.from_numpy(counts[count_rows].astype(np.int64)).to(device)
        if loss.function is get_dirichlet_neg_log_prob:
            out = tree_losses(concentrations, votes, sizes).T
        else:
            parts = [loss.function(concentrations[:, part], votes[:, part]) for part in slices]
            out = torch.stack(parts)
        totals = torch.stack([votes[:, part].sum(dim=1) for part in slices])
        return out.cpu().numpy(), totals.to(torch.int32).cpu().numpy()

    return losses
