"""The words before any command: what is misspelt, wildcards, and streams that the caller has closed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from geotagger.cli import app
from geotagger.metadata import read_photo
from tests.metadata import samples


@pytest.mark.parametrize(("word", "meant"), [("predcit", "predict"), ("undoo", "undo"), ("shwo", "show")])
def test_a_misspelt_command_opens_no_window(word, meant, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["geotagger", word, "photos"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    said = f"There is no command, photo or folder “{word}”. Did you mean “geotagger {meant}”?\n"
    assert capsys.readouterr() == ("", said)


def test_a_folder_named_nearly_like_a_command_is_opened(tmp_path, monkeypatch):
    opened = []
    (tmp_path / "shows").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["geotagger", "shows"])
    monkeypatch.setattr("geotagger.gui.run", lambda paths: opened.append(paths) or 0)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert (ended.value.code, [[str(path) for path in paths] for paths in opened]) == (0, [["shows"]])


def test_wildcards_are_filled_in_where_the_console_does_not_and_names_that_are_there_are_none(
    tmp_path, monkeypatch
):
    for name in ("a1.jpg", "a2.jpg", "a[1].jpg"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert app.expanded(["show", "a?.jpg", "--json"]) == ["show", "a1.jpg", "a2.jpg", "--json"]
    assert app.expanded(["strip", "a[1].jpg"]) == ["strip", "a[1].jpg"]
    assert app.expanded(["show", "b*.jpg"]) == ["show", "b*.jpg"]


def test_the_home_folder_variables_and_folders_within_are_filled_in_where_the_console_does_not(
    tmp_path, monkeypatch
):
    inner = tmp_path / "trip" / "inner"
    inner.mkdir(parents=True)
    (inner / "a.jpg").write_bytes(b"")
    for variable in ("HOME", "USERPROFILE", "PICTURES"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folder = str(tmp_path / "trip")
    assert app.expanded(["show", str(Path("~", "trip"))]) == ["show", folder]
    assert app.expanded([str(Path("$PICTURES", "trip"))]) == [folder]
    assert app.expanded([str(Path("~", "trip", "**", "*.jpg"))]) == [str(inner / "a.jpg")]
    (tmp_path / "~").mkdir()
    assert app.expanded(["~"]) == ["~"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX streams")
def test_with_standard_error_closed_messages_go_nowhere_and_no_photo_takes_its_place(tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.jpeg())
    done = subprocess.run(
        [sys.executable, "-m", "geotagger", "set", "1,2", str(photo), str(tmp_path / "missing.jpg")],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.close(2),
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.decode() == f"{photo}: 1.00000, 2.00000\n"
    assert read_photo(photo).fix is not None


def on_a_terminal(words: list[str], *, results_too: bool) -> tuple[str, str]:
    """What a command prints where standard error, and perhaps standard output, is a terminal; and on that terminal."""
    import pty  # not on Windows

    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "geotagger", *words],
        stdout=its_end if results_too else subprocess.PIPE,
        stderr=its_end,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    ) as process:
        os.close(its_end)
        shown = bytearray()
        try:
            while piece := os.read(terminal, 65_536):
                shown += piece
        except OSError:
            pass  # as Linux says that nobody holds the other end any more
        finally:
            os.close(terminal)
        results = process.stdout.read() if process.stdout is not None else b""
    return results.decode(), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
def test_results_go_into_a_file_or_pipe_also_where_a_terminal_shows_the_progress(tmp_path):
    (tmp_path / "a.jpg").write_bytes(samples.jpeg())
    results, shown = on_a_terminal(["show", str(tmp_path)], results_too=False)
    assert results == f"{tmp_path / 'a.jpg'}: no position\n"
    assert "Reading" in shown
    assert "no position" not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
def test_lines_beside_the_progress_stay_in_one_piece(tmp_path):
    folder = tmp_path / ("a folder with a long name " * 5).strip()
    folder.mkdir()
    (folder / "a.jpg").write_bytes(samples.jpeg())
    (folder / "b.jpg").write_bytes(b"no photo")
    _, shown = on_a_terminal(["show", str(folder), "--json"], results_too=True)
    lines = [line.rpartition("\r")[2] for line in shown.replace("\r\n", "\n").split("\n")]
    found = [json.loads(line) for line in lines if line.startswith("{")]
    assert [row["path"] for row in found] == [str(folder / "a.jpg"), str(folder / "b.jpg")]
