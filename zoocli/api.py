"""Scoring, evaluating and cataloguing from Python."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import Any

import pyarrow as pa

from zoocli.cataloguing import CatalogOptions, catalog_into
from zoocli.errors import UsageError, ZoocliWarning
from zoocli.evaluating import EvaluateOptions, evaluate_into
from zoocli.scoring import ScoreOptions, score_into
from zoocli.statistics.evaluation.evaluation import Evaluation
from zoocli.tables.sinks import MemorySink


def score(predictions: Any, votes: Any, schema: Any = None, **options: Any) -> pa.Table:
    """One loss a galaxy and question: what `zoocli score` writes, as an Arrow table.

    loss = -ln P(votes | concentrations), in nats, of the Dirichlet-multinomial distribution of
    each question (Walmsley et al. 2022, MNRAS 509, 3966); a galaxy's `loss` is the sum over its
    questions. A question without votes has the loss 0.0 exactly.

    `predictions` (or a list of its parts) and `votes` are paths, pandas DataFrames, Arrow
    tables or astropy Tables; `schema` a built-in name, a YAML file or a `Schema`, and by default
    told from the columns. `options` are those of the command line with underscores, such as
    loss="ce", on_invalid="null" or keep=["redshift"].

    The table has the id, kept columns, `loss`, then `<question>_loss` (float64, null where a
    prediction is invalid) and `<question>_total-votes` (int32), one row a matched galaxy in the
    order of the predictions. Its metadata carry the signature, and `zoocli.summarize` reads them.
    What the user should know (unmatched galaxies, say) comes as a ZoocliWarning.

    Raises UsageError, DataError or MachineError as the command exits with 2, 3 or 4.

    >>> import pandas as pd
    >>> concentrations = pd.DataFrame({"id": ["a"], "ring_yes": [3.0], "ring_no": [1.0]})
    >>> votes = pd.DataFrame({"id": ["a"], "ring_yes": [2], "ring_no": [0]})
    >>> table = score(concentrations, votes, schema="gz-rings")
    >>> round(table["loss"][0].as_py(), 6)  # -ln(3/4 * 4/5)
    0.510826
    >>> table["ring_total-votes"].to_pylist()
    [2]
    """
    _refuse_unknown("score", options, _names(ScoreOptions))
    sink = MemorySink()
    scoring = score_into(sink, predictions, votes, ScoreOptions(schema=schema, **options))
    sink.commit(scoring.metadata())
    _warn(scoring.notes)
    return sink.table


def evaluate(predictions: Any, votes: Any, schema: Any = None, **options: Any) -> Evaluation:
    """What `zoocli evaluate` finds: losses, errors and classification, with intervals.

    `predictions`, `votes` and `schema` as for `score`; `options` are those of the command line
    with underscores, such as profile="decals", min_votes=10 or bootstrap=0. With loss="ce", "mse"
    or "l1", `votes` have labels or values, and there is no schema.

    The result's `metrics` are every number with its 95 % interval (a Poisson bootstrap over
    galaxies) and its N; `by_name[question, answer, metric]` finds one, `to_pandas()` makes a table
    of them. What is absent, such as a number on no galaxies, is None. Losses of concentrations and
    classes are in nats. Formulas and sources: docs/evaluation.md.

    Raises UsageError, DataError or MachineError as the command exits with 2, 3 or 4.

    >>> import pandas as pd
    >>> concentrations = pd.DataFrame({"id": ["a"], "ring_yes": [3.0], "ring_no": [1.0]})
    >>> votes = pd.DataFrame({"id": ["a"], "ring_yes": [2], "ring_no": [2]})
    >>> found = evaluate(concentrations, votes, schema="gz-rings", bootstrap=0)
    >>> found.by_name["ring", "ring_yes", "bias"].value
    0.25
    """
    names = set(_names(ScoreOptions)), set(_names(EvaluateOptions)) - {"score"}
    _refuse_unknown("evaluate", options, sorted(names[0] | names[1]))
    of_score, own = (
        {name: value for name, value in options.items() if name in known} for known in names
    )
    evaluation = evaluate_into(
        predictions, votes, EvaluateOptions(score=ScoreOptions(schema=schema, **of_score), **own)
    )
    _warn(evaluation.notes)
    return evaluation


def catalog(predictions: Any, schema: Any = None, **options: Any) -> pa.Table:
    """Predicted vote fractions: what `zoocli catalog` writes, as an Arrow table.

    For a question with concentrations a_1..a_K (sum A), `<answer>_fraction` is a_j / A, the mean
    over the passes where there are several. The proportion asked of a question is 1 for a root, and
    else the sum over the answers it is asked after of (fraction x proportion asked of that answer's
    question). A fraction is null where the proportion asked is below `asked_threshold` (0.5).

    With advanced=True all fractions are there, followed by `<answer>_90pc-lower` and
    `<answer>_90pc-upper`, the ends of the central credible interval of level 0.9 (`level`) of
    Beta(a_j, A - a_j), or of the equal-weight mixture of the passes' Betas (within 1e-9); with
    intervals="zoobot", the median of the passes' ends. `<answer>_proportion-asked` is last.

    `predictions` (or a list of its parts) is a path, a pandas DataFrame or an Arrow table; a cell
    is a concentration or a list of passes. `schema` is as for `score`, and so are the options that
    both have. Columns are float64. What no Dirichlet distribution has is a DataError, or with
    on_invalid="null" a null in that question's answers and in the proportion asked of what follows
    them. What the user should know comes as a ZoocliWarning.

    Raises UsageError, DataError or MachineError as the command exits with 2, 3 or 4. The two tables
    are those of Zoobot 2.9.0 (Walmsley et al. 2023, JOSS 8, 5312).

    >>> import pandas as pd
    >>> concentrations = pd.DataFrame({"id": ["a"], "ring_yes": [3.0], "ring_no": [1.0]})
    >>> catalog(concentrations, schema="gz-rings").to_pylist()
    [{'id': 'a', 'ring_yes_fraction': 0.75, 'ring_no_fraction': 0.25}]
    >>> table = catalog(concentrations, schema="gz-rings", advanced=True)
    >>> round(table["ring_yes_90pc-lower"][0].as_py(), 6)  # 0.05 ** (1 / 3)
    0.368403
    """
    _refuse_unknown("catalog", options, _names(CatalogOptions))
    sink = MemorySink()
    made = catalog_into(sink, predictions, CatalogOptions(schema=schema, **options))
    sink.commit(made.metadata())
    _warn(made.notes)
    return sink.table


def _names(options: type[ScoreOptions | EvaluateOptions | CatalogOptions]) -> list[str]:
    return [field.name for field in fields(options)]


def _refuse_unknown(function: str, options: Iterable[str], known: Collection[str]) -> None:
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise UsageError(
            f"{function}() has no option '{unknown[0]}'. Its options are {', '.join(known)}."
        )


def _warn(notes: Iterable[str]) -> None:
    """Warns where the public function was called."""
    for note in notes:
        warnings.warn(note, ZoocliWarning, stacklevel=3)
