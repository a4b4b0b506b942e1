"""The values that some options can have."""

from __future__ import annotations

from typing import Literal, TypeAlias

OnInvalid: TypeAlias = Literal["error", "null"]
OnFractional: TypeAlias = Literal["error", "round"]
OnDuplicate: TypeAlias = Literal["error", "drop"]
MissingVotes: TypeAlias = Literal["error", "zero"]
Scale: TypeAlias = Literal["logits", "probabilities"]
Backend: TypeAlias = Literal["auto", "torch", "numba"]
Intervals: TypeAlias = Literal["mixture", "zoobot"]
Activation: TypeAlias = Literal["none", "sigmoid", "softmax", "dirichlet"]
Residual: TypeAlias = Literal["difference", "redshift"]
