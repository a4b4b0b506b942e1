"""Predictions against votes: a loss per galaxy and question, and their sums."""
