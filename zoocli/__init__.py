"""Scores and evaluates galaxy-morphology predictions against volunteers' votes.

The public names are imported when they are first used, so that importing zoocli costs nothing.
"""

from __future__ import annotations

from importlib import import_module

from zoocli.foundation.version import __version__

TYPE_CHECKING = False  # as in typing, whose import takes longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from zoocli.api import (
        catalog,
        check,
        detect_schema,
        evaluate,
        figures,
        fit,
        merge,
        predict,
        rank,
        score,
        show,
    )
    from zoocli.errors import (
        DataError,
        MachineError,
        SchemaError,
        UsageError,
        ZoocliError,
        ZoocliWarning,
    )
    from zoocli.evaluating.comparing.compare import compare
    from zoocli.evaluating.comparing.comparison import Comparison
    from zoocli.evaluating.comparing.ranked import Ranking
    from zoocli.evaluating.evaluation import Evaluation
    from zoocli.heads.fitting import Fit
    from zoocli.products.galaxy import ShownGalaxy
    from zoocli.products.simulation import Simulation, simulate
    from zoocli.schema import Schema, load_schema
    from zoocli.scoring.checking import Check
    from zoocli.scoring.summaries.merge import merge_summaries
    from zoocli.scoring.summaries.summarize import summarize
    from zoocli.scoring.summaries.summarize_by import BinnedSummary, summarize_by
    from zoocli.scoring.summaries.summary import Summary
    from zoocli.tables.sources import TableLike, TablesLike

__all__ = [
    "BinnedSummary",
    "Check",
    "Comparison",
    "DataError",
    "Evaluation",
    "Fit",
    "MachineError",
    "Ranking",
    "Schema",
    "SchemaError",
    "ShownGalaxy",
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
    "figures",
    "fit",
    "load_schema",
    "merge",
    "merge_summaries",
    "predict",
    "rank",
    "score",
    "show",
    "simulate",
    "summarize",
    "summarize_by",
]

_HOMES = {
    "BinnedSummary": "scoring.summaries.summarize_by",
    "Check": "scoring.checking",
    "Comparison": "evaluating.comparing.comparison",
    "DataError": "errors",
    "Evaluation": "evaluating.evaluation",
    "Fit": "heads.fitting",
    "MachineError": "errors",
    "Ranking": "evaluating.comparing.ranked",
    "Schema": "schema",
    "SchemaError": "errors",
    "ShownGalaxy": "products.galaxy",
    "Simulation": "products.simulation",
    "Summary": "scoring.summaries.summary",
    "TableLike": "tables.sources",
    "TablesLike": "tables.sources",
    "UsageError": "errors",
    "ZoocliError": "errors",
    "ZoocliWarning": "errors",
    "catalog": "api",
    "check": "api",
    "compare": "evaluating.comparing.compare",
    "detect_schema": "api",
    "evaluate": "api",
    "figures": "api",
    "fit": "api",
    "load_schema": "schema",
    "merge": "api",
    "merge_summaries": "scoring.summaries.merge",
    "predict": "api",
    "rank": "api",
    "score": "api",
    "show": "api",
    "simulate": "products.simulation",
    "summarize": "scoring.summaries.summarize",
    "summarize_by": "scoring.summaries.summarize_by",
}


def __getattr__(name: str) -> Any:
    """Imports a public name from where it lives."""
    if name in _HOMES:
        return getattr(import_module(f"zoocli.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
