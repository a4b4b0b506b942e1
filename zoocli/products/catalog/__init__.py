"""From concentrations to the tables that a data release publishes."""

from __future__ import annotations

from zoocli.products.catalog.fractions import vote_fractions
from zoocli.products.catalog.intervals import credible_intervals

__all__ = ["credible_intervals", "vote_fractions"]
