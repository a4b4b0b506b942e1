"""The loss of the predictions, between that of the climatology and the floor of any prediction.

Per question, campaign and overall, all in nats per galaxy with at least one vote there:

- loss: the mean of -ln P(votes | concentrations); loss_all: over all valid galaxies; se: the
  standard error of loss;
- gain = L_clim - L + sum over questions of K / (2 N), with L_clim the mean loss of the climatology
  (`climatology.fit`). It was fitted to the same N galaxies, which lowers its loss by that much on
  average (K answers; Akaike 1974);
- deviance = 2 (L - L_sat), with L_sat the mean loss of the saturated multinomial, which predicts
  each galaxy's own observed fractions;
- deviance_explained = (L_clim - L) / (L_clim - L_sat);
- ceiling = (L_clim - L') / (L_clim - L_sat), with L' the mean loss of votes that are drawn from the
  predictions themselves (one draw a galaxy, by its id's hash and the seed): what the predictions
  would explain if they were true;
- excess_loss = L - L': 0 within its interval where the predictions are calibrated, in all
  respects that the loss sees; above 0 they are too sure of themselves.

Gain, deviance_explained and ceiling are absent where a question with votes has fewer than 30
galaxies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.family import Family, Place, Shown
from zoocli.evaluating.metric import Estimate, Metric, Scale, divide
from zoocli.evaluating.tree.climatology import Climatology
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.arrays import Floats
from zoocli.schema import Schema
from zoocli.scoring.sums import standard_error

TABLES = Place.PAPER | Place.ROWS
RESOLVED = 1e-12  # of the climatology's loss: less above the floor is rounding

GLOSSARY = {
    "loss": "The mean of -ln P(votes | concentrations) over galaxies with votes, in nats, under "
    "the Dirichlet-multinomial distribution including the multinomial coefficient (Walmsley et "
    "al. 2022, MNRAS 509, 3966, eq. 6-7). Overall and per campaign, a galaxy's loss is the sum "
    "over its questions.",
    "gain": "The mean loss of the climatology on galaxies that it was not fitted to, minus the "
    "loss, in nats. The climatology is the single Dirichlet distribution, the same for every "
    "galaxy, that fits these votes best. Absent below 30 galaxies.",
    "explained": "The deviance explained: the climatology's loss minus the loss, divided by "
    "the difference between the climatology's loss and that of the saturated multinomial, "
    "which predicts each galaxy's own observed fractions: 0 for the climatology, 1 at the "
    "floor that no prediction can beat.",
    "ceiling": "What the predictions would explain if they were true, from votes that are "
    "drawn from the predictions themselves: a model that explains less than its ceiling is "
    "too sure of itself.",
    "excess": "The loss minus that of votes that are drawn from the predictions: 0 within its "
    "interval where the predictions are calibrated.",
}


class Losses(Family):
    """`climatologies`: that of each question, fitted to all its votes."""

    shown = (
        Shown(
            "loss",
            "loss",
            TABLES | Place.INTERVAL | Place.HEADLINE,
            headline="loss (nats per galaxy)",
        ),
        Shown(
            "deviance_explained",
            "explained",
            TABLES | Place.HEADLINE,
            headline="deviance explained",
        ),
        Shown("ceiling", "ceiling", Place.ROWS | Place.HEADLINE),
        Shown("excess_loss", "excess", Place.ROWS),
    )
    glossary = GLOSSARY

    def __init__(
        self, schema: Schema, sums: AdditiveArrays, climatologies: list[Climatology | None]
    ) -> None:
        self._schema, self._whole, self._climatologies = schema, sums, climatologies

    def estimates(self, sums: AdditiveArrays) -> Iterator[Estimate]:
        """The numbers of each level.

        The climatology is fitted to all galaxies, and the same without any bucket; how its loss
        varies is taken from a reference near it.
        """
        questions = -len(self._schema.questions)
        losses, drawn = sums["loss/sum"][questions:], sums["loss/drawn"][questions:]
        climatology, optimism = self._climatology(sums)
        for level, (name, members) in enumerate(levels(self._schema).items()):
            at = list(members)
            galaxies, everyone = sums["loss/galaxies"][level], sums["loss/galaxies_all"][level]
            loss, fixed = losses[at].sum(axis=0), climatology[at].sum(axis=0)
            floor = sums["loss/saturated"][at].sum(axis=0)
            room = fixed - floor
            room = np.where(room > RESOLVED * fixed, room, np.nan)
            excess = sums["loss/sum"][level] - sums["loss/drawn"][level]
            for metric, values, counted, scale in (
                ("loss", divide(sums["loss/sum"][level], galaxies), galaxies, Scale.LOG),
                ("loss_all", divide(sums["loss/sum"][level], everyone), everyone, Scale.LOG),
                (
                    "gain",
                    divide(fixed + optimism[at].sum() - loss, galaxies),
                    galaxies,
                    Scale.PLAIN,
                ),
                ("deviance", divide(2 * (loss - floor), galaxies), galaxies, Scale.LOG),
                (
                    "deviance_explained",
                    divide(fixed - loss, room),
                    galaxies,
                    Scale.LOG_REST,
                ),
                (
                    "ceiling",
                    divide(fixed - drawn[at].sum(axis=0), room),
                    galaxies,
                    Scale.LOG_REST,
                ),
                ("excess_loss", divide(excess, galaxies), galaxies, Scale.PLAIN),
            ):
                yield Estimate(name, None, metric, values, counted, scale)

    def _climatology(self, sums: AdditiveArrays) -> tuple[Floats, Floats]:
        """(questions, 1 + buckets): the climatology's summed loss, NaN where it is absent.

        Also (questions,): by how much the fit to the same galaxies lowers the sum.
        """
        questions = -len(self._schema.questions)
        galaxies = sums["loss/galaxies"][questions:]
        counts = galaxies[:, 0]
        fitted = np.array([np.nan if one is None else one.loss for one in self._climatologies])
        fitted[counts == 0] = 0.0
        correction = divide(fitted - sums["loss/reference"][:, 0], counts)
        correction[counts == 0] = 0.0
        sizes = np.array([len(question.answers) for question in self._schema.questions])
        total: Floats = sums["loss/reference"] + correction[:, np.newaxis] * galaxies
        return total, np.where(counts > 0, sizes / 2, 0.0)

    def others(self, sums: AdditiveArrays) -> Iterator[Metric]:
        """The standard error of each level's loss; absent below two galaxies."""
        whole = self._whole
        for level, name in enumerate(levels(self._schema)):
            galaxies = int(whole["loss/galaxies"][level])
            total, squares = (float(whole[f"loss/{part}"][level]) for part in ("sum", "squares"))
            yield Metric(name, None, "se", standard_error(total, squares, galaxies), N=galaxies)
