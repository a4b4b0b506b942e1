"""Scores tables against each other, galaxy by galaxy."""
