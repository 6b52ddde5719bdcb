"""Turns what is known about a photo into one posterior over cells, and that into a prediction."""
