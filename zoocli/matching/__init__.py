"""Rows of one table found by their ids in another, and the account of every id."""
