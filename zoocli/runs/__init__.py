"""A run: its options, where it is computed, and how its result was made."""
