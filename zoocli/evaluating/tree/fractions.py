"""How far predicted fractions are from those of the votes.

Per answer, over the galaxies that count for its question, with the predicted fraction p (a_j / A,
averaged over the passes) and the observed fraction o = k_j / n:

- bias = mean(p - o); mae = mean|p - o|; rmse = sqrt(mean (p - o)^2);
- r2 = 1 - sum (p - o)^2 / sum (o - mean o)^2, absent where all o are equal;
- pearson: the correlation of p and o, absent where all p or all o are equal;
- noise_rmse: the rmse that a perfectly calibrated prediction has, since votes are random:
  sqrt(mean[p (1 - p) (A + n) / (n (A + 1))]), the variance of k_j / n under the Beta-binomial;
  for several passes the variance under their mixture, that is the mean over passes of
  p_s (1 - p_s) (A_s + n) / (n (A_s + 1)) + (p_s - p)^2;
- rmse_ratio = rmse / noise_rmse.

Of a question, a campaign and overall: the mean over the answers that have the number (except for
the bias, which adds up to 0 over a question's answers).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zoocli.evaluating.additive import AdditiveArrays
from zoocli.evaluating.metric import Estimate, centred_squares, divide, mean_of_present
from zoocli.evaluating.tree.galaxies import VotedGalaxies
from zoocli.evaluating.tree.levels import level_counts, levels
from zoocli.foundation.arrays import Floats
from zoocli.runs.options.rules import Rules
from zoocli.schema import Schema

METRICS = ("bias", "mae", "rmse", "r2", "pearson", "noise_rmse", "rmse_ratio")
AVERAGED = METRICS[1:]  # the biases of a question's answers add up to 0
VOTE_BINS = (1, 5, 10, 20, 40)  # where the bins of total votes begin
DENSITY_BINS = 50
RESOLVED = 1e-13  # of the mean square: a smaller variance is rounding


def features(galaxies: VotedGalaxies, rules: Rules) -> AdditiveArrays:
    """What is summed, per answer or per question or level, and galaxy; 0 where none counts."""
    counted = galaxies.counted(rules)
    mask = counted[galaxies.question_of]
    predicted = np.where(mask, galaxies.predicted, 0.0)
    observed = np.where(mask, galaxies.observed, 0.0)
    error = predicted - observed
    return {
        "fractions/galaxies": counted.astype(np.float64),
        "fractions/level_galaxies": level_counts(counted, galaxies.schema),
        "fractions/predicted": predicted,
        "fractions/observed": observed,
        "fractions/predicted_squares": np.square(predicted),
        "fractions/observed_squares": np.square(observed),
        "fractions/error_squares": np.square(error),
        "fractions/absolute_errors": np.abs(error),
        "fractions/noise": np.where(mask, noise_variances(galaxies), 0.0),
    }


def noise_variances(galaxies: VotedGalaxies) -> Floats:
    """(answers, galaxies): the variance of k_j / n that the prediction expects; 0 without votes."""
    every, answers = galaxies.question_of, galaxies.pass_fractions
    n = np.maximum(galaxies.total_votes, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        totals = galaxies.total_concentrations
        spread = ((totals + n) / (n * (totals + 1)))[:, every]
    within = answers * (1 - answers) * np.where(galaxies.valid[every], spread, 0.0)
    variances: Floats = (within + np.square(answers - galaxies.predicted)).mean(axis=0)
    return np.where(galaxies.voted[every], variances, 0.0)


def collect(galaxies: VotedGalaxies, rules: Rules) -> AdditiveArrays:
    """The same sums by bins of total votes, and the density of predicted against observed.

    `fractions/by_votes/NAME` (rows, bins); `fractions/density` (answers, predicted, observed):
    galaxies in 50 x 50 equal bins from 0 to 1.
    """
    bins = np.digitize(galaxies.total_votes, VOTE_BINS)
    by_votes: AdditiveArrays = {}
    for name, values in features(galaxies, rules).items():
        short = name.removeprefix("fractions/")
        if short == "level_galaxies":
            continue
        at = bins if short == "galaxies" else bins[galaxies.question_of]
        by_votes[f"fractions/by_votes/{short}"] = np.stack(
            [np.where(at == number, values, 0.0).sum(axis=1) for number in _bin_numbers()], axis=1
        )
    return by_votes | {"fractions/density": _density(galaxies, rules)}


def _bin_numbers() -> range:
    return range(1, len(VOTE_BINS) + 1)


def _density(galaxies: VotedGalaxies, rules: Rules) -> npt.NDArray[np.int64]:
    mask = galaxies.counted(rules)[galaxies.question_of]
    cells = np.zeros((len(mask), DENSITY_BINS**2), np.int64)
    for answer, chosen in enumerate(mask):
        predicted = _density_bin(galaxies.predicted[answer, chosen])
        observed = _density_bin(galaxies.observed[answer, chosen])
        cells[answer] = np.bincount(predicted * DENSITY_BINS + observed, minlength=DENSITY_BINS**2)
    return cells.reshape(-1, DENSITY_BINS, DENSITY_BINS)


def _density_bin(fractions: Floats) -> npt.NDArray[np.int64]:
    return np.minimum((fractions * DENSITY_BINS).astype(np.int64), DENSITY_BINS - 1)


def estimates(sums: AdditiveArrays, schema: Schema) -> Iterator[Estimate]:
    """The numbers of every answer and level, for sums (rows, replicates)."""
    named = {
        name.removeprefix("fractions/"): values
        for name, values in sums.items()
        if name.startswith("fractions/")
    }
    yield from _estimates(named, schema, "", named["level_galaxies"])


def binned_estimates(sums: AdditiveArrays, schema: Schema) -> Iterator[Estimate]:
    """The numbers of every answer and question in each bin of total votes."""
    prefix = "fractions/by_votes/"
    for number in _bin_numbers():
        named = {
            name.removeprefix(prefix): values[:, number - 1 : number]
            for name, values in sums.items()
            if name.startswith(prefix)
        }
        yield from _estimates(named, schema, f":votes-{bin_name(number)}", None)


def bin_name(number: int) -> str:
    """The total votes of a bin, from 1.

    >>> [bin_name(number) for number in (1, 5)]
    ['1-4', '40+']
    """
    first = VOTE_BINS[number - 1]
    return f"{first}-{VOTE_BINS[number] - 1}" if number < len(VOTE_BINS) else f"{first}+"


def _estimates(
    named: AdditiveArrays, schema: Schema, part: str, level_galaxies: Floats | None
) -> Iterator[Estimate]:
    """Answers, question by question; then the levels, or only the questions without their N."""
    sizes = [len(question.answers) for question in schema.questions]
    galaxies = np.repeat(named["galaxies"], sizes, axis=0)
    found = numbers_of(named, galaxies)
    for question in schema.questions:
        for answer in question.answers:
            for metric in METRICS:
                values, counted = found[metric][answer.index], galaxies[answer.index]
                yield Estimate(question.name, answer.name, metric + part, values, counted)
    slices = schema.question_slices
    for level, (name, members) in enumerate(levels(schema).items()):
        if level_galaxies is None and name not in schema.question_answer_pairs:
            continue
        counted = named["galaxies"][members[0]] if level_galaxies is None else level_galaxies[level]
        for metric in AVERAGED:
            answers = np.concatenate([found[metric][slices[position]] for position in members])
            yield Estimate(name, None, metric + part, mean_of_present(answers), counted)


def numbers_of(named: AdditiveArrays, galaxies: Floats) -> dict[str, Floats]:
    """Every metric (answers, replicates) from the sums under their short names."""
    predicted, observed = named["predicted"], named["observed"]
    error_squares = named["error_squares"]
    products = (named["predicted_squares"] + named["observed_squares"] - error_squares) / 2
    predicted_spread = centred_squares(named["predicted_squares"], predicted, galaxies, RESOLVED)
    observed_spread = centred_squares(named["observed_squares"], observed, galaxies, RESOLVED)
    covariance = products - predicted * divide(observed, galaxies)
    rmse = np.sqrt(divide(error_squares, galaxies))
    noise = np.sqrt(divide(named["noise"], galaxies))
    return {
        "bias": divide(predicted - observed, galaxies),
        "mae": divide(named["absolute_errors"], galaxies),
        "rmse": rmse,
        "r2": 1 - divide(error_squares, observed_spread),
        "pearson": divide(covariance, np.sqrt(predicted_spread * observed_spread)),
        "noise_rmse": noise,
        "rmse_ratio": divide(rmse, noise),
    }
