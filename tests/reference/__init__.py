"""Reference values from independent sources, and what reads them."""
