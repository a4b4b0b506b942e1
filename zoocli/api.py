"""The functions that do from Python what the commands do."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

import pyarrow as pa

from zoocli.errors import UsageError, ZoocliWarning, in_python
from zoocli.evaluating.comparing.rank import rank_models
from zoocli.evaluating.comparing.ranked import Ranking
from zoocli.evaluating.evaluation import Evaluation, merge_evaluations
from zoocli.evaluating.job import EvaluateJob
from zoocli.foundation.option_checks import as_tuple
from zoocli.products.catalog.job import CatalogJob
from zoocli.products.galaxy import ShownGalaxy, show_galaxy
from zoocli.runs.job import run_here
from zoocli.runs.merging import require_coverage
from zoocli.runs.options.catalog import CatalogOptions
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.options.fit import FitOptions
from zoocli.runs.options.keywords import (
    CatalogKeywords,
    EvaluateKeywords,
    FitKeywords,
    PredictKeywords,
    ScoreKeywords,
)
from zoocli.runs.options.predict import PredictOptions
from zoocli.runs.options.score import ScoreOptions
from zoocli.schema import Schema
from zoocli.schema import detect_schema as schema_of_columns
from zoocli.scoring.checking import Check
from zoocli.scoring.checking import check as check_inputs
from zoocli.scoring.job import ScoreJob
from zoocli.scoring.summaries.merge import merge_summaries
from zoocli.scoring.summaries.summary import Summary
from zoocli.tables import open_table
from zoocli.tables.sources import FilePath, TableLike, TablesLike
from zoocli.tables.writing.drafts import is_device, try_writing
from zoocli.tables.writing.guards import refuse_inputs
from zoocli.tables.writing.sinks import DeviceSink, FileSink, MemorySink, NullSink, Sink

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zoocli.heads.fitting import Fit


Function = TypeVar("Function", bound=Callable[..., Any])


def _with_options(*kinds: type) -> Callable[[Function], Function]:
    """Shows a function's options in its signature, where notebooks and editors complete them."""

    def shown(function: Function) -> Function:
        found = signature(function)
        own = [one for one in found.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        names = {one.name for one in own}
        options = [
            Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type)
            for kind in kinds
            for one in fields(kind)
            if one.name not in (*names, "score")
        ]
        function.__dict__["__signature__"] = found.replace(parameters=[*own, *options])
        return function

    return shown


@overload
def score(
    predictions: TablesLike,
    votes: TableLike,
    schema: str | Path | Schema | None = None,
    *,
    output: None = None,
    **options: Unpack[ScoreKeywords],
) -> pa.Table: ...


@overload
def score(
    predictions: TablesLike,
    votes: TableLike,
    schema: str | Path | Schema | None = None,
    *,
    output: FilePath,
    **options: Unpack[ScoreKeywords],
) -> Summary: ...


