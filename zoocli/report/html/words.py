"""How the numbers of a report were computed, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from zoocli.matching.account import Matching
from zoocli.report.text import ABSENT, count
from zoocli.runs.options.rules import PROFILES

OF_TREES = {
    "loss": "The mean of -ln P(votes | concentrations) over galaxies with votes, in nats, under "
    "the Dirichlet-multinomial distribution including the multinomial coefficient (Walmsley et "
    "al. 2022, MNRAS 509, 3966, eq. 6-7). Overall and per campaign, a galaxy's loss is the sum "
    "over its questions.",
    "gain": "The mean loss of the climatology minus the loss, in nats. The climatology is the "
    "single Dirichlet distribution, the same for every galaxy, that fits these votes best. Absent "
    "below 30 galaxies.",
    "deviance explained": "The gain divided by the difference between the loss of the climatology "
    "and that of the saturated multinomial, which predicts each galaxy's own observed fractions: "
    "0 for the climatology, 1 at the floor that no prediction can beat.",
    "bias, MAE, RMSE, R2, Pearson": "Of the predicted fraction (the answer's concentration divided "
    "by the question's sum, averaged over passes) against the observed one (its votes divided by "
    "the question's). For a question and overall: the mean over answers.",
    "RMSE / noise": "The RMSE divided by the RMSE that vote noise alone would give a perfectly "
    "calibrated prediction; about 1 is as good as the votes can show.",
    "accuracy, balanced accuracy, precision, recall, F1": "Of the answer with the highest "
    "predicted fraction against the answer with the most votes; ties go to the first. Balanced: "
    "the mean recall of the answers that occur. F1 of a question: weighted by support.",
    "coverage": "How often the votes lie in the predicted central interval of that level, from the "
    "non-randomised probability integral transform (Czado, Gneiting & Held 2009, Biometrics 65, "
    "1254).",
    "calibration error": "The mean of |coverage - level| over the levels 10, 20, ..., 90, 95 and "
    "99 %.",
    "sharpness": "The mean predicted standard deviation of the observed fraction. Of two "
    "calibrated models the sharper is more informative.",
    "uniformity p (Holm)": "From a chi-square test that the randomised transform is uniform, "
    "adjusted over all answers. Absent below 100 galaxies.",
}
OF_CLASSES = {
    "loss": "The mean over galaxies of -ln of the predicted probability of the label, in nats, "
    "with the class weights and the label smoothing of the settings.",
    "accuracy, balanced accuracy, precision, recall, F1": "Of the most probable class against the "
    "label; ties go to the first. Balanced accuracy: the mean recall of the classes that occur. "
    "F1: the harmonic mean of precision and recall.",
    "Brier score": "The mean over galaxies of the sum over classes of (p - y) squared, where y is "
    "1 for the label and 0 otherwise: from 0 to 2 (Brier 1950, Monthly Weather Review 78, 1).",
    "calibration error": "Of the most probable class: the mean of |accuracy - confidence| over "
    "groups of galaxies with similar confidence (Guo et al. 2017, arXiv:1706.04599).",
}
OF_VALUES = {
    "loss": "The mean loss over the galaxies that have all targets; a galaxy's loss is the mean "
    "over its targets.",
    "bias, MAE, RMSE": "The mean of predicted - true, the mean of its absolute value, and its root "
    "mean square.",
    "R2, Pearson": "1 minus the sum of squared residuals divided by that of the true values about "
    "their mean; the correlation of predicted and true values.",
    "quantiles": "Of predicted - true, accurate to 0.1 %.",
}
INTERVALS = {
    "intervals": "95 % intervals of a Poisson bootstrap over galaxies: percentiles; for accuracy, "
    "recall, precision and F1, Wilson's score interval with the variance of the bootstrap; for the "
    "calibration error, the estimate plus and minus a bound on its deviation. They cover the "
    "variation between samples of galaxies, not between training runs.",
}
RULES = {
    "min_votes": "the question has at least {} votes",
    "min_root_votes": "the first question of its campaign has at least {} votes",
    "min_share_asked": "the question's votes over those of the first question are at least {}",
    "min_path_fraction": "the product of the observed fractions that lead to the question is more "
    "than {}",
}
ACCOUNT = {
    "matched": "galaxies in both tables, scored",
    "predictions_only": "rows of the predictions without votes",
    "votes_only": "rows of the votes without predictions",
    "duplicated": "ids that occur more than once, dropped",
    "invalid": "galaxies with a null loss",
}


def rules(settings: Mapping[str, Any]) -> list[str]:
    """Which galaxies count, as phrases: the profile, if there is one, then its rules."""
    said = [
        text.format(f"{settings[rule]:g}") for rule, text in RULES.items() if settings.get(rule)
    ]
    profile = PROFILES.get(settings.get("profile", ""))
    source = [] if profile is None else [f"profile {settings['profile']} ({profile.source})"]
    return source + said


def account(matching: Matching | None) -> list[tuple[str, str]]:
    """The number of galaxies with each outcome."""
    if matching is None:
        return [(text, ABSENT) for text in ACCOUNT.values()]
    return [(ACCOUNT[name], count(value)) for name, value in asdict(matching).items()]


def settings(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The settings that change the numbers."""
    return [
        (name, value if isinstance(value, str) else _shown(value))
        for name, value in sorted(made.items())
    ]


def _shown(value: Any) -> str:
    return "none" if value is None or value == [] else json.dumps(value)
