import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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


def test_a_disk_too_small_for_any_build_is_told():
    sentence = check["problem"]((3, 12), True, 2 * 10**9, check["SMALL_GB"])
    assert "at least 3.5 GB" in sentence
    assert "2.0 GB are free" in sentence


def test_a_python_without_venv_is_told():
    assert "venv" in check["problem"]((3, 12), False, PLENTY, 9.0)


def test_a_disk_that_may_be_too_small_for_cuda_is_told_with_the_way_out_and_goes_on(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    free_bytes = 5 * 10**9
    assert check["problem"]((3, 12), True, free_bytes, check["SMALL_GB"]) is None
    sentence = check["warning"]("", False, free_bytes)
    assert "5.0 GB are free" in sentence
    assert "TORCH=cpu" in sentence


def test_no_doubt_is_raised_where_no_large_build_will_be_fetched(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert check["warning"]("cpu", False, 5 * 10**9) is None
    assert check["warning"]("", True, 5 * 10**9) is None
    assert check["warning"]("", False, PLENTY) is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert check["warning"]("", False, 5 * 10**9) is None


def free(monkeypatch, free_bytes):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free_bytes))


def test_the_installation_goes_on_after_a_doubt_and_ends_where_nothing_would_fit(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "platform", "linux")
    free(monkeypatch, 5 * 10**9)
    assert check["main"]([str(tmp_path / "venv")]) == 0
    assert capsys.readouterr().err == ""  # it is asked again when the environment is made
    (tmp_path / "venv").mkdir()
    for _ in ("the first attempt", "after one that failed"):
        assert check["main"]([str(tmp_path / "venv")]) == 0
        assert "5.0 GB are free" in capsys.readouterr().err
    (tmp_path / "venv" / ".installed-run").touch()
    assert check["main"]([str(tmp_path / "venv")]) == 0
    assert capsys.readouterr().err == ""
    (tmp_path / "venv" / ".installed-run").unlink()
    free(monkeypatch, 10**9)
    assert check["main"]([str(tmp_path / "venv")]) == 1
    assert "1.0 GB are free" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--torch", ""], ["--torch", "cpu"]])
def test_it_runs_as_the_makefile_calls_it(tmp_path, arguments):
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments, tmp_path / "a" / "b"], capture_output=True, text=True
    )
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or done.stderr
