"""Evaluation of predictions from additive statistics.

There is one package for each kind of prediction: `tree` (concentrations against votes), `classes`
and `values`. One batch of matched galaxies goes in (`VotedGalaxies`, `LabelledGalaxies`,
`ValuedGalaxies`). Each module that computes metrics says what it adds up over galaxies and which
numbers follow from the sums; it has those of these functions that it needs:

- `features(galaxies, ...)`: name -> (..., galaxies), summed over galaxies and also bootstrapped;
- `collect(galaxies, ...)`: name -> array, only summed (histograms);
- `estimates(sums, ...)`: the numbers that follow from the sums of `features`, for any number of
  replicates at once;
- `metrics(sums, ...)`: the numbers that follow from the sums of `collect`.

`collecting` adds it all up, block by block, and `result` has the evaluation with its metrics. The
modules at this level are shared by several kinds.
"""
