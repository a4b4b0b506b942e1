"""Results as text and pictures for people and programs; only `zoocli.cli` prints."""
