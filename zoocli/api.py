"""Scoring from Python."""

from __future__ import annotations

import warnings
from typing import Any

import pyarrow as pa

from zoocli.errors import UsageError, ZoocliWarning
from zoocli.scoring import ScoreOptions, score_into
from zoocli.tables.sinks import MemorySink


def score(predictions: Any, votes: Any, schema: Any = None, **options: Any) -> pa.Table:
    """One loss a galaxy and question: what `zoocli score` writes, as an Arrow table.

    loss = -ln P(votes | concentrations), in nats, of the Dirichlet-multinomial distribution of
    each question (Walmsley et al. 2022, MNRAS 509, 3966); a galaxy's `loss` is the sum over its
    questions. A question without votes has the loss 0.0 exactly.

    `predictions` (or a list of its parts) and `votes` are paths, pandas DataFrames or Arrow
    tables; `schema` a built-in name, a YAML file or a `Schema`, and by default told from the
    columns. `options` are those of the command line with underscores, such as loss="ce",
    on_invalid="null" or keep=["redshift"].

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
    unknown = sorted(set(options) - set(ScoreOptions.__dataclass_fields__))
    if unknown:
        known = ", ".join(ScoreOptions.__dataclass_fields__)
        raise UsageError(f"score() has no option '{unknown[0]}'. Its options are {known}.")
    sink = MemorySink()
    scoring = score_into(sink, predictions, votes, ScoreOptions(schema=schema, **options))
    sink.commit(scoring.metadata())
    for note in scoring.notes:
        warnings.warn(note, ZoocliWarning, stacklevel=2)
    return sink.table
