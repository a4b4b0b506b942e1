"""The one place where the version stands (hatchling reads it here too)."""

__version__ = "0.1.0"
