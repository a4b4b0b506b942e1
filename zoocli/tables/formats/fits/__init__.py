"""FITS tables."""
