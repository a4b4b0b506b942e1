"""Results from sums and scores tables: summaries, comparisons, evaluations. Nothing here prints."""
