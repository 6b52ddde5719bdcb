"""Renders every screen of the program into docs/images, from photos that it paints itself.

Run with ``make screenshots``, or ``python scripts/screenshots.py [--out FOLDER]``. Each combination of colours and
scale runs in a process of its own, since Qt's scale cannot change while it runs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageDraw, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
LOOKS = (("light", 1), ("dark", 1), ("light", 2))
WINDOW = (1440, 900)

_SKIES = (
    ((86, 140, 200), (226, 236, 244)),
    ((60, 70, 120), (250, 176, 120)),
    ((120, 150, 180), (235, 235, 230)),
    ((40, 100, 180), (180, 215, 240)),
)
_GROUNDS = ((58, 92, 60), (140, 110, 70), (92, 120, 80), (200, 205, 210), (70, 80, 96))


def paint_landscape(seed: int, width: int = 960, height: int = 720) -> Image.Image:
    """Sky, sun, three ridges one behind the other, and a foreground; different for each seed."""
    rng = np.random.default_rng(seed)
    top, bottom = (np.array(c, float) for c in _SKIES[seed % len(_SKIES)])
    ground = np.array(_GROUNDS[seed % len(_GROUNDS)], float)
    share = np.linspace(0, 1, height)[:, None, None] ** 0.8
    pixels = np.broadcast_to(top + (bottom - top) * share, (height, width, 3))
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    x, y, r = rng.uniform(0.15, 0.85) * width, rng.uniform(0.12, 0.3) * height, 0.035 * width
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 246, 214))
    for layer in range(4):
        base = height * (0.48 + 0.13 * layer)
        rough = height * (0.16, 0.12, 0.07, 0.025)[layer]
        steps = np.arange(width)
        waves = [
            np.sin(steps / width * f * np.pi + rng.uniform(0, 6)) / f**0.75 for f in (2, 3, 5, 9, 17, 33, 65)
        ]
        ridge = base - rough * np.sum(waves, axis=0) / 1.6
        haze = (3 - layer) / 4.2
        colour = tuple(int(v) for v in ground * (1 - haze) * (1 - 0.08 * layer) + bottom * haze)
        draw.polygon(
            [(0, height), *zip(steps.tolist(), ridge.tolist(), strict=True), (width, height)], fill=colour
        )
    return image.filter(ImageFilter.GaussianBlur(0.8))


def paint_photos(folder: Path) -> None:
    """Two folders of photos; some know where they were taken, and one is broken."""
    for number in range(18):
        place = folder / ("Road trip" if number < 11 else "Lake week")
        place.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Example", "Example One"
        day = 3 + number // 5 + (12 if number >= 11 else 0)
        taken = f"2025:07:{day:02} {9 + number % 5 * 2:02}:{number * 7 % 60:02}:00"
        exif.get_ifd(0x8769)[0x9003] = taken
        if number % 6 == 5:
            gps = {1: "N", 2: (44 + number / 3, 0.0, 0.0), 3: "W", 4: (112 + number, 0.0, 0.0)}
            exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
        paint_landscape(number).save(place / f"IMG_{412 + number * 3:04}.jpg", quality=88, exif=exif)
    (folder / "Lake week" / "IMG_0500.jpg").write_bytes(b"")


def render(look: str, scale: int, out: Path, photos: Path) -> None:
    """Walk through the program and take the pictures."""
    sys.path.insert(0, str(ROOT))
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication, QDialog, QWidget

    from geotagger.core.geo import LatLon
    from geotagger.core.settings import Settings, Theme
    from geotagger.gui.appearance import Appearance
    from geotagger.gui.challenge_dialog import ChallengeDialog
    from geotagger.gui.jobs import Jobs
    from geotagger.gui.map import register_scheme
    from geotagger.gui.smooth import keep_smooth
    from geotagger.session.arrangement import Grouping
    from geotagger.session.photo import PhotoState

    register_scheme()
    app = QApplication(sys.argv[:1])
    keep_smooth(app)
    from geotagger.gui.window import MainWindow

    theme = Theme.DARK if look == "dark" else Theme.LIGHT
    jobs = Jobs(2)
    window = MainWindow(jobs, Settings(theme=theme), Appearance(app, theme))
    window.resize(*WINDOW)
    window.show()

    def wait(done: Callable[[], object], limit_s: float = 180) -> None:
        end = time.monotonic() + limit_s
        while not done():
            if time.monotonic() > end:
                raise TimeoutError("The program did not get there in time.")
            app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
            time.sleep(0.005)

    def settle(seconds: float = 1.2) -> None:
        """The map draws in another process; nothing tells when the last frame is there."""
        end = time.monotonic() + seconds
        wait(lambda: time.monotonic() > end)

    def take(name: str, widget: QWidget | None = None) -> None:
        settle()
        suffix = f"{'' if look == 'light' else '-dark'}{'@2x' if scale == 2 else ''}"
        picture = out / f"{name}{suffix}.png"
        (widget or window).grab().save(str(picture))
        with Image.open(picture) as grabbed:
            plain = grabbed.convert("RGB")
        plain.save(picture, optimize=True)

    def dialog() -> QDialog:
        def find() -> QDialog | None:
            return next(
                (w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()), None
            )

        wait(find)
        found = find()
        assert found is not None
        return found

    take("empty")
    window.open_paths([photos])
    session = window.workbench.session
    wait(lambda: len(session) == 19 and not window.reading.scanning and not window.reading.progress.running)
    wait(lambda: not window.predicting.progress.running and window.predicting.facts)
    wait(lambda: not window.judging.busy)
    guessed = [photo.id for photo in session if photo.state is PhotoState.PREDICTED]
    by_chance = sorted(guessed, key=lambda i: -session[i].prediction.best.probability)  # type: ignore[union-attr]
    window.workbench.select(by_chance[:3])
    window.workbench.accept_selected()
    window.workbench.place([by_chance[4]], LatLon(46.9, -110.4))
    window.workbench.select([by_chance[5]])
    window.workbench.reject_selected()
    window.workbench.select([by_chance[3]])
    settle()
    wait(lambda: not window.judging.busy)
    window.notices.hide()
    window.actions_["fit"].trigger()
    settle(4)  # the map flies there
    take("review")
    window.actions_["why"].trigger()
    wait(lambda: window.panel.preview.heat_place is not None)
    take("why")
    window.actions_["why"].trigger()
    window.photo_list.group_by(Grouping.TRIP)
    wait(lambda: window.model.heading_rows)
    window.photo_list.view.scrollToTop()
    take("trips")
    window.photo_list.group_by(Grouping.NONE)
    window.actions_["grid"].trigger()
    take("grid")
    window.actions_["table"].trigger()
    take("table")
    window.actions_["list"].trigger()
    window.placing.pin("Cabin", LatLon(46.9, -110.4))
    window.placing.pin("Grandma's", LatLon(44.6, -63.6))
    for name in ("settings", "shortcuts", "places", "evidence", "about"):
        window.actions_[name].trigger()
        take(name, dialog())
        dialog().reject()
    window.actions_["write"].trigger()
    take("summary", dialog())
    dialog().write_button.click()  # type: ignore[attr-defined]
    wait(lambda: not window.writing.busy)
    take("report", dialog())
    dialog().reject()
    window.actions_["challenge"].trigger()
    game = dialog()
    assert isinstance(game, ChallengeDialog)
    truth = game.challenge.round.truth
    wait(lambda: game.challenge.round.model is not None)
    settle()
    game.map_view.map_clicked.emit(truth.lat_deg + 4, truth.lon_deg + 6)
    game.button.click()
    settle(4)
    take("challenge", game)
    game.reject()
    window.close()
    jobs.shut_down()


def main() -> None:
    """Paint the photos and render each look in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--look", nargs=2, metavar=("COLOURS", "SCALE"), help="render only this look, here")
    parser.add_argument("--photos", type=Path, help="folder of the painted photos")
    options = parser.parse_args()
    if options.look:
        render(options.look[0], int(options.look[1]), options.out, options.photos)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for look, scale in LOOKS:
        with tempfile.TemporaryDirectory(prefix="geotagger-screens-") as name:
            folder = Path(name)
            paint_photos(folder / "photos")
            environment = dict(
                os.environ, QT_QPA_PLATFORM="offscreen", QT_SCALE_FACTOR=str(scale), LANG="C.UTF-8"
            )
            if hasattr(os, "geteuid") and os.geteuid() == 0:
                environment["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
            for user_folder in ("DATA", "CONFIG", "CACHE", "LOG"):
                environment[f"GEOTAGGER_{user_folder}_DIR"] = str(folder / user_folder.lower())
            here = ["--out", str(options.out), "--photos", str(folder / "photos"), "--look", look, str(scale)]
            subprocess.run([sys.executable, __file__, *here], env=environment, check=True)
            print(f"{look}, scale {scale}: done")


if __name__ == "__main__":
    main()