@_with_options(ScoreOptions)
def score(
    predictions: TablesLike,
    votes: TableLike,
    schema: str | Path | Schema | None = None,
    *,
    output: FilePath | None = None,
    **options: Unpack[ScoreKeywords],
) -> pa.Table | Summary:
    """One loss per galaxy and question: what `zoocli score` writes, as an Arrow table.

    loss = -ln P(votes | concentrations), in nats, of the Dirichlet-multinomial distribution of
    each question (Walmsley et al. 2022, MNRAS 509, 3966); a galaxy's `loss` is the sum over its
    questions. A question without votes has the loss 0.0 exactly.

    `predictions` (or a list of its parts) and `votes` are paths, pandas DataFrames, Arrow
    tables or astropy Tables; `schema` is a built-in name, a YAML file or a `Schema`, by default
    the one that fits the columns. `options` are those of the command line with underscores, such
    as loss="ce", on_invalid="null" or keep=["redshift"]; `zoocli.runs.options.score` lists them.

    The table has the id, kept columns, `loss`, then `<question>_loss` (float64, null where a
    prediction is invalid) and `<question>_total-votes` (int32), one row per matched galaxy in the
    order of the predictions. Its metadata carry the signature, and `zoocli.summarize` reads them.
    What the user should know (unmatched galaxies, say) comes as a ZoocliWarning.

    With `output`, the table is written to that file batch by batch, in memory that does not grow
    with it, and the result is its `Summary`. The file's ending names the format (.parquet, .csv,
    .arrow, .jsonl, .fits, .ecsv and so on), and it appears whole or not at all.

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
    made = ScoreOptions(schema=schema, **_known("score", options, ScoreOptions))
    with _sink(output, predictions, votes, schema, made.ensemble, made.with_, made.only) as sink:
        scoring = run_here(ScoreJob(predictions, votes, made), sink)
        sink.commit(scoring.metadata())
    _warn(scoring.notes)
    return sink.table if isinstance(sink, MemorySink) else Summary.of_scoring(scoring)


@_with_options(ScoreOptions)
def check(
    predictions: TablesLike,
    votes: TableLike,
    schema: str | Path | Schema | None = None,
    **options: Unpack[ScoreKeywords],
) -> Check:
    """All that is wrong with predictions and votes, as `zoocli check` finds it; writes nothing.

    Arguments as for `score`. The result's `fine` says whether `score` would succeed, `errors` what
    would stop it, `invalid` the invalid values by column with the first ids, `contradictions`
    the questions with more votes than the tree allows, and `notes` what `score` would warn of.
    What scoring would not have come to is None or empty.

    Raises UsageError for wrong options and MachineError where the machine lacks something; what is
    wrong with the data is in the result.

    >>> import pandas as pd
    >>> concentrations = pd.DataFrame({"id": ["a"], "ring_yes": [-3.0], "ring_no": [1.0]})
    >>> votes = pd.DataFrame({"id": ["a"], "ring_yes": [2], "ring_no": [0]})
    >>> found = check(concentrations, votes, schema="gz-rings")
    >>> found.fine, [(one.column, one.count, one.first_ids) for one in found.invalid]
    (False, [('ring_yes', 1, ('a',))])
    """
    made = ScoreOptions(schema=schema, **_known("check", options, ScoreOptions))
    return check_inputs(predictions, votes, made).said(in_python)


@_with_options(ScoreOptions)
def show(
    galaxy: str,
    predictions: TablesLike,
    votes: TableLike,
    schema: str | Path | Schema | None = None,
    **options: Unpack[ScoreKeywords],
) -> ShownGalaxy:
    """One galaxy, question by question: votes, predicted fractions, losses; as `zoocli show`.

    Arguments as for `score`. Each of the result's `questions` has its `loss` in nats, and beside it
    what the prediction itself expects of as many votes: the mean loss of 2,000 draws (`expected`),
    and the `share` of them with a loss at least as high; its `answers` have votes, the predicted
    fraction and its central 90 % interval. `worst` is the question that adds most above what is
    expected. What is absent is None.

    Raises UsageError for a loss without a tree, DataError where a table lacks the galaxy; else as
    `score`.

    >>> import pandas as pd
    >>> concentrations = pd.DataFrame({"id": ["a"], "ring_yes": [3.0], "ring_no": [1.0]})
    >>> votes = pd.DataFrame({"id": ["a"], "ring_yes": [2], "ring_no": [0]})
    >>> found = show("a", concentrations, votes, schema="gz-rings")
    >>> ring = found.questions[0]
    >>> round(found.loss, 6), ring.votes, ring.answers[0].predicted
    (0.510826, 2, 0.75)
    """
    made = ScoreOptions(schema=schema, **_known("show", options, ScoreOptions))
    found = show_galaxy(galaxy, predictions, votes, made)
    _warn(found.notes)
    return replace(found, notes=tuple(map(in_python, found.notes)))


@_with_options(ScoreOptions, EvaluateOptions)
def evaluate(
    predictions: TablesLike,
    votes: TableLike,
    schema: str | Path | Schema | None = None,
    **options: Unpack[EvaluateKeywords],
) -> Evaluation:
    """What `zoocli evaluate` finds: losses, errors and classification, with intervals.

    `predictions`, `votes` and `schema` as for `score`; `options` are those of the command line
    with underscores, such as profile="decals", min_votes=10 or seed=1: those of `score`, and
    those that `zoocli.runs.options.evaluate` lists. With loss="ce", "mse" or "l1", `votes`
    have labels or values, and there is no schema.

    The result's `metrics` are every number with its 95 % interval (a jackknife over
    galaxies) and its N; `by_name[question, answer, metric]` finds one, `to_pandas()` makes a table
    of them. What is absent, such as a number on no galaxies, is None. Losses of concentrations and
    classes are in nats. Formulas and sources: docs/evaluation.md.

    Raises UsageError, DataError or MachineError as the command exits with 2, 3 or 4.

    >>> import pandas as pd
    >>> concentrations = pd.DataFrame({"id": ["a"], "ring_yes": [3.0], "ring_no": [1.0]})
    >>> votes = pd.DataFrame({"id": ["a"], "ring_yes": [2], "ring_no": [2]})
    >>> found = evaluate(concentrations, votes, schema="gz-rings")
    >>> found.by_name["ring", "ring_yes", "bias"].value
    0.25
    """
    made = _evaluate_options("evaluate", schema, options)
    evaluation = run_here(EvaluateJob.of(predictions, votes, made), NullSink())
    _warn([*evaluation.notes, *evaluation.doubts])
    return evaluation


def figures(evaluation: Evaluation) -> dict[str, Figure]:
    """The figures of an evaluation, as matplotlib has them, by their names, in the report's order.

    What `zoocli evaluate -o DIR` writes as `figures/NAME.pdf`. They are 3.4 inches wide, a column
    of a journal, belong to no window, and are yours to change: `figure.axes`, `figure.savefig`.

    Raises MachineError where matplotlib is not installed.

    >>> import pandas as pd
    >>> concentrations = pd.DataFrame({"id": ["a"], "ring_yes": [3.0], "ring_no": [1.0]})
    >>> votes = pd.DataFrame({"id": ["a"], "ring_yes": [2], "ring_no": [2]})
    >>> found = figures(evaluate(concentrations, votes, schema="gz-rings"))
    >>> sorted(found)[:3], float(found["reliability"].get_figwidth())
    (['confusion-ring', 'coverage', 'deviance_explained'], 3.4)
    """
    from zoocli.report.figures import draw_evaluation, require

    require("figures()")
    return {one.name: one.figure for one in draw_evaluation(evaluation, ())}


@_with_options(ScoreOptions, EvaluateOptions)
def rank(
    models: Mapping[str, TablesLike],
    votes: TableLike,
    schema: str | Path | Schema | None = None,
    **options: Unpack[EvaluateKeywords],
) -> Ranking:
    """Several models at once against the same votes, the best first: what `zoocli rank` finds.

    `models` maps the name of each to its predictions; `votes`, `schema` and `options` are as for
    `evaluate`. The galaxies are those that all models have (`left_out` counts the others), so each
    model's `evaluation` is that of `evaluate` on these galaxies. `rank` 1 has the lowest mean loss;
    models whose `group` has a letter in common are not distinguishable at 0.05. A `difference` is
    the mean loss minus that of the best model, with a 95 % jackknife interval, the p-value of the
    paired randomisation test over 1,024 buckets of galaxies, and that p adjusted for all models
    (Holm 1979). Losses of concentrations and classes are in nats; what is absent is None.

    Raises UsageError for fewer than two models, an ensemble, and `on_invalid="null"`, which would
    give models other galaxies; DataError where no galaxy is in all of them; else as `evaluate`.

    >>> import pandas as pd
    >>> ids = [f"galaxy {number}" for number in range(100)]
    >>> votes = pd.DataFrame({"id": ids, "ring_yes": [9, 1] * 50, "ring_no": [1, 9] * 50})
    >>> sharp = pd.DataFrame({"id": ids, "ring_yes": [9.0, 1.0] * 50, "ring_no": [1.0, 9.0] * 50})
    >>> blunt = pd.DataFrame({"id": ids, "ring_yes": [8.0, 2.0] * 50, "ring_no": [2.0, 8.0] * 50})
    >>> found = rank({"blunt": blunt, "sharp": sharp}, votes, schema="gz-rings")
    >>> [(model.name, model.rank, model.group) for model in found.models]
    [('sharp', 1, 'a'), ('blunt', 2, 'b')]
    >>> found.verdicts
    ('sharp is better than all others (p < 1e-10).',)
    """
    made = _evaluate_options("rank", schema, options)
    ranking = rank_models(models, votes, made)
    _warn(ranking.notes)
    return replace(ranking, notes=tuple(map(in_python, ranking.notes)))


def _evaluate_options(
    function: str, schema: str | Path | Schema | None, options: Mapping[str, Any]
) -> EvaluateOptions:
    given = _known(function, options, ScoreOptions, EvaluateOptions)
    own = {name: given.pop(name) for name in _names(EvaluateOptions) if name in given}
    return EvaluateOptions(ScoreOptions(schema=schema, **given), **own)


@overload
def catalog(
    predictions: TablesLike,
    schema: str | Path | Schema | None = None,
    *,
    output: None = None,
    **options: Unpack[CatalogKeywords],
) -> pa.Table: ...


@overload
def catalog(
    predictions: TablesLike,
    schema: str | Path | Schema | None = None,
    *,
    output: FilePath,
    **options: Unpack[CatalogKeywords],
) -> None: ...


@_with_options(CatalogOptions)
def catalog(
    predictions: TablesLike,
    schema: str | Path | Schema | None = None,
    *,
    output: FilePath | None = None,
    **options: Unpack[CatalogKeywords],
) -> pa.Table | None:
    """Predicted vote fractions: what `zoocli catalog` writes, as an Arrow table.

    For a question with concentrations a_1..a_K (sum A), `<answer>_fraction` is a_j / A, the mean
    over the passes where there are several. The proportion asked of a question is 1 for a root, and
    else the sum over the answers it is asked after of (fraction x proportion asked of that answer's
    question). A fraction is null where the proportion asked is below `asked_threshold` (0.5).

    With advanced=True all fractions are there, followed by `<answer>_90pc-lower` and
    `<answer>_90pc-upper`, the ends of the central credible interval of level 0.9 (`level`) of
    Beta(a_j, A - a_j), or of the equal-weight mixture of the passes' Betas (within 1e-9); with
    intervals="zoobot", the median of the passes' ends. `<answer>_proportion-asked` is last.

    `predictions` (or a list of its parts) is a path, a pandas DataFrame, an Arrow table or an
    astropy Table; a cell is a concentration or a list of passes. `schema` is as for `score`;
    `zoocli.runs.options.catalog` lists the options. Columns are float64. Values that no
    Dirichlet distribution has are a DataError, or with on_invalid="null" a null in that question's
    answers and in the proportion asked of what follows them. What the user should know comes as a
    ZoocliWarning.

    With `output`, the table is written to that file as `score` writes one, and nothing is returned.

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
    made = CatalogOptions(schema=schema, **_known("catalog", options, CatalogOptions))
    with _sink(output, predictions, schema) as sink:
        done = run_here(CatalogJob(predictions, made), sink)
        sink.commit(done.metadata())
    _warn(done.notes)
    return sink.table if isinstance(sink, MemorySink) else None


