"""Evaluation of predicted concentrations against votes: see `zoocli.evaluating`."""
