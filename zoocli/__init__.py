"""Scores and evaluates galaxy-morphology predictions against volunteers' votes.

The public names are imported when they are first used, so that importing zoocli costs nothing.
"""

from __future__ import annotations

from importlib import import_module

from zoocli.version import __version__

TYPE_CHECKING = False  # as in typing, whose import takes longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from zoocli.api import catalog, evaluate, score
    from zoocli.errors import (
        DataError,
        MachineError,
        SchemaError,
        UsageError,
        ZoocliError,
        ZoocliWarning,
    )
    from zoocli.fitting import Fit, fit
    from zoocli.predicting import predict
    from zoocli.schema import Schema, load_schema
    from zoocli.simulation import simulate
    from zoocli.statistics.compare import compare
    from zoocli.statistics.comparison import Comparison
    from zoocli.statistics.evaluation.evaluation import Evaluation
    from zoocli.statistics.merge import merge_summaries
    from zoocli.statistics.summarize import summarize
    from zoocli.statistics.summarize_by import BinnedSummary, summarize_by
    from zoocli.statistics.summary import Summary

__all__ = [
    "BinnedSummary",
    "Comparison",
    "DataError",
    "Evaluation",
    "Fit",
    "MachineError",
    "Schema",
    "SchemaError",
    "Summary",
    "UsageError",
    "ZoocliError",
    "ZoocliWarning",
    "__version__",
    "catalog",
    "compare",
    "evaluate",
    "fit",
    "load_schema",
    "merge_summaries",
    "predict",
    "score",
    "simulate",
    "summarize",
    "summarize_by",
]

_HOMES = {
    "BinnedSummary": "statistics.summarize_by",
    "Comparison": "statistics.comparison",
    "DataError": "errors",
    "Evaluation": "statistics.evaluation.evaluation",
    "Fit": "fitting",
    "MachineError": "errors",
    "Schema": "schema",
    "SchemaError": "errors",
    "Summary": "statistics.summary",
    "UsageError": "errors",
    "ZoocliError": "errors",
    "ZoocliWarning": "errors",
    "catalog": "api",
    "compare": "statistics.compare",
    "evaluate": "api",
    "fit": "fitting",
    "load_schema": "schema",
    "merge_summaries": "statistics.merge",
    "predict": "predicting",
    "score": "api",
    "simulate": "simulation",
    "summarize": "statistics.summarize",
    "summarize_by": "statistics.summarize_by",
}


def __getattr__(name: str) -> Any:
    """Imports a public name from where it lives."""
    if name in _HOMES:
        return getattr(import_module(f"zoocli.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
