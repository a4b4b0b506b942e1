"""Features through a trained linear head: a table of predictions."""
