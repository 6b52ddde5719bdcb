"""Challenge mode when the model is slow, and when the user has had enough."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWebEngineWidgets import QWebEngineView
from pytestqt.qtbot import QtBot

from geotagger.core.geo import LatLon
from geotagger.gui.appearance import Appearance
from geotagger.gui.challenge_dialog import ChallengeDialog
from geotagger.gui.jobs import Jobs
from geotagger.session.challenge import Challenge, Round
from tests.gui.map.map_samples import LoadedMap
from tests.images import save_photo
from tests.session.made import prediction

TRUTH = LatLon(46.9, -110.4)


class SlowModel:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.answers: list[Callable[[Any], None]] = []
        self.failures: list[Callable[[Exception], None]] = []

    def guess_aside(
        self, _path: Path, on_done: Callable[[Any], None], on_error: Callable[[Exception], None]
    ) -> None:
        self.answers.append(on_done)
        self.failures.append(on_error)


@pytest.fixture
def model() -> SlowModel:
    return SlowModel()


@pytest.fixture
def game(
    qtbot: QtBot, jobs: Jobs, appearance: Appearance, model: SlowModel, tmp_path: Path
) -> ChallengeDialog:
    path = save_photo(tmp_path / "IMG_0.jpg")
    made = ChallengeDialog(Challenge([Round(path, TRUTH)]), model, jobs, appearance)  # type: ignore[arg-type]
    made.show()
    return made


def test_a_slow_models_guess_counts_after_the_end(game: ChallengeDialog, model: SlowModel) -> None:
    game.map_view.map_clicked.emit(50.0, -100.0)
    game.button.click()
    assert "The model is still looking." in game.text
    game.button.click()
    assert game.windowTitle() == "Challenge"
    assert game._title.text() == "You won"
    model.answers[0](prediction())
    assert game._title.text() == "The model won"
    assert "model 100 of 100" in game.text
    game.button.click()


def test_an_answer_after_quitting_is_let_go(game: ChallengeDialog, model: SlowModel) -> None:
    game.map_view.map_clicked.emit(50.0, -100.0)
    game.button.click()
    shown = game.text
    game.reject()
    model.answers[0](prediction())
    assert game.text == shown


def test_each_round_begins_with_the_whole_map(
    qtbot: QtBot, jobs: Jobs, appearance: Appearance, model: SlowModel, tmp_path: Path
) -> None:
    path = save_photo(tmp_path / "IMG_0.jpg")
    rounds = Challenge([Round(path, TRUTH), Round(path, TRUTH)])
    game = ChallengeDialog(rounds, model, jobs, appearance)  # type: ignore[arg-type]
    view = game.map_view.findChild(QWebEngineView)
    assert view is not None
    loaded = LoadedMap(game.map_view, view.page(), qtbot)
    with qtbot.waitSignal(game.map_view.ready, timeout=30_000):
        game.show()
    loaded.wait_js("!geotagger.view.map._animatingZoom")
    whole = loaded.js("geotagger.view.map.getZoom()")
    game.map_view.map_clicked.emit(46.0, -110.0)
    game.button.click()
    loaded.wait_js(f"geotagger.view.map.getZoom() > {whole} + 2")
    game.button.click()
    assert "Round 2" in game._title.text()
    loaded.wait_js(f"geotagger.view.map.getZoom() <= {whole} && geotagger.view.markers.size === 0")
    game.reject()


def test_a_model_that_fails_has_no_guess(game: ChallengeDialog, model: SlowModel) -> None:
    game.map_view.map_clicked.emit(50.0, -100.0)
    game.button.click()
    model.failures[0](ValueError("the file is gone"))
    assert "Model: no guess" in game.text
    game.reject()
