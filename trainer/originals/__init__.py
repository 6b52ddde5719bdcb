"""Trains and measures the class project's networks, by their own recipes, on the same data as ours."""
