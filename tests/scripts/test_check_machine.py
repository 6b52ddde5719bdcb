import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_machine.py"
check = runpy.run_path(str(SCRIPT))
PLENTY = 10**12


def test_a_good_machine_has_no_problem():
    assert check["problem"]((3, 10), True, PLENTY, 9.0) is None


def test_an_old_python_is_named_with_the_way_out():
    sentence = check["problem"]((3, 9), True, PLENTY, 9.0)
    assert "3.10 or newer" in sentence
    assert "this is 3.9" in sentence


def test_a_small_disk_is_told_with_the_cpu_build_as_the_way_out():
    sentence = check["problem"]((3, 12), True, 4 * 10**9, 9.0)
    assert "9.0 GB" in sentence
    assert "4.0 GB are free" in sentence
    assert "TORCH=cpu" in sentence


def test_a_python_without_venv_is_told():
    assert "venv" in check["problem"]((3, 12), False, PLENTY, 9.0)


def test_the_cpu_build_needs_less_space(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert check["needed_gb"]("cpu", False) < check["needed_gb"]("", False)
    assert check["needed_gb"]("", True) < 1


@pytest.mark.parametrize("arguments", [[], ["--torch", "cpu"]])
def test_it_runs_as_the_makefile_calls_it(tmp_path, arguments):
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments, tmp_path / "a" / "b"], capture_output=True, text=True
    )
    assert done.returncode in (0, 1)
    assert (done.returncode == 0) == (done.stderr == "")
