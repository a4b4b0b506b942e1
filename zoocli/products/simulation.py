"""Predictions and votes with known truth.

A simulated galaxy has true concentrations, and its volunteers vote as the Dirichlet-multinomial
with exactly those concentrations says. So no predictions can score better on average than the
true ones, and what a score or a calibration should be is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zoocli.errors import MachineError
from zoocli.foundation.option_checks import check_choice, check_range
from zoocli.foundation.pipeline import ordered_map
from zoocli.foundation.resources import Resources
from zoocli.schema import Schema, load_schema
from zoocli.tables.sources import FilePath
from zoocli.tables.writing.drafts import all_or_none
from zoocli.tables.writing.guards import check_outputs
from zoocli.tables.writing.sinks import FileSink, Sink

ID = "id_str"
CHUNK = 65_536  # galaxies drawn at once
MOST_GALAXIES = 999_999_999  # numpy draws no hypergeometric numbers beyond
MOST_VOLUNTEERS = 100_000
MOST_BLUR = 10.0

Format = Literal["parquet", "csv"]
Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int32]
Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Simulation:
    """The files that `simulate` wrote; `blurred` maps each noise level to its predictions."""

    predictions: Path
    votes: Path
    blurred: dict[float, Path]

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them, the votes first."""
        return (self.votes, self.predictions, *self.blurred.values())


def simulate(
    directory: FilePath,
    *,
    schema: str | Path | Schema = "decals-dr5-ortho",
    galaxies: int = 10_000,
    seed: int = 0,
    blur: Sequence[float] = (),
    voted: int | None = None,
    volunteers: float = 40,
    format: Format = "parquet",
    threads: int | None = None,
) -> Simulation:
    """Writes predictions and votes, drawn from the model that the Dirichlet loss assumes.

    Each of the `galaxies` gets a concentration between 1 and 101 (Zoobot's range) for every answer
    of `schema` (a built-in name, a YAML file or a Schema), and a Poisson number of volunteers with
    mean `volunteers`. They walk down the tree: a root
    question is answered by all, any other by those who gave one of the answers it is asked after
    (several such answers add up). A question's votes are Dirichlet-multinomial in its
    concentrations as the file holds them. In a schema of several campaigns each galaxy belongs to
    one, chosen at random, and has no votes in the others. The model is that of Walmsley et al.
    2022, MNRAS 509, 3966.

    In `directory`, made if need be: `predictions` (column `id_str`, then one float32 column per
    answer), `votes` (`id_str` and int32 counts, in another order; `voted` galaxies chosen at
    random, default all) and, for each level X of `blur`, `predictions-blur-X`: the concentrations
    times exp(X z) with z standard normal, the same z for every X. In CSV the concentrations are
    written so that they read back exactly.

    The same arguments give the same bytes, whatever `threads` (default: the cores). Predictions
    stream; the votes are held until they are shuffled, 4 bytes for each answer of a voted galaxy.

    Raises UsageError for values out of range, MachineError where nothing can be written.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> made = simulate(folder.name, schema="gz-rings", galaxies=10, seed=1, blur=[0.5])
    >>> made.predictions.name, made.votes.name, made.blurred[0.5].name
    ('predictions.parquet', 'votes.parquet', 'predictions-blur-0.5.parquet')
    >>> folder.cleanup()
    """
    plan = Plan(
        load_schema(schema),
        galaxies,
        seed,
        tuple(dict.fromkeys(blur)),
        galaxies if voted is None else voted,
        volunteers,
    )
    check_choice("format", format, get_args(Format))
    cores = Resources.available(threads).threads
    files = _files(Path(directory), format, plan.blur)
    inputs = [] if isinstance(schema, Schema) else [str(schema)]
    check_outputs({file.name: file for file in files.files}, inputs)
    with ExitStack() as stack:
        sinks = [stack.enter_context(FileSink(path, format)) for path in files.files]
        votes, *predictions = sinks
        # In CSV a float32 in its own few digits reads back as another float64.
        kind = pa.float32() if format == "parquet" else pa.float64()
        for sink in predictions:
            sink.open(_columns(plan.schema, kind))
        votes.open(_columns(plan.schema, pa.int32()))
        _write_votes(plan, votes, *_write_predictions(plan, predictions, kind, cores))
        with all_or_none():
            for sink in sinks:
                sink.commit({})
    return files


