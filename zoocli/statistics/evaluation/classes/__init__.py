"""Evaluation of predicted classes against labels: components as those of the whole package."""
