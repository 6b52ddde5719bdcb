"""Geotagger puts un-located photos on the map."""

import os

# The matrices of evidence are small. A second thread of OpenBLAS gains little on them where cores are free; where they are not,
# as when the network runs beside, both threads mostly wait for each other. NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