@overload
def predict(
    features: TablesLike,
    head: FilePath,
    schema: str | Path | Schema | None = None,
    *,
    output: None = None,
    **options: Unpack[PredictKeywords],
) -> pa.Table: ...


@overload
def predict(
    features: TablesLike,
    head: FilePath,
    schema: str | Path | Schema | None = None,
    *,
    output: FilePath,
    **options: Unpack[PredictKeywords],
) -> None: ...


@_with_options(PredictOptions)
def predict(
    features: TablesLike,
    head: FilePath,
    schema: str | Path | Schema | None = None,
    *,
    output: FilePath | None = None,
    **options: Unpack[PredictKeywords],
) -> pa.Table | None:
    """What a trained linear head predicts: activation(W x + b), as `zoocli predict` writes it.

    `features` (or a list of its parts) is a path, a pandas DataFrame, an Arrow table or an astropy
    Table, with an id and columns `feat_0`, `feat_1` and so on, or one column of lists. `head` is a
    file that `fit` wrote, a state dict or a Lightning checkpoint (only its weights are read:
    nothing in it is run). `schema` names the outputs, as `classes` does for others. `options` are
    those of the command line with underscores; `zoocli.runs.options.predict` lists them. What the
    head's file says is the default, and contradicting it a UsageError.

    The table has the id, kept columns, and one float64 column per output, one row per galaxy in the
    order of the features. `activation` is "none", "sigmoid", "softmax" or "dirichlet" (100 x
    sigmoid + 1: concentrations). With `samples` N each cell is a list of N passes with dropout on
    (Gal and Ghahramani 2016, arXiv:1506.02142), which follow from `seed` and the id alone.

    With `output`, the table is written to that file as `score` writes one, and nothing is returned.

    Raises DataError for features that are missing, NaN, infinite or not as many as the head takes,
    and for a head that cannot be read; UsageError and MachineError as the command exits with 2, 4.

    >>> import tempfile, pathlib, torch
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = pathlib.Path(folder.name) / "head.pt"
    >>> torch.save({"linear.weight": torch.ones(2, 1), "linear.bias": torch.zeros(2)}, file)
    >>> table = pa.table({"id": ["a"], "feat_0": [0.0]})
    >>> predict(table, file, schema="gz-rings", activation="dirichlet").to_pylist()
    [{'id': 'a', 'ring_yes': 51.0, 'ring_no': 51.0}]
    >>> folder.cleanup()
    """
    from zoocli.products.prediction.job import PredictJob  # torch takes a second to import

    made = PredictOptions(schema=schema, **_known("predict", options, PredictOptions))
    with _sink(output, features, head, schema) as sink:
        done = run_here(PredictJob(features, head, made), sink)
        sink.commit(done.metadata())
    _warn(done.notes)
    return sink.table if isinstance(sink, MemorySink) else None


