"""Finds all problems of predictions and votes in one run, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from zoocli.errors import DataError
from zoocli.foundation.resources import Resources
from zoocli.foundation.version import SCHEMA_VERSION
from zoocli.losses import find_loss
from zoocli.matching.account import Matching
from zoocli.matching.findings import FIRST, Findings
from zoocli.matching.ids import IdColumn
from zoocli.matching.naming import find_schema
from zoocli.runs.job import Progress, silent
from zoocli.runs.options.score import ScoreOptions
from zoocli.scoring.finishing import finished
from zoocli.scoring.inputs import Inputs, find_ids, find_sides, hold_inputs, new_scorer, open_votes
from zoocli.scoring.scorers.tree import TreeScorer
from zoocli.scoring.scores import write_scores
from zoocli.tables import Table, open_tables
from zoocli.tables.sources import TableLike, TablesLike
from zoocli.tables.writing.sinks import NullSink


@dataclass(frozen=True)
class CheckedTable:
    """One of the tables; `rows` is None where the table was not read to its end.

    `used`: the columns that are read as predictions, or as votes or labels; none where it did not
    come to that.
    """

    name: str
    format: str
    rows: int | None
    columns: int
    id_column: str | None
    used: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invalid:
    """Invalid values of one kind in one column, or votes that contradict the tree (a note)."""

    file: str
    column: str
    problem: str
    count: int
    first_ids: tuple[str, ...]


@dataclass
class Check:
    """The findings. `errors` are the errors at which `zoocli score` would stop.

    `detected` says that the schema follows from the columns; `voted` is the share of the galaxies
    in VOTES that have votes for each question.
    """

    predictions: CheckedTable | None = None
    votes: CheckedTable | None = None
    schema: str | None = None
    detected: bool = False
    voted: dict[str, float] = field(default_factory=dict)
    matching: Matching | None = None
    invalid: list[Invalid] = field(default_factory=list)
    contradictions: list[Invalid] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether `zoocli score` would succeed."""
        return not self.errors

    def said(self, spelled: Callable[[str], str]) -> Check:
        """With the options in errors and notes as `in_python` or `in_command` spell them."""
        errors, notes = (list(map(spelled, texts)) for texts in (self.errors, self.notes))
        return replace(self, errors=errors, notes=notes)

    def to_dict(self) -> dict[str, Any]:
        """The content of the JSON report, key for key."""
        return {"schema_version": SCHEMA_VERSION, "fine": self.fine, **asdict(self)}


def check(
    predictions: TablesLike,
    votes: TableLike,
    options: ScoreOptions,
    progress: Progress = silent,
) -> Check:
    """Runs everything that scoring runs except writing, past the errors that would stop it.

    Raises UsageError for wrong options and MachineError where the machine lacks something; problems
    of the data are in the result.
    """
    resources = Resources.available(options.threads, options.memory_limit)
    found = Check()
    with resources.applied():
        tables = _open(found, predictions, votes, options, resources)
        if tables is None:
            return found
        inputs = _read(found, tables, options, resources)
        if inputs is not None:
            _score(found, inputs, progress)
    return found


def _open(
    found: Check,
    predictions: TablesLike,
    votes: TableLike,
    options: ScoreOptions,
    resources: Resources,
) -> tuple[Table, Table] | None:
    tables = []
    opening: Sequence[Callable[[], Table]] = (
        lambda: open_tables(predictions, resources, "the predictions"),
        lambda: open_votes(votes, options, resources),
    )
    for opened in opening:
        try:
            tables.append(opened())
        except DataError as error:
            found.errors.append(error.message)
    return (tables[0], tables[1]) if len(tables) == 2 else None


