"""Names that users and cameras give to files, as the window shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel

from geotagger.gui.names import breakable, shown, shown_name, tool_tip
from tests.gui.conftest import App
from tests.images import save_photo


@pytest.mark.parametrize(
    ("name", "as_shown"),
    [
        ("IMG_1.jpg", "IMG_1.jpg"),
        ("two\nlines.jpg", "two�lines.jpg"),
        ("gpj.\u202egpj.exe", "gpj.�gpj.exe"),
        ("caf\udce9.jpg", "caf�.jpg"),
        ("\U0001f468\u200d\U0001f469 é.jpg", "\U0001f468\u200d\U0001f469 é.jpg"),
    ],
)
def test_a_name_stays_on_its_line_and_in_its_order(name: str, as_shown: str) -> None:
    assert shown_name(Path("/photos") / name) == shown(name) == as_shown


def test_the_root_of_a_disk_has_a_name_too() -> None:
    assert shown_name(Path("/")) == str(Path("/"))


def test_long_words_can_be_broken_and_short_ones_are_left_alone() -> None:
    assert breakable("Newfoundland and Labrador, 46.90000") == "Newfoundland and Labrador, 46.90000"
    broken = breakable("a" * 60)
    assert broken.replace("\u200b", "") == "a" * 60
    assert max(len(part) for part in broken.split("\u200b")) <= 24


def test_a_tool_tip_shows_markup_in_a_name_as_it_is() -> None:
    document = QTextDocument()
    document.setHtml(tool_tip("/photos/<b>bold</b> &amp; more.jpg"))
    assert document.toPlainText() == "/photos/<b>bold</b> &amp; more.jpg"


def test_the_window_shows_odd_names_whole_and_on_one_line(app: App, tmp_path: Path) -> None:
    long = "n" * 120 + ".png"
    for number, name in enumerate(("<b>bold</b>.png".replace("/", "_"), "two\nlines.png", long)):
        save_photo(tmp_path / "photos" / name, seed=number)
    app.open(tmp_path / "photos")
    model, panel = app.window.model, app.window.panel
    names = {model.index(row, 0).data() for row in range(model.rowCount())}
    assert names == {"<b>bold<_b>.png", "two�lines.png", long}
    for row in range(model.rowCount()):
        document = QTextDocument()
        document.setHtml(model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole))
        assert model.index(row, 0).data() in document.toPlainText().replace("\u200b", "")
    app.select(long)
    label = next(one for one in panel.findChildren(QLabel) if one.text().startswith("nnn"))
    app.wait(lambda: label.height() >= 4 * label.fontMetrics().height())
    assert label.width() <= panel.viewport().width()
