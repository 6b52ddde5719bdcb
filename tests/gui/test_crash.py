"""What a report of an unexpected problem says, and keeps to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from geotagger.gui.crash import report_of


def test_the_users_folder_is_not_named_and_lines_follow_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    try:
        raise RuntimeError(f"a bug near {tmp_path / 'Pictures' / 'IMG_1.jpg'}")
    except RuntimeError as error:
        report = report_of(RuntimeError, error, error.__traceback__)
    assert str(tmp_path) not in report
    assert report.rstrip().endswith(f"RuntimeError: a bug near ~{Path('/Pictures/IMG_1.jpg')}")
    assert "\n\n" not in report.split("Traceback")[1]
