"""Evaluation of predicted values against true ones: components as those of the whole package."""
