"""Stops an installation that cannot succeed, with a clear sentence: Python too old, no venv, disk too small.

Runs on the interpreter that the user has, however old, so it is written in the Python 3 of long ago.

    python3 scripts/check_machine.py [--torch cpu] ENVIRONMENT_FOLDER          (as the Makefile does)
"""

import os
import sys

OLDEST_PYTHON = (3, 10)
GIGABYTE = 10**9
NEEDED_GB = {"cuda": 9.0, "small": 3.5}
"""Free space for the environment: the CUDA build of PyTorch on Linux, and every other build."""


def problem(version: "tuple[int, ...]", has_venv: bool, free_bytes: int, needed_gb: float) -> "str | None":
    """The sentence that says why the installation cannot succeed, or None."""
    if version < OLDEST_PYTHON:
        return (
            "Geotagger needs Python %d.%d or newer, and this is %d.%d. "
            "Install a newer one, or name it: make run PYTHON=python3.12"
        ) % (OLDEST_PYTHON + tuple(version[:2]))
    if not has_venv:
        return (
            "This Python cannot make virtual environments. "
            "On Debian and Ubuntu: sudo apt install python3-venv"
        )
    if free_bytes < needed_gb * GIGABYTE:
        return (
            "The installation needs about %.1f GB of free disk space, and %.1f GB are free. "
            "On Linux the CPU-only PyTorch needs far less: make run TORCH=cpu"
        ) % (needed_gb, free_bytes / GIGABYTE)
    return None


def needed_gb(torch: str, installed: bool) -> float:
    """Free space that the installation will take, in gigabytes; nothing where torch is there already."""
    if installed:
        return 0.5
    return NEEDED_GB["cuda" if sys.platform.startswith("linux") and torch != "cpu" else "small"]


def main(arguments: "list[str]") -> int:
    """Check the machine for the environment folder named last; exit with 1 and a sentence if it will not do."""
    torch = arguments[arguments.index("--torch") + 1] if "--torch" in arguments else ""
    environment = os.path.abspath(arguments[-1])
    installed = os.path.exists(os.path.join(environment, ".installed-run"))
    existing = environment
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    version = sys.version_info[:2]
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401

        has_venv = True
    except ImportError:
        has_venv = False
    import shutil

    free_bytes = shutil.disk_usage(existing).free if version >= (3, 3) else 0
    sentence = problem(version, has_venv, free_bytes, needed_gb(torch, installed))
    if sentence:
        sys.stderr.write(sentence + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
