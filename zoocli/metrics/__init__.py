"""Metrics for training loops: torchmetrics over the same losses and sums as the command line.

They are imported on first use, since importing torchmetrics takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoocli.metrics.loss_sums import LossSums
    from zoocli.metrics.mean_loss import CrossEntropyMetric, L1Metric, MeanLoss, MSEMetric
    from zoocli.metrics.multi_question import MultiQuestionLossMetric

__all__ = [
    "CrossEntropyMetric",
    "L1Metric",
    "LossSums",
    "MSEMetric",
    "MeanLoss",
    "MultiQuestionLossMetric",
]

FILES = {"LossSums": "loss_sums", "MultiQuestionLossMetric": "multi_question"}


def __getattr__(name: str) -> Any:
    """Imports the metric's file."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{FILES.get(name, 'mean_loss')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
