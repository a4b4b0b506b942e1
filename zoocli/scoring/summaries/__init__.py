"""Summaries: of scores tables, from JSON, and merged from parts."""
