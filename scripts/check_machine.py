"""Stops an installation that cannot succeed, with a clear sentence: Python too old, no venv, disk too small.

Where the disk has room for a small build of PyTorch, but perhaps not for the one that will be fetched,
it says so and lets the installation go on: only the package index knows which build that is.

Runs on the interpreter that the user has, however old, so it is written in the Python 3 of long ago.

    python3 scripts/check_machine.py [--torch cpu] ENVIRONMENT_FOLDER          (as the Makefile does)
"""

import os
import sys

OLDEST_PYTHON = (3, 10)
GIGABYTE = 10**9
SMALL_GB = 3.5
"""Free space that an environment takes with the CPU-only build of PyTorch, and while it is being made."""
CUDA_GB = 9.0
"""The same with the CUDA build, which most package indexes give on Linux."""
INSTALLED_GB = 0.5
"""Room to work where the environment is there already."""


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
        return ("The installation needs at least %.1f GB of free disk space, and %.1f GB are free.") % (
            needed_gb,
            free_bytes / GIGABYTE,
        )
    return None


def warning(torch: str, installed: bool, free_bytes: int) -> "str | None":
    """The sentence that says why the installation may run out of disk space, or None."""
    if installed or torch == "cpu" or not sys.platform.startswith("linux"):
        return None
    if free_bytes >= CUDA_GB * GIGABYTE:
        return None
    return (
        "PyTorch with CUDA needs about %.1f GB of free disk space, and %.1f GB are free. "
        "If the installation runs out of space, take the CPU-only build: make clean, then make run TORCH=cpu"
    ) % (CUDA_GB, free_bytes / GIGABYTE)


def main(arguments: "list[str]") -> int:
    """Check the machine for the environment folder named last; return 1 after a sentence if it will not do."""
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
    sentence = problem(version, has_venv, free_bytes, INSTALLED_GB if installed else SMALL_GB)
    if sentence:
        sys.stderr.write(sentence + "\n")
        return 1
    # The Makefile asks before it makes the environment and again before it fills it, also after a failed attempt.
    doubt = warning(torch, installed, free_bytes) if os.path.exists(environment) else None
    if doubt:
        sys.stderr.write(doubt + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
