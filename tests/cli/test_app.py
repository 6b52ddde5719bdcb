"""The words before any command: what is misspelt, wildcards, and streams that the caller has closed."""

from __future__ import annotations

import os
import subprocess
import sys

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