def _read(
    found: Check, tables: tuple[Table, Table], options: ScoreOptions, resources: Resources
) -> Inputs | None:
    """All that scoring does before it reads PREDICTIONS; None where it would stop earlier."""
    ids = None
    try:
        ids = find_ids(tables, options)
    except DataError as error:
        found.errors.append(error.message)
    found.predictions, found.votes = (
        _side(table, None if ids is None else ids[number]) for number, table in enumerate(tables)
    )
    try:
        if ids is None:
            found.schema = _schema_alone(tables, options)
            return None
        scorer = new_scorer(tables, ids, options)
        found.schema = scorer.schema_name
        found.detected = scorer.schema_name is not None and options.schema is None
        found.predictions = replace(found.predictions, used=tuple(scorer.prediction_columns))
        found.votes = replace(found.votes, used=tuple(scorer.vote_columns))
        return hold_inputs(tables, ids, scorer, options, resources)
    except DataError as error:
        found.errors.append(error.message)
        return None


def _side(table: Table, ids: IdColumn | None) -> CheckedTable:
    return CheckedTable(
        name=table.name,
        format=table.format,
        rows=table.rows,
        columns=len(table.column_names),
        id_column=None if ids is None else ids.column,
    )


def _schema_alone(tables: tuple[Table, Table], options: ScoreOptions) -> str | None:
    """The schema that fits, where the id columns are unknown."""
    if find_loss(options.loss).scores != "tree":
        return None
    sides = find_sides(*tables, options)
    schema = find_schema(sides, options.schema, options.questions)
    for side in sides:
        side.find(schema)
    return schema.name


def _score(found: Check, inputs: Inputs, progress: Progress) -> None:
    of_votes = inputs.held.findings
    try:
        totals = write_scores(inputs, NullSink(), progress)
    except DataError as error:
        found.errors.append(error.message)
        found.invalid += _invalid(of_votes)
        return
    found.matching = totals.matching(inputs)
    assert found.predictions is not None and found.votes is not None
    found.predictions = replace(found.predictions, rows=totals.rows)
    if inputs.only is None:
        found.votes = replace(found.votes, rows=len(inputs.held.index))
    found.invalid += [*_invalid(of_votes), *_invalid(totals.findings)]
    for findings in (of_votes, totals.findings):
        try:
            findings.raise_if_any()
        except DataError as error:
            found.errors.append(error.message)
    totals.findings = Findings(totals.findings.name)  # already reported; are there other errors?
    try:
        found.notes += finished(inputs, totals).notes
    except DataError as error:
        found.errors.append(error.message)
    if isinstance(inputs.scorer, TreeScorer):
        found.voted = _voted(inputs, inputs.scorer)
        found.contradictions += _contradictions(inputs, inputs.scorer)


def _invalid(findings: Findings) -> Iterator[Invalid]:
    for problem, columns in findings.found.items():
        for column, one in columns.items():
            yield Invalid(findings.name, column, problem.what, one.count, tuple(one.first_ids))


def _voted(inputs: Inputs, scorer: TreeScorer) -> dict[str, float]:
    """The share of the held galaxies that have votes for each question."""
    counts = inputs.held.values
    return {
        question.name: float(counts[:, question.columns].any(axis=1).mean())
        for question in scorer.schema.questions
    }


def _contradictions(inputs: Inputs, scorer: TreeScorer) -> Iterator[Invalid]:
    """Questions with more votes than all their parent answers together."""
    counts = inputs.held.values
    positions = {answer: place for place, answer in enumerate(scorer.schema.label_cols)}
    for question in scorer.schema.questions:
        if not question.asked_after:
            continue
        parents = [positions[answer] for answer in question.asked_after]
        asked = counts[:, parents].sum(axis=1, dtype=np.int64)
        rows = np.flatnonzero(counts[:, question.columns].sum(axis=1, dtype=np.int64) > asked)
        if len(rows):
            yield Invalid(
                inputs.votes.name,
                question.name,
                "galaxies with more votes than its parent answers have",
                len(rows),
                tuple(inputs.held.index.text(rows[:FIRST])),
            )
