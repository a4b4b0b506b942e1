"""What the rest of zoocli needs to know about a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Loss:
    """A loss, as its file describes it.

    `name` is its file's name with hyphens, `aliases` are further names. `scores` says what a row of
    predictions is: "tree" (one concentration per answer of a decision tree, against vote counts),
    "classes" (one logit per class, against a label) or "values" (one number, against a number).
    `function` takes predictions and targets, torch tensors, and returns the unreduced loss;
    `options` are those of its keyword arguments that the command line sets: "label_smoothing" and
    "weight", for losses that score classes.

    `unit` is the unit of the loss, "nats" for a log-likelihood; None where it follows from the
    target's. `kernel` names the module with a compiled loop for a loss of a tree: its functions
    `question_losses` and `scratch` are called like those of `kernels.dirichlet`. None: torch
    computes the loss on every device.

    A loss of a tree is 0 where a question has no votes.
    """

    name: str
    scores: Literal["tree", "classes", "values"]
    function: Callable[..., Any]
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    unit: str | None = None
    kernel: str | None = None