@_with_options(FitOptions)
def fit(
    features: TablesLike,
    votes: TableLike,
    output: FilePath,
    schema: str | Path | Schema | None = None,
    **options: Unpack[FitKeywords],
) -> Fit:
    """Trains a linear head to predict votes from features, and writes it, as `zoocli fit` does.

    It minimises the mean loss of a galaxy, for the Dirichlet-multinomial the sum over questions of
    -ln P(votes | 100 sigmoid(W x + b) + 1) in nats, with Adam (Kingma and Ba 2015,
    arXiv:1412.6980). It starts from the best constant prediction, and stops when the loss of the
    galaxies held out has not improved for `patience` epochs. Which galaxies these are follows from
    their ids.

    `features` (or a list of its parts) and `votes` are paths, pandas DataFrames, Arrow tables or
    astropy Tables, matched by exact id; galaxies without any votes, without a label or with a null
    or NaN target are left out. `schema` is by default the one that fits the columns of the votes.
    `options` are those of the command line with underscores; `zoocli.runs.options.fit` lists them.
    All that is matched is held in memory, the features as float32.

    `output` is a safetensors file: `linear.weight` (outputs, features) and `linear.bias` (outputs,)
    for features as they are (they are standardised inside), and what `predict` needs to know as
    its metadata. The same inputs and `seed` give the same bytes on the same machine's CPU.

    Raises DataError for invalid votes or features, UsageError for wrong options and for a learning
    rate at which the loss becomes infinite, MachineError where memory does not suffice or the file
    cannot be written.

    >>> import tempfile
    >>> ids, edge_on = [f"g{number}" for number in range(60)], [0.0, 1.0] * 30
    >>> features = pa.table({"id": ids, "feat_0": edge_on})
    >>> votes = pa.table({"id": ids, "ring_yes": [9, 1] * 30, "ring_no": [1, 9] * 30})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = fit(features, votes, f"{folder}/head.safetensors", learning_rate=0.1)
    ...     table = predict(features, f"{folder}/head.safetensors")
    >>> done.training + done.held_out, done.overall.gain > 0.1  # nats per galaxy held out
    (60, True)
    >>> table.column_names, table["ring_yes"][0].as_py() > table["ring_yes"][1].as_py()
    (['id', 'ring_yes', 'ring_no'], True)
    """
    from zoocli.heads.files import write_head
    from zoocli.heads.fitting import fit_head  # torch takes a second to import

    made = FitOptions(schema=schema, **_known("fit", options, FitOptions))
    refuse_inputs(Path(output), _paths(features, votes, schema))
    try_writing(Path(output))
    done = fit_head(features, votes, made)
    write_head(output, done.head, done.metadata)
    _warn(done.notes)
    return replace(done, notes=tuple(map(in_python, done.notes)))


