"""Evaluation of predictions from additive statistics.

There is one package for each kind of prediction: `tree` (concentrations against votes), `classes`
and `values`. Data flows one way:

    matched batch -> Evaluator.collect -> Sums.add (in the order of the batches) -> arrays by name
    -> Evaluation: leave_one_out -> Family.estimates -> with_intervals -> Metrics

- `Evaluator`: what a batch adds; `Sums`: the sums of features by bucket of galaxies, and histograms
  beside them. Those of a tree come from one fused loop, `kernels.tree_features`.
- `Family`: some metrics, the numbers that follow from sums, on which scale each is nearly normal,
  and how and where a person is shown them. To add a metric, change its family's file alone.
- `intervals`: from the number without each bucket in turn.

`comparing` has scores tables against each other. The modules at this level are shared by all kinds.
"""
