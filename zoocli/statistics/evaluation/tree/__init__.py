"""Evaluation of predicted concentrations against votes."""
