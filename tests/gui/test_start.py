import os
import subprocess
import sys


def test_without_a_screen_the_command_says_so_instead_of_aborting():
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.platform = 'linux'; from geotagger.gui import run; sys.exit(run([]))",
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("There is no screen")
