"""From sums or scores to results; nothing here prints or reads files."""