def detect_schema(*tables: TableLike) -> Schema:
    """The built-in schema whose answers all the tables have as columns, as `zoocli schema detect`.

    Of several that fit, the one whose answers contain those of all the others. `tables` are paths,
    pandas DataFrames, Arrow tables or astropy Tables; only their column names are looked at.

    Raises DataError where no schema fits (the message names the nearest), and where several fit of
    which none contains the others.

    >>> detect_schema(pa.table({"id": ["a"], "ring_yes": [2], "ring_no": [0]}))
    <Schema gz-rings: 1 questions, 2 answers>
    """
    return schema_of_columns(*(open_table(table).column_names for table in tables))


@overload
def merge(parts: Sequence[Summary]) -> Summary: ...


@overload
def merge(parts: Sequence[Evaluation]) -> Evaluation: ...


@overload
def merge(parts: Sequence[FilePath]) -> Summary | Evaluation: ...


def merge(parts: Sequence[Summary | Evaluation | FilePath]) -> Summary | Evaluation:
    """The whole, from the summaries or the evaluations of disjoint parts, as `zoocli merge`.

    A part is a `Summary` or the JSON file of one, or else an `Evaluation` or the directory of one
    that `zoocli evaluate -o DIR` wrote. Counts add up exactly, sums of losses (nats for a
    log-likelihood) with one rounding, and every other number is computed from the sums anew, so
    intervals too are those of the whole. What is None in some part is None in the whole. What the
    user should know is in the result's `notes`.

    Raises UsageError where there is nothing to merge or the parts are of both kinds; DataError,
    which names the part, where loss, schema, settings or votes differ, where parts overlap, and
    where shards are missing or repeated.

    >>> import pandas as pd
    >>> ids, votes = ["a", "b"], {"ring_yes": [2, 4], "ring_no": [2, 0]}
    >>> concentrations = pd.DataFrame({"id": ids, "ring_yes": [3.0, 5.0], "ring_no": [1.0, 2.0]})
    >>> with warnings.catch_warnings(action="ignore"):  # each part lacks a galaxy of the votes
    ...     parts = [evaluate(concentrations[rows], pd.DataFrame({"id": ids} | votes))
    ...              for rows in (slice(0, 1), slice(1, 2))]
    >>> [one.galaxies for one in (*parts, merge(parts))]
    [1, 1, 2]
    """
    found = [_read_part(part) for part in as_tuple(parts)]
    evaluations = [part for part in found if isinstance(part, Evaluation)]
    summaries = [part for part in found if isinstance(part, Summary)]
    if evaluations and summaries:
        raise UsageError("Some parts are summaries and others evaluations. Merge each kind alone.")
    if evaluations:
        return merge_evaluations(evaluations)
    merged = merge_summaries(summaries)
    names = [part.file or f"part {number}" for number, part in enumerate(summaries, start=1)]
    require_coverage(names, [part.provenance for part in summaries])
    return merged


