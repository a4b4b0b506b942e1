"""Evaluation of predicted concentrations against votes, from additive statistics.

One batch of matched galaxies (`Galaxies`) goes in; each component says what it adds up of them and
which numbers follow from the sums:

- `features(galaxies, rules)`: name -> (..., galaxies), summed over galaxies and also bootstrapped;
- `collect(galaxies, rules)`: name -> array, what is only summed (histograms);
- `estimates(sums, schema)`: the numbers that follow from the sums of `features`, each for any
  number of replicates at once;
- `metrics(sums, schema, ...)`: the numbers that follow from what `collect` adds up.

A component has those of the four that it needs.
"""
