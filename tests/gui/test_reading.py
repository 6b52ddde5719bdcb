"""Bringing photos in: what is wrong beside a photo is told, too."""

from __future__ import annotations

from pathlib import Path

from tests.gui.conftest import App
from tests.images import save_photo


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
