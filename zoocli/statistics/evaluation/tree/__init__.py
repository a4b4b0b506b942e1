"""Evaluation of predicted concentrations against votes: see `zoocli.statistics.evaluation`."""
