"""Adding up galaxies by bucket, one after the other: the same bits whatever the batches are."""

from __future__ import annotations

from zoocli.foundation.kernels.compiling import compiled


@compiled
def add_features(values, buckets, totals):
    """totals (buckets, rows) += values (rows, galaxies), each galaxy's in its bucket."""
    for row in range(len(values)):
        for galaxy in range(len(buckets)):
            totals[buckets[galaxy], row] += values[row, galaxy]


@compiled
def add_at(places, values, totals):
    """totals[places[i]] += values[i], for one i after the other."""
    for number in range(len(places)):
        totals[places[number]] += values[number]
