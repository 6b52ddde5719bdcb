"""Collects located photos for training: from Street View, from Mapillary, or from the user's own folders.

Every collector writes the same data list, a CSV file that ``prepare`` reads (see ``data_list``).
"""
