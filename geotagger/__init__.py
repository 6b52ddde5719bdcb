"""Geotagger puts un-located photos on the map."""

__version__ = "0.1.0"
