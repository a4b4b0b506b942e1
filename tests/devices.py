"""The devices that a test runs on: each one that torch knows and that has float64."""

from __future__ import annotations

import pytest
import torch

ON_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
DEVICES = ["cpu", pytest.param("cuda", marks=ON_CUDA)]
