"""Bringing photos in: what is wrong beside a photo is told, too."""

from __future__ import annotations

from pathlib import Path

from tests.gui.conftest import App
from tests.images import bad_photos, save_photo


def test_damaged_sidecars_are_counted_and_named(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        save_photo(folder / name)
    (folder / "a.jpg.xmp").write_bytes(b"<broken")
    (folder / "notes.docx").write_text("not a photo")
    app.open(folder)
    app.wait(lambda: "This sidecar is damaged; it is neither read nor changed" in app.window.notices.text)
    assert app.window.notices.text.startswith("2 files were passed over")
    for name in ("a.jpg.xmp", "notes.docx"):
        assert str(folder / name) in app.window.notices._details
    assert (folder / "a.jpg.xmp").read_bytes() == b"<broken"


def test_unreadable_photos_are_counted_and_named_with_what_was_passed_over(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    bad_photos(folder)
    (folder / "notes.docx").write_text("not a photo")
    app.open(folder)
    app.wait(lambda: "could not be read" in app.window.notices.text)
    unreadable = [photo.path for photo in app.window.workbench.session if photo.metadata is None]
    assert {"empty.jpg", "text.jpg"} <= {path.name for path in unreadable}
    assert app.window.notices.text.startswith(
        f"{len(unreadable)} photos could not be read. 1 file was passed"
    )
    for path in (*unreadable, folder / "notes.docx"):
        assert f"{path}: " in app.window.notices._details
