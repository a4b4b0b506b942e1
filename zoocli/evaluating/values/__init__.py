"""Evaluation of predicted values against true ones: see `zoocli.evaluating`."""
