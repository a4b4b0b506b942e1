"""What an evaluation says, in sentences: what is good, what is not, and where to look.

A deviation is told where its 95 % interval excludes none at all, and it is large enough to matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoocli.evaluating.classes.result import ClassEvaluation
from zoocli.evaluating.evaluation import Evaluation
from zoocli.evaluating.metric import Metric
from zoocli.evaluating.tree.result import TreeEvaluation
from zoocli.evaluating.values.result import ValueEvaluation
from zoocli.report.sentence import sentence_of, with_interval
from zoocli.report.text import count
from zoocli.schema.levels import OVERALL

LEVEL = 90  # of the predicted intervals whose coverage is told
MATTERS = 0.005  # of a coverage
BIASED = 0.02  # of a vote fraction
FEWEST_GALAXIES = 30
MOST_ANSWERS = 3


def findings_of(evaluation: Evaluation) -> list[str]:
    """The overall numbers, then what stands out."""
    said: Iterator[str] = iter(())
    if isinstance(evaluation, TreeEvaluation):
        said = _of_tree(evaluation)
    elif isinstance(evaluation, ClassEvaluation):
        said = _of_classes(evaluation)
    elif isinstance(evaluation, ValueEvaluation):
        said = _of_values(evaluation)
    return [sentence_of(evaluation), *said]


def _of_tree(evaluation: TreeEvaluation) -> Iterator[str]:
    names = [question.name for question in evaluation.schema.questions]
    explained = _known(evaluation, names, "deviance_explained")
    if len(explained) > 1:
        ordered = sorted(explained, key=lambda one: one.value or 0.0)
        best, worst = ordered[-1], ordered[0]
        yield (
            f"Best on {best.question}, where the predictions explain {_percent(best)} of what the "
            f"votes allow; worst on {worst.question}, with {_percent(worst)}."
        )
    yield from _of_coverage(evaluation, names)
    answers = [
        answer.name for question in evaluation.schema.questions for answer in question.answers
    ]
    biases = [one for one in evaluation.metrics if one.metric == "bias" and one.answer in answers]
    biased = sorted(filter(_is_biased, biases), key=lambda one: -abs(one.value or 0.0))
    if biased:
        told = [f"{one.answer} by {with_interval(one)}" for one in biased[:MOST_ANSWERS]]
        more = len(biased) - len(told)
        yield (
            "Predicted fractions minus those of the votes are off most for "
            f"{', '.join(told)}" + (f", and for {more} more answers." if more else ".")
        )


def _of_coverage(evaluation: TreeEvaluation, names: Sequence[str]) -> Iterator[str]:
    """Whether the predicted distributions are too narrow, and for which question most."""
    overall = evaluation.by_name.get((OVERALL, None, f"coverage_{LEVEL}"))
    if overall is None or overall.value is None:
        return
    held = f"the central {LEVEL} % intervals hold {_percent(overall)} of the votes"
    direction = _direction(overall)
    if not direction:
        yield f"As confident as it should be: {held}."
        return
    word = "Overconfident" if direction < 0 else "Underconfident"
    questions = _known(evaluation, names, f"coverage_{LEVEL}")
    most = min(questions, key=lambda one: -direction * (one.value or 0.0), default=None)
    where = "" if most is None else f", and {_percent(most)} for {most.question}"
    yield f"{word}: {held}{where}."


def _direction(coverage: Metric) -> int:
    """-1 where too few votes are held, 1 where too many, 0 where neither is sure and matters."""
    wanted = LEVEL / 100
    if coverage.low is None or coverage.high is None or coverage.value is None:
        return 0
    if abs(coverage.value - wanted) < MATTERS:
        return 0
    return -1 if coverage.high < wanted else int(coverage.low > wanted)


def _is_biased(one: Metric) -> bool:
    if one.value is None or one.low is None or one.high is None:
        return False
    return abs(one.value) >= BIASED and not one.low <= 0.0 <= one.high


def _of_classes(evaluation: ClassEvaluation) -> Iterator[str]:
    f1 = [
        one
        for one in evaluation.metrics
        if one.metric == "f1" and one.answer is not None and one.value is not None
    ]
    if len(f1) > 1:
        ordered = sorted(f1, key=lambda one: one.value or 0.0)
        yield (
            f"Best at {ordered[-1].answer} (F1 {with_interval(ordered[-1])}), worst at "
            f"{ordered[0].answer} (F1 {with_interval(ordered[0])})."
        )
    confidence, accuracy = (
        evaluation.by_name[OVERALL, None, name] for name in ("confidence", "accuracy")
    )
    if confidence.value is None or accuracy.low is None or accuracy.high is None:
        return
    sure = f"the most probable class has {_percent(confidence)} on average, and is right"
    if confidence.value > accuracy.high:
        yield f"Overconfident: {sure} in {_percent(accuracy)} of cases."
    elif confidence.value < accuracy.low:
        yield f"Underconfident: {sure} in {_percent(accuracy)} of cases."
    else:
        yield f"As confident as it should be: {sure} in {_percent(accuracy)} of cases."


def _of_values(evaluation: ValueEvaluation) -> Iterator[str]:
    for name in evaluation.rows:
        bias = evaluation.by_name[name, None, "bias"]
        if bias.low is not None and bias.high is not None and not bias.low <= 0.0 <= bias.high:
            high = "high" if (bias.value or 0.0) > 0 else "low"
            of_target = "" if name == OVERALL else f" of {name}"
            yield f"Predictions{of_target} are too {high}: by {with_interval(bias)} on average."
    width = evaluation.by_name.get((OVERALL, None, "pull_width"))
    if width is not None and width.low is not None and width.high is not None:
        if width.low > 1.0:
            yield f"The standard deviations are too small: the pull is {with_interval(width)} wide."
        elif width.high < 1.0:
            yield f"The standard deviations are too large: the pull is {with_interval(width)} wide."


def made_of(evaluation: Evaluation) -> str:
    """Which predictions against which votes, as far as the evaluation knows."""
    predictions = evaluation.provenance.predictions
    files = "predictions" if predictions is None else ", ".join(predictions.names)
    votes = str(evaluation.settings.get("votes_fingerprint"))
    galaxies = count(evaluation.galaxies)
    return f"{files} against votes with the fingerprint {votes}, {galaxies} galaxies."


def _known(evaluation: Evaluation, names: Sequence[str], metric: str) -> list[Metric]:
    """The number of each question that has it, of galaxies enough."""
    found = [evaluation.by_name[name, None, metric] for name in names]
    return [one for one in found if one.value is not None and (one.N or 0) >= FEWEST_GALAXIES]


def _percent(metric: Metric) -> str:
    return f"{with_interval(metric, 100)} %"
