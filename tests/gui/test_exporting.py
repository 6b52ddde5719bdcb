"""Asking where to export to, and saying what came of it."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from geotagger.core.settings import Settings
from geotagger.gui.exporting import Exporting
from geotagger.gui.jobs import Jobs
from geotagger.gui.language import use_language
from geotagger.gui.workbench import Workbench
from tests.images import save_photo
from tests.session.made import metadata, prediction

pytestmark = pytest.mark.usefixtures("collect_widgets")


@pytest.fixture
def workbench(jobs: Jobs) -> Workbench:
    made = Workbench(jobs, Settings())
    (photo_id,) = made.session.add([Path("/photos/a.jpg")])
    made.session.update(photo_id, metadata=metadata(Path("/photos/a.jpg")))
    return made


def test_the_dialog_completes_the_name_itself_so_that_it_can_ask_before_replacing(
    qtbot: QtBot, workbench: Workbench
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    Exporting(workbench, window).ask()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.defaultSuffix() == "html"
    dialog.selectNameFilter("GPX (*.gpx)")
    dialog.filterSelected.emit("GPX (*.gpx)")
    assert dialog.defaultSuffix() == "gpx"
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.reject()


def test_the_dialog_proposes_the_name_of_the_folder(qtbot: QtBot, workbench: Workbench) -> None:
    window = QWidget()
    qtbot.addWidget(window)

    def proposed() -> str:
        Exporting(workbench, window).ask()
        dialog = window.findChild(QFileDialog)
        assert dialog is not None
        (file,) = dialog.selectedFiles()
        dialog.reject()
        dialog.setParent(None)
        return Path(file).name

    assert proposed() == "photos.html"
    workbench.session.add([Path("/elsewhere/b.jpg")])
    assert proposed() == "Geotagger.html"
    workbench.session.remove(workbench.session.ids)
    workbench.session.add([Path("/trips/2019.07 Banff/c.jpg")])
    assert proposed() == "2019-07 Banff.html"


def test_without_any_position_no_file_is_made(qtbot: QtBot, workbench: Workbench, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    exporting = Exporting(workbench, window)
    said: list[str] = []
    workbench.noticed.connect(lambda sentence, _: said.append(sentence))
    exporting.export(tmp_path / "all.csv")
    qtbot.waitUntil(lambda: bool(said))
    assert said == ["Nothing was exported: no photo has a position."]
    (photo,) = workbench.session
    workbench.session.update(photo.id, prediction=prediction())
    exporting.export(tmp_path / "all.csv")
    qtbot.waitUntil(lambda: len(said) == 2)
    assert [file.name for file in tmp_path.iterdir()] == ["all.csv"]


def test_the_map_page_shows_small_pictures_of_the_photos(
    qtbot: QtBot, workbench: Workbench, tmp_path: Path
) -> None:
    photo = save_photo(tmp_path / "IMG_1.jpg")
    (photo_id,) = workbench.session.add([photo])
    workbench.session.update(photo_id, metadata=metadata(photo), prediction=prediction())
    window = QWidget()
    qtbot.addWidget(window)
    page = tmp_path / "map.html"
    Exporting(workbench, window).export(page)
    qtbot.waitUntil(page.exists, timeout=20_000)
    (found,) = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page.read_text(encoding="utf-8"))
    with Image.open(io.BytesIO(base64.b64decode(found))) as picture:
        assert picture.size == (120, 90)


def test_the_map_page_speaks_the_language_of_the_window(
    qtbot: QtBot, workbench: Workbench, tmp_path: Path
) -> None:
    use_language("fr")
    window = QWidget()
    qtbot.addWidget(window)
    page = tmp_path / "carte.html"
    (photo_id,) = workbench.session.ids
    workbench.session.update(photo_id, prediction=prediction())
    Exporting(workbench, window).export(page)
    qtbot.waitUntil(page.exists, timeout=20_000)
    text = page.read_text(encoding="utf-8")
    assert '"fit":"Montrer toutes les photos"' in text
    assert '"decimal_mark":","' in text
