"""Linear heads on top of an encoder's features: the module, its files and its inputs."""

from __future__ import annotations

from zoocli.heads.linear_head import LinearHead

__all__ = ["LinearHead"]