class Stream(IntEnum):
    """What random numbers are for: each use has its own, so that one option moves no other."""

    CONCENTRATIONS = 0
    BLUR = 1
    CHOICE = 2
    VOTES = 3
    ORDER = 4


@dataclass(frozen=True)
class Chunk:
    """Consecutive galaxies: `voted` of the `size` galaxies from `start` on get volunteers."""

    number: int
    start: int
    size: int
    voted: int


@dataclass(frozen=True)
class Drawn:
    """A chunk's galaxies.

    `predictions` (answers, size): the true concentrations, then the blurred ones. `votes`
    (answers, voted) are those of the galaxies `chosen` (voted,).
    """

    ids: pa.Array
    predictions: list[Floats]
    chosen: Indexes
    votes: Counts


@dataclass(frozen=True)
class Plan:
    """What to draw, checked once."""

    schema: Schema
    galaxies: int
    seed: int
    blur: tuple[float, ...]
    voted: int
    volunteers: float

    def __post_init__(self) -> None:
        check_range("galaxies", self.galaxies, least=1, most=MOST_GALAXIES)
        check_range("seed", self.seed, least=0)
        check_range("volunteers", self.volunteers, least=0, most=MOST_VOLUNTEERS)
        check_range("voted", self.voted, least=0, most=self.galaxies)
        for level in self.blur:
            check_range("blur", level, least=0, most=MOST_BLUR)

    def random(self, stream: Stream, chunk: int = 0) -> np.random.Generator:
        """The random numbers of one use in one chunk, whatever was drawn before."""
        return np.random.default_rng(
            np.random.SeedSequence(self.seed, spawn_key=(int(stream), chunk))
        )

    def chunks(self) -> Iterator[Chunk]:
        """All galaxies; the voted ones fall on the chunks as drawn without replacement."""
        starts = range(0, self.galaxies, CHUNK)
        sizes = [min(CHUNK, self.galaxies - start) for start in starts]
        voted = self.random(Stream.CHOICE).multivariate_hypergeometric(sizes, self.voted)
        for number, start in enumerate(starts):
            yield Chunk(number, start, sizes[number], int(voted[number]))

    def draw(self, chunk: Chunk) -> Drawn:
        """Draws one chunk."""
        galaxies = np.arange(chunk.start, chunk.start + chunk.size)
        concentrations = self._concentrations(chunk)
        chosen = self.random(Stream.CHOICE, 1 + chunk.number).choice(
            chunk.size, chunk.voted, replace=False, shuffle=False
        )
        chosen.sort()
        votes = draw_votes(
            self.schema,
            concentrations[:, chosen],
            self.volunteers,
            self.random(Stream.VOTES, chunk.number),
        )
        predictions = [concentrations, *self._blurred(chunk, concentrations)]
        return Drawn(_ids(galaxies), predictions, galaxies[chosen], votes)

    def _concentrations(self, chunk: Chunk) -> Floats:
        shape = (len(self.schema.label_cols), chunk.size)
        uniform = self.random(Stream.CONCENTRATIONS, chunk.number).random(shape, np.float32)
        # The cube is close to log-uniform (half are below 13.5), and only multiplies.
        return 1 + 100 * (uniform * uniform * uniform)

    def _blurred(self, chunk: Chunk, concentrations: Floats) -> Iterator[Floats]:
        if not self.blur:
            return
        random = self.random(Stream.BLUR, chunk.number)
        noise = random.standard_normal(concentrations.shape, np.float32)
        for level in self.blur:
            yield concentrations * np.exp(np.float32(level) * noise)


def draw_votes(
    schema: Schema, concentrations: Floats, volunteers: float, random: np.random.Generator
) -> Counts:
    """Walks volunteers down the tree.

    `concentrations` (answers, galaxies) in the order of `label_cols`; the result has the same
    shape. Each galaxy gets a Poisson number of volunteers with mean `volunteers`, and one campaign
    at random.
    """
    galaxies = concentrations.shape[1]
    votes = np.zeros(concentrations.shape, np.int32)
    row = {answer: index for index, answer in enumerate(schema.label_cols)}
    everyone = random.poisson(volunteers, galaxies)
    campaigns = list(schema.campaigns)
    campaign = random.integers(len(campaigns), size=galaxies)
    for question in schema.questions_in_order:
        if question.asked_after:
            asked = votes[[row[answer] for answer in question.asked_after]].sum(axis=0)
        else:
            asked = np.where(campaign == campaigns.index(question.campaign), everyone, 0)
        votes[question.columns] = dirichlet_multinomial(
            concentrations[question.columns], asked, random
        )
    return votes


