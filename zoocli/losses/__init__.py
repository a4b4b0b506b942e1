"""Losses: one file each, unreduced, differentiable, under the names that Zoobot users know.

A loss's file defines its public function and `LOSS`, which tells the rest of zoocli what it needs
to know; its name is that of the loss on the command line. Such files are found automatically.
Nothing here imports torch before a loss is computed.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
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
    "FRACTIONS",
    "CustomMultiQuestionLoss",
    "Loss",
    "cross_entropy_loss",
    "find_loss",
    "get_dirichlet_loss_func",
    "get_dirichlet_neg_log_prob",
    "l1_loss",
    "loss_names",
    "mse_loss",
    "unit_of",
]

FRACTIONS = "fractions"  # in place of a loss, of predictions that have no likelihood
DESCRIBES_A_LOSS = re.compile(r"^LOSS\b", re.MULTILINE)


def __getattr__(name: str) -> Any:
    """Imports the nn.Module, and torch with it, when it is asked for."""
    if name == "CustomMultiQuestionLoss":
        return import_module("zoocli.losses.multi_question").CustomMultiQuestionLoss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def loss_names(*scores: str) -> list[str]:
    """The names of all losses, or of those that score any of these, as the command line takes them.

    >>> loss_names(), loss_names("values")
    (['cross-entropy', 'dirichlet', 'l1', 'mse'], ['l1', 'mse'])
    """
    return [loss.name for loss in _losses().values() if not scores or loss.scores in scores]


def find_loss(name: str) -> Loss:
    """The loss of that name or alias; raises UsageError, with the closest name, for any other.

    >>> find_loss("ce").name
    'cross-entropy'
    """
    named = _by_every_name()
    if name in named:
        return named[name]
    import difflib

    close = difflib.get_close_matches(name, named, n=1)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    raise UsageError(f"There is no loss '{name}'. {hint}Choose one of {', '.join(named)}.")


def unit_of(name: str | None) -> str | None:
    """The unit of the loss of that name; None where it has none of its own or is not known.

    >>> unit_of("dirichlet"), unit_of("mse"), unit_of("my_own_loss")
    ('nats', None, None)
    """
    loss = _by_every_name().get(name or "")
    return None if loss is None else loss.unit


def _by_every_name() -> dict[str, Loss]:
    return {word: loss for loss in _losses().values() for word in (loss.name, *loss.aliases)}


@cache
def _losses() -> dict[str, Loss]:
    files = sorted(file for folder in __path__ for file in Path(folder).glob("*.py"))
    # The text tells which files are losses: importing the others would import torch.
    names = [file.stem for file in files if DESCRIBES_A_LOSS.search(file.read_text("utf-8"))]
    losses = [import_module(f"{__name__}.{name}").LOSS for name in names]
    return {loss.name: loss for loss in losses}
