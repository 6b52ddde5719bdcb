import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os
import geotagger
import numpy as np

matrix = np.ones((600, 600))
matrix @ matrix
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux lists threads in /proc")
def test_matrices_keep_no_second_core_waiting():
    """The network runs beside; threads of NumPy that wait for each other would take its time."""
    environment = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "1"
