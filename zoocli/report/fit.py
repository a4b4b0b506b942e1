"""How good a trained head is, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from zoocli.report.grid import Grid, to_terminal
from zoocli.report.summary import losses_title
from zoocli.report.text import FEWEST_DECIMALS, count, number
from zoocli.schema.levels import OVERALL

if TYPE_CHECKING:
    from zoocli.heads.fitting import Fit, Gain

HEADER = ("", "constant", "head", "gain", "N")


def render_fit(fit: Fit, stream: TextIO | None = None) -> str:
    """The mean losses of a constant prediction and of the head, and the gain, as a table.

    `stream` is where it will be written: a terminal gets colour.
    """
    sections = [{OVERALL: fit.overall}, fit.questions]
    rows = [[_row(name, gain) for name, gain in section.items()] for section in sections if section]
    whose = "galaxies held out" if fit.held_out else "the training galaxies"
    footer = [
        f"trained on {fit.training:,} galaxies (mean loss {fit.training_loss:.4f}), "
        f"{fit.held_out:,} held out; best after {fit.best_epoch:,} of {fit.epochs:,} epochs"
    ]
    title = f"mean {losses_title(fit.metadata.loss, None)} of {whose}"
    return to_terminal(Grid(title, HEADER, rows, footer), stream)


def _row(name: str, gain: Gain) -> list[str]:
    means = (gain.constant, gain.head, gain.gain)
    return [name, *(number(mean, FEWEST_DECIMALS) for mean in means), count(gain.galaxies)]
