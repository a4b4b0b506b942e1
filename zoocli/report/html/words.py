"""How the numbers of a report were made, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from zoocli.report.text import ABSENT, count
from zoocli.statistics.evaluation.tree.rules import PROFILES
from zoocli.sums import Matching

OF_TREES = {
    "loss": "The mean over galaxies with votes of -ln P(votes | concentrations), in nats, under "
    "the Dirichlet-multinomial distribution, the multinomial coefficient included (Walmsley et "
    "al. 2022, MNRAS 509, 3966, eq. 6-7). Overall and of a campaign: of the sum over a galaxy's "
    "questions.",
    "gain": "The mean loss of the climatology less the loss, in nats. The climatology is the one "
    "Dirichlet distribution, the same for every galaxy, that fits these votes best; absent below "
    "30 galaxies.",
    "deviance explained": "The gain over the difference between the climatology's loss and that "
    "of the saturated multinomial, which predicts each galaxy's own observed fractions: 0 for the "
    "climatology, 1 at the floor that no prediction can pass.",
    "bias, MAE, RMSE, R2, Pearson": "Of the predicted fraction (the answer's concentration over "
    "the question's sum, averaged over passes) against the observed one (its votes over the "
    "question's). Of a question and overall: the mean over answers.",
    "RMSE / noise": "The RMSE over the one that vote noise alone would give a perfectly "
    "calibrated prediction: about 1 is as good as votes can show.",
    "accuracy, balanced accuracy, precision, recall, F1": "Of the answer with the highest "
    "predicted fraction against the answer with the most votes, ties to the first. Balanced: the "
    "mean recall of the answers that occur. F1 of a question: weighted by support.",
    "coverage": "How often the votes lie in the central interval of that level which was "
    "predicted for them, by the non-randomised probability integral transform (Czado, Gneiting & "
    "Held 2009, Biometrics 65, 1254).",
    "calibration error": "The mean of |coverage - level| over the levels 10, 20, ..., 90, 95 and "
    "99 %.",
    "sharpness": "The mean predicted standard deviation of the observed fraction. Of calibrated "
    "models the sharper knows more.",
    "uniformity p (Holm)": "Of a chi-square test that the randomised transform is uniform, "
    "adjusted over all answers; absent below 100 galaxies.",
}
OF_CLASSES = {
    "loss": "The mean over galaxies of -ln of the probability that was predicted for the label, in "
    "nats, with the class weights and the label smoothing of the settings.",
    "accuracy, balanced accuracy, precision, recall, F1": "Of the class predicted most against the "
    "label, ties to the first. Balanced accuracy: the mean recall of the classes that occur. F1: "
    "the harmonic mean of precision and recall.",
    "Brier score": "The mean over galaxies of the sum over classes of (p - y) squared, y 1 for the "
    "label and else 0: from 0 to 2 (Brier 1950, Monthly Weather Review 78, 1).",
    "calibration error": "Of the class predicted most: the mean over groups of galaxies with "
    "similar confidence of |accuracy - confidence| (Guo et al. 2017, arXiv:1706.04599).",
}
OF_VALUES = {
    "loss": "The mean over galaxies with all targets of the loss, itself the mean over targets.",
    "bias, MAE, RMSE": "The mean of predicted - true, of its absolute value, and the root of its "
    "mean square.",
    "R2, Pearson": "1 less the sum of squared residuals over that of the true values about their "
    "mean; the correlation of predicted and true.",
    "quantiles": "Of predicted - true, within 0.1 %.",
}
INTERVALS = {
    "intervals": "95 % intervals of a Poisson bootstrap over galaxies: its percentiles; for "
    "accuracy, recall, precision and f1 Wilson's score interval with its variance; for the "
    "calibration error the estimate plus and minus a bound on its deviation. They say how the "
    "numbers would scatter over other galaxies of the same kind, not how another training run "
    "would do.",
}
RULES = {
    "min_votes": "the question has at least {} votes",
    "min_root_votes": "the first question of its campaign has at least {} votes",
    "min_share_asked": "the question's votes over those of that first question are at least {}",
    "min_path_fraction": "the product of the observed fractions that lead to the question is more "
    "than {}",
}
ACCOUNT = {
    "matched": "galaxies in both tables, scored",
    "predictions_only": "rows of the predictions without votes",
    "votes_only": "rows of the votes without predictions",
    "duplicated": "ids that stand more than once, dropped",
    "invalid": "galaxies with a null loss",
}


def rules(settings: Mapping[str, Any]) -> list[str]:
    """Which galaxies count, as sentences' parts; the last says which are confident."""
    said = [
        text.format(f"{settings[rule]:g}") for rule, text in RULES.items() if settings.get(rule)
    ]
    profile = PROFILES.get(settings.get("profile", ""))
    source = [] if profile is None else [f"profile {settings['profile']} ({profile.source})"]
    return source + said


def account(matching: Matching | None) -> list[tuple[str, str]]:
    """What became of every galaxy."""
    if matching is None:
        return [(text, ABSENT) for text in ACCOUNT.values()]
    return [(ACCOUNT[name], count(value)) for name, value in asdict(matching).items()]


def settings(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every setting that changes the numbers."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in sorted(made.items())
    ]
