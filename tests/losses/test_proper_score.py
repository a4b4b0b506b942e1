"""The loss is a proper score: over many votes nothing scores better than the truth."""

from __future__ import annotations

import pytest

import zoocli
from zoocli.runs.job import run_here
from zoocli.runs.options.score import ScoreOptions
from zoocli.scoring.job import ScoreJob
from zoocli.scoring.summaries.summary import Summary
from zoocli.tables.writing.sinks import NullSink

SCHEMA = "decals-dr5-ortho"
BLURS = (0.1, 0.3, 1.0)
GALAXIES = 25_000


@pytest.fixture(scope="module")
def summaries(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Summary]:
    """The summary of the true concentrations (blur 0) and of each blur, against the same votes."""
    folder = tmp_path_factory.mktemp("proper")
    made = zoocli.simulate(folder, schema=SCHEMA, galaxies=GALAXIES, seed=2, blur=BLURS)
    files = {0.0: made.predictions, **made.blurred}
    options = ScoreOptions(schema=SCHEMA)
    return {
        blur: Summary.of_scoring(run_here(ScoreJob(path, made.votes, options), NullSink()))
        for blur, path in files.items()
    }


def test_there_are_more_than_a_million_votes(summaries: dict[float, Summary]) -> None:
    votes = summaries[0.0].overall.votes
    assert votes is not None and votes > 1_000_000
    assert all(summary.overall.votes == votes for summary in summaries.values())


def test_the_truth_scores_best_on_every_question(summaries: dict[float, Summary]) -> None:
    truth = summaries[0.0]
    for question, best in truth.questions.items():
        means = [summaries[blur].questions[question].mean for blur in (0.0, *BLURS)]
        assert best.mean == means[0] and None not in means
        assert means == sorted(means), question  # and the more blurred, the worse
        assert len(set(means)) == len(means)
    overall = [summaries[blur].overall.mean_all for blur in (0.0, *BLURS)]
    assert overall == sorted(overall)
