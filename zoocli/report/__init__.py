"""Results as people and programs read them: terminal tables, JSON, CSV, Markdown, LaTeX.

Everything here returns text; only `zoocli.cli` prints.
"""

from __future__ import annotations

from zoocli.report.binned_summary import render_binned_summary
from zoocli.report.comparison import render_comparison
from zoocli.report.summary import FORMATS, Format, render_json, render_summaries

__all__ = [
    "FORMATS",
    "Format",
    "render_binned_summary",
    "render_comparison",
    "render_json",
    "render_summaries",
]
