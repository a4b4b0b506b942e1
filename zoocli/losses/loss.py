"""What the rest of zoocli needs to know about a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Loss:
    """A loss, as its file describes it.

    `name` is its file's name with hyphens, `aliases` what else it is called. `scores` says what a
    row of predictions is: "tree" (one concentration an answer of a decision tree, against vote
    counts), "classes" (one logit a class, against a label) or "values" (one number, against a
    number). `function` takes predictions and targets, torch tensors, and returns the unreduced
    loss; of its keyword arguments the command line may pass the `options`. `summary` is one line
    of help.
    """

    name: str
    scores: Literal["tree", "classes", "values"]
    function: Callable[..., Any]
    summary: str
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
