"""Scores and evaluates galaxy-morphology predictions against volunteers' votes.

The public names are imported when they are first used, so that importing zoocli costs nothing.
"""

from __future__ import annotations

from importlib import import_module

from zoocli.version import __version__

TYPE_CHECKING = False  # as in typing, whose import takes longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from zoocli.api import (
        catalog,
        check,
        detect_schema,
        evaluate,
        fit,
        merge,
        predict,
        score,
    )
    from zoocli.arguments import TableLike, TablesLike
    from zoocli.checking import Check
    from zoocli.errors import (
        DataError,
        MachineError,
        SchemaError,
        UsageError,
        ZoocliError,
        ZoocliWarning,
    )
    from zoocli.fitting import Fit
    from zoocli.schema import Schema, load_schema
    from zoocli.simulation import Simulation, simulate
    from zoocli.statistics.compare import compare
    from zoocli.statistics.comparison import Comparison
    from zoocli.statistics.evaluation.evaluation import Evaluation
    from zoocli.statistics.merge import merge_summaries
    from zoocli.statistics.summarize import summarize
    from zoocli.statistics.summarize_by import BinnedSummary, summarize_by
    from zoocli.statistics.summary import Summary

__all__ = [
    "BinnedSummary",
    "Check",
    "Comparison",
    "DataError",
    "Evaluation",
    "Fit",
    "MachineError",
    "Schema",
    "SchemaError",
    "Simulation",
    "Summary",
    "TableLike",
    "TablesLike",
    "UsageError",
    "ZoocliError",
    "ZoocliWarning",
    "__version__",
    "catalog",
    "check",
    "compare",
    "detect_schema",
    "evaluate",
    "fit",
    "load_schema",
    "merge",
    "merge_summaries",
    "predict",
    "score",
    "simulate",
    "summarize",
    "summarize_by",
]

_HOMES = {
    "BinnedSummary": "statistics.summarize_by",
    "Check": "checking",
    "Comparison": "statistics.comparison",
    "DataError": "errors",
    "Evaluation": "statistics.evaluation.evaluation",
    "Fit": "fitting",
    "MachineError": "errors",
    "Schema": "schema",
    "SchemaError": "errors",
    "Simulation": "simulation",
    "Summary": "statistics.summary",
    "TableLike": "arguments",
    "TablesLike": "arguments",
    "UsageError": "errors",
    "ZoocliError": "errors",
    "ZoocliWarning": "errors",
    "catalog": "api",
    "check": "api",
    "compare": "statistics.compare",
    "detect_schema": "api",
    "evaluate": "api",
    "fit": "api",
    "load_schema": "schema",
    "merge": "api",
    "merge_summaries": "statistics.merge",
    "predict": "api",
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
