"""Losses: one file each, unreduced, differentiable, under the names that Zoobot users know.

A file defines its public function and `LOSS`, which says how the command line uses it. The file's
name is the loss's name there, and the files are found by themselves. Nothing here imports torch
before a loss is computed.
"""

from __future__ import annotations

import difflib
import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoocli.errors import UsageError
from zoocli.losses.cross_entropy import cross_entropy_loss
from zoocli.losses.dirichlet import get_dirichlet_loss_func, get_dirichlet_neg_log_prob
from zoocli.losses.l1 import l1_loss
from zoocli.losses.loss import Loss
from zoocli.losses.mse import mse_loss

if TYPE_CHECKING:
    from zoocli.losses.multi_question import CustomMultiQuestionLoss

__all__ = [
    "CustomMultiQuestionLoss",
    "Loss",
    "cross_entropy_loss",
    "find_loss",
    "get_dirichlet_loss_func",
    "get_dirichlet_neg_log_prob",
    "l1_loss",
    "loss_names",
    "mse_loss",
]

HELPERS = frozenset({"loss", "multi_question", "shapes", "stirling"})  # files that are no loss


def __getattr__(name: str) -> Any:
    """Imports the nn.Module, and torch with it, when it is asked for."""
    if name == "CustomMultiQuestionLoss":
        return import_module("zoocli.losses.multi_question").CustomMultiQuestionLoss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def loss_names() -> list[str]:
    """The names of all losses, as the command line takes them.

    >>> loss_names()
    ['cross-entropy', 'dirichlet', 'l1', 'mse']
    """
    return list(_losses())


def find_loss(name: str) -> Loss:
    """The loss of that name or alias; raises UsageError, with the closest name, for any other.

    >>> find_loss("ce").name
    'cross-entropy'
    """
    named = {word: loss for loss in _losses().values() for word in (loss.name, *loss.aliases)}
    if name in named:
        return named[name]
    close = difflib.get_close_matches(name, named, n=1)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    raise UsageError(f"There is no loss '{name}'. {hint}Choose one of {', '.join(named)}.")


@cache
def _losses() -> dict[str, Loss]:
    files = [file.name for file in pkgutil.iter_modules(__path__) if file.name not in HELPERS]
    losses = [import_module(f"{__name__}.{file}").LOSS for file in files]
    return {loss.name: loss for loss in losses}
