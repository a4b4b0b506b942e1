"""The loss of the predictions, between that of the climatology and the floor of any prediction.

Per question, campaign and overall, all in nats per galaxy with at least one vote there:

- loss: the mean of -ln P(votes | concentrations); loss_all: over all valid galaxies; se: the
  standard error of loss;
- gain = L_clim - L, with L_clim the mean loss of the climatology (`climatology.fit`);
- deviance = 2 (L - L_sat), with L_sat the mean loss of the saturated multinomial, which predicts
  each galaxy's own observed fractions;
- deviance_explained = (L_clim - L) / (L_clim - L_sat).

Gain and deviance_explained are absent where a question with votes has fewer than 30 galaxies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.metric import Estimate, Metric, divide
from zoocli.evaluating.tree.climatology import Climatology, losses_of
from zoocli.evaluating.tree.factorials import factorial_excess
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.levels import levels
from zoocli.foundation.arrays import Floats, sum_in_order
from zoocli.schema import Schema
from zoocli.scoring.sums import standard_error


def features(galaxies: VotedGalaxies, reference: Floats) -> AdditiveArrays:
    """What is summed, per level or per question, and galaxy.

    `reference` (answers,): concentrations near the climatology, which show how its loss varies over
    galaxies before it has been fitted.
    """
    loss, voted, valid = level_losses(galaxies)
    at_questions = galaxies.voted
    return {
        "loss/sum": np.where(voted, loss, 0.0),
        "loss/galaxies": voted.astype(np.float64),
        "loss/galaxies_all": valid.astype(np.float64),
        "loss/question_sum": np.where(at_questions, galaxies.losses, 0.0),
        "loss/question_galaxies": at_questions.astype(np.float64),
        "loss/saturated": np.where(at_questions, saturated_losses(galaxies), 0.0),
        "loss/reference": np.where(at_questions, losses_of(reference, galaxies), 0.0),
    }


def collect(galaxies: VotedGalaxies) -> AdditiveArrays:
    """The sum of squared losses (levels,), for the standard error."""
    loss, voted, _ = level_losses(galaxies)
    return {"loss/squares": np.square(np.where(voted, loss, 0.0)).sum(axis=1)}


def level_losses(
    galaxies: VotedGalaxies,
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(levels, galaxies): the summed loss, whether it is of any votes, whether it is valid."""
    members = [list(questions) for questions in levels(galaxies.schema).values()]
    loss = np.stack([sum_in_order(galaxies.losses[questions]) for questions in members])
    votes = np.stack([galaxies.total_votes[questions].sum(axis=0) for questions in members])
    valid = ~np.isnan(loss)
    return loss, valid & (votes > 0), valid


def saturated_losses(galaxies: VotedGalaxies) -> Floats:
    """(questions, galaxies): -ln P of the multinomial with the observed fractions, in nats.

    sum_j h(k_j) - h(n) with h(k) = ln k! - k ln k + k: the terms k ln k that would cancel are left
    out. 0 without votes.
    """
    starts = [part.start for part in galaxies.schema.question_slices]
    answers: Floats = np.add.reduceat(factorial_excess(galaxies.votes), starts, axis=0)
    return answers - factorial_excess(galaxies.total_votes)


def estimates(
    sums: AdditiveArrays,
    schema: Schema,
    climatologies: Sequence[Climatology | None],
    whole: AdditiveArrays,
) -> Iterator[Estimate]:
    """The numbers of each level, for sums (rows, replicates).

    `whole` are the sums of all galaxies: the climatology is fitted to them and the same in every
    replicate. How its loss varies between replicates is taken from the reference.
    """
    climatology = _climatology_sums(sums, climatologies, whole)
    for level, (name, members) in enumerate(levels(schema).items()):
        questions = list(members)
        galaxies = sums["loss/galaxies"][level]
        everyone = sums["loss/galaxies_all"][level]
        loss = sums["loss/question_sum"][questions].sum(axis=0)
        above_floor = loss - sums["loss/saturated"][questions].sum(axis=0)
        gain = climatology[questions].sum(axis=0) - loss
        for metric, values, counted in (
            ("loss", divide(sums["loss/sum"][level], galaxies), galaxies),
            ("loss_all", divide(sums["loss/sum"][level], everyone), everyone),
            ("gain", divide(gain, galaxies), galaxies),
            ("deviance", divide(2 * above_floor, galaxies), galaxies),
            ("deviance_explained", divide(gain, gain + above_floor), galaxies),
        ):
            yield Estimate(name, None, metric, values, counted)


def _climatology_sums(
    sums: AdditiveArrays, climatologies: Sequence[Climatology | None], whole: AdditiveArrays
) -> Floats:
    """(questions, replicates): the summed loss of the climatology; NaN where it is absent."""
    counts = whole["loss/question_galaxies"]
    fitted = np.array([np.nan if found is None else found.loss for found in climatologies])
    fitted[counts == 0] = 0.0
    correction = divide(fitted - whole["loss/reference"], counts)
    correction[counts == 0] = 0.0
    total: Floats = (
        sums["loss/reference"] + correction[:, np.newaxis] * sums["loss/question_galaxies"]
    )
    return total


def metrics(sums: AdditiveArrays, schema: Schema) -> Iterator[Metric]:
    """The standard error of each level's loss; absent below two galaxies."""
    for level, name in enumerate(levels(schema)):
        galaxies = int(sums["loss/galaxies"][level])
        total, squares = float(sums["loss/sum"][level]), float(sums["loss/squares"][level])
        yield Metric(name, None, "se", standard_error(total, squares, galaxies), N=galaxies)
