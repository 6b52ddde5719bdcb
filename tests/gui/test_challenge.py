"""Challenge mode when the model is slow, and when the user has had enough."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from geotagger.core.geo import LatLon
from geotagger.gui.appearance import Appearance
from geotagger.gui.challenge_dialog import ChallengeDialog
from geotagger.gui.jobs import Jobs
from geotagger.session.challenge import Challenge, Round
from tests.images import save_photo
from tests.session.made import prediction

TRUTH = LatLon(46.9, -110.4)


class SlowModel:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.answers: list[Callable[[Any], None]] = []

    def guess_aside(self, _path: Path, on_done: Callable[[Any], None], _on_error: object) -> None:
        self.answers.append(on_done)


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
    assert "Model: no guess" in game.text
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
