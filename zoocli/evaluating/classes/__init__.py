"""Evaluation of predicted classes against labels: see `zoocli.evaluating`."""