def dirichlet_multinomial(
    concentrations: Floats, totals: Indexes, random: np.random.Generator
) -> Counts:
    """Draws the votes of one question.

    `concentrations` (answers, galaxies), `totals` (galaxies,): votes to give. The result (answers,
    galaxies) adds up to `totals`. Vote fractions are gamma variates over their sum; then each
    answer takes a binomial share of the votes that those before it left.

    >>> random = np.random.default_rng(1)
    >>> dirichlet_multinomial(np.ones((2, 2)), np.array([0, 7]), random).sum(axis=0).tolist()
    [0, 7]
    """
    votes = np.zeros(concentrations.shape, np.int32)
    asked = np.flatnonzero(totals)
    strengths = random.standard_gamma(concentrations[:, asked].astype(np.float64))
    left = totals[asked].astype(np.int64)
    # Of this answer and those after it: summed from the last, so that no share exceeds 1.
    remaining = np.cumsum(strengths[::-1], axis=0)[::-1]
    for answer in range(len(votes) - 1):
        given = random.binomial(left, strengths[answer] / remaining[answer])
        votes[answer, asked] = given
        left -= given
    votes[-1, asked] = left
    return votes


def _write_predictions(
    plan: Plan, sinks: Sequence[Sink], kind: pa.DataType, threads: int
) -> tuple[Indexes, Counts]:
    """Streams the predictions; returns the voted galaxies and their votes (answers, voted)."""
    chosen = np.empty(plan.voted, np.int64)
    votes = np.empty((len(plan.schema.label_cols), plan.voted), np.int32)
    filled = 0
    for drawn in ordered_map(plan.draw, plan.chunks(), threads):
        for sink, values in zip(sinks, drawn.predictions, strict=True):
            sink.write(_batch(plan.schema, kind, drawn.ids, values))
        place = slice(filled, filled + len(drawn.chosen))
        chosen[place], votes[:, place] = drawn.chosen, drawn.votes
        filled = place.stop
    return chosen, votes


def _write_votes(plan: Plan, sink: Sink, chosen: Indexes, votes: Counts) -> None:
    order = plan.random(Stream.ORDER).permutation(plan.voted)
    for start in range(0, plan.voted, CHUNK):
        rows = order[start : start + CHUNK]
        sink.write(_batch(plan.schema, pa.int32(), _ids(chosen[rows]), votes[:, rows]))


def _columns(schema: Schema, kind: pa.DataType) -> pa.Schema:
    return pa.schema([(ID, pa.string()), *((name, kind) for name in schema.label_cols)])


def _batch(
    schema: Schema, kind: pa.DataType, ids: pa.Array, values: npt.NDArray[Any]
) -> pa.RecordBatch:
    """A batch of a table; `values` (answers, rows)."""
    columns = [ids, *(pa.array(row).cast(kind) for row in values)]
    return pa.RecordBatch.from_arrays(columns, schema=_columns(schema, kind))


def _ids(galaxies: Indexes) -> pa.Array:
    """Texts like "325834_3105", one for each galaxy whatever the simulation.

    A brick has 5,000 galaxies, and multiplying modulo a prime above that shuffles without
    repeating any.
    """
    bricks = pa.array(300_000 + galaxies // 5_000).cast(pa.string())
    objects = pa.array(galaxies * 617 % 5_003).cast(pa.string())
    return pc.binary_join_element_wise(bricks, objects, "_")


def _files(directory: Path, format: str, blur: Sequence[float]) -> Simulation:
    """The files to write, in a folder that exists from now on."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(
            f"Cannot make the folder '{directory}': {error.strerror}. Choose another one."
        ) from error
    shown = {level: np.format_float_positional(level, trim="-") for level in blur}
    blurred = {
        level: directory / f"predictions-blur-{text}.{format}" for level, text in shown.items()
    }
    return Simulation(directory / f"predictions.{format}", directory / f"votes.{format}", blurred)
