"""The additive statistics of `zoocli.scoring.sums` as the states of a torchmetrics metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torchmetrics import Metric

from zoocli.errors import UsageError
from zoocli.runs.provenance import Provenance
from zoocli.schema.levels import CAMPAIGN, QUESTION, Levels
from zoocli.scoring.summaries.summary import Summary
from zoocli.scoring.sums import Sums


class LossSums(Metric):
    """Sums of losses over galaxies, at each level of a tree; the base class of the metrics.

    The states are vectors over the levels: `sum` and `sum_squares` of the losses in float64,
    `galaxies`, `galaxies_all` and `votes` in int64. They are added up across batches, processes and
    `merge_state`, so counts are exact in every order. They stay float64 under `.half()` and
    `.to(dtype)` of the enclosing module; only torchmetrics' `set_dtype` changes that. A NaN loss
    is a null: neither it nor its votes enter any statistic.

    Other arguments are those of torchmetrics.Metric.
    """

    full_state_update = False
    is_differentiable = False
    higher_is_better = False

    sum: torch.Tensor
    sum_squares: torch.Tensor
    galaxies: torch.Tensor
    galaxies_all: torch.Tensor
    votes: torch.Tensor
    member_prefix = QUESTION  # of the key of a question or target

    def __init__(
        self, levels: Levels, loss: str, schema: str | None, count_votes: bool, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.levels = levels
        self.loss_name = loss
        self.schema_name = schema
        self.count_votes = count_votes
        for state in ("sum", "sum_squares"):
            zeros = torch.zeros(len(levels), dtype=torch.float64)
            self.add_state(state, zeros, dist_reduce_fx="sum")
        for state in ("galaxies", "galaxies_all", "votes"):
            zeros = torch.zeros(len(levels), dtype=torch.int64)
            self.add_state(state, zeros, dist_reduce_fx="sum")

    def add(self, losses: torch.Tensor, votes: torch.Tensor | None) -> None:
        """Adds a batch: `losses` and `votes` (batch, levels); votes None: every galaxy counts."""
        losses = losses.detach().double()
        valid = ~losses.isnan()
        losses = torch.where(valid, losses, 0.0)
        self.sum += losses.sum(0)
        self.sum_squares += losses.square().sum(0)
        self.galaxies_all += valid.sum(0)
        if votes is None:
            self.galaxies += valid.sum(0)
        else:
            votes = torch.where(valid, votes, 0)
            self.galaxies += (votes != 0).sum(0)
            self.votes += votes.sum(0)

    def compute(self) -> dict[str, torch.Tensor]:
        """The means in the loss's unit (such as nats) by name, scalar float64 tensors ready to log.

        `loss` is the mean over galaxies with a vote, `loss_all` that over all galaxies (omitted
        where the loss counts no votes: they are equal), then one mean per campaign and per question
        or target. A mean over no galaxies is omitted.
        """
        means = self.sum / self.galaxies
        counted = zip(self._keys(), means.unbind(), self.galaxies.tolist(), strict=True)
        found = {key: mean for key, mean, galaxies in counted if galaxies}
        if self.count_votes and self.galaxies_all[0]:
            found["loss_all"] = self.sum[0] / self.galaxies_all[0]
        return found

    def _keys(self) -> Sequence[str]:
        prefixes = {CAMPAIGN: CAMPAIGN, QUESTION: self.member_prefix}
        _, *below = self.levels.names()
        return ["loss", *(f"{prefixes[kind]}/{name}" for kind, name in below)]

    def to_sums(self) -> Sums:
        """The sums of this process alone."""
        return Sums(
            sum=self.sum.cpu().numpy().copy(),
            sum_squares=self.sum_squares.cpu().numpy().copy(),
            galaxies=self.galaxies.cpu().numpy().copy(),
            galaxies_all=self.galaxies_all.cpu().numpy().copy(),
            votes=self.votes.cpu().numpy().copy(),
        )

    def to_summary(self, **made: Any) -> Summary:
        """Every statistic with its N, over all processes (so each of them must call this).

        `made` gives more of how it was made, such as `settings` or `shard`.
        """
        to_sync = self.sync_on_compute and not self._is_synced
        with self.sync_context(
            dist_sync_fn=self.dist_sync_fn, should_sync=to_sync, should_unsync=to_sync
        ):
            sums = self.to_sums()
        fields = {"loss": self.loss_name, "schema": self.schema_name} | made
        return Summary.from_sums(
            self.levels, sums, self.count_votes, provenance=Provenance(**fields)
        )

    def merge_state(self, incoming_state: dict[str, Any] | Metric) -> None:
        """Adds the sums of a metric of other galaxies; UsageError for another loss or other levels.

        Unlike torchmetrics' own, it counts as an update and discards a mean computed before.
        """
        if isinstance(incoming_state, LossSums):
            mine, theirs = ((m.loss_name, m.levels) for m in (self, incoming_state))
            if mine != theirs:
                raise UsageError(
                    f"A metric of the loss '{incoming_state.loss_name}' cannot be merged into one "
                    f"of '{self.loss_name}': both need the same loss, campaigns and questions."
                )
        super().merge_state(incoming_state)
        self._computed = None
        self._update_count += 1

    def _apply(
        self, fn: Callable[[torch.Tensor], torch.Tensor], exclude_state: Sequence[str] = ""
    ) -> torch.nn.Module:
        """Moves the states to a module's device, not to its dtype; torchmetrics moves to both."""
        if self._dtype_convert:
            return super()._apply(fn, exclude_state)

        def move(tensor: torch.Tensor) -> torch.Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        return super()._apply(move, exclude_state)
