"""Results as text for people and programs: terminal tables, JSON, CSV, Markdown and LaTeX.

All functions return text; only `zoocli.cli` prints.
"""

from __future__ import annotations

from zoocli.report.binned_summary import render_binned_summaries
from zoocli.report.comparison import render_comparison
from zoocli.report.summary import (
    FORMATS,
    EvaluationFormat,
    Format,
    GalaxyFormat,
    one_line,
    render_json,
    render_summaries,
)

__all__ = [
    "FORMATS",
    "EvaluationFormat",
    "Format",
    "GalaxyFormat",
    "one_line",
    "render_binned_summaries",
    "render_comparison",
    "render_json",
    "render_summaries",
]