def _read_part(part: Summary | Evaluation | FilePath) -> Summary | Evaluation:
    if isinstance(part, Summary | Evaluation):
        return part
    if Path(part).is_dir():
        from zoocli.evaluating.sums_file import read_sums

        return read_sums(Path(part))
    from zoocli.scoring.summaries.summary_file import read_summary

    return read_summary(part)


def _known(function: str, options: Mapping[str, Any], *kinds: type) -> dict[str, Any]:
    """The options as they are; UsageError for one that there is not."""
    known = [name for kind in kinds for name in _names(kind)]
    unknown = sorted(options.keys() - set(known))
    if unknown:
        raise UsageError(
            f"{function}() has no option '{unknown[0]}'. Its options are {', '.join(known)}."
        )
    return dict(options)


def _names(kind: type) -> list[str]:
    """The keywords for a dataclass of options; those of a score are given one by one."""
    return [field.name for field in fields(kind) if field.name != "score"]


def _sink(output: FilePath | None, *inputs: object) -> Sink:
    """Where the table goes; UsageError for a file that is also an input."""
    if output is None:
        return MemorySink()
    target = Path(output)
    refuse_inputs(target, _paths(*inputs))
    if is_device(target):
        return DeviceSink(target, "csv")
    return FileSink(target)


def _paths(*inputs: object) -> list[str]:
    """The paths among the inputs and the parts of inputs."""
    parts = [part for one in inputs for part in (one if isinstance(one, list | tuple) else [one])]
    return [os.fspath(part) for part in parts if isinstance(part, str | os.PathLike)]


def _warn(notes: Iterable[str]) -> None:
    """Warns where the public function was called."""
    for note in notes:
        warnings.warn(note, ZoocliWarning, stacklevel=3)
