"""Photos of a session judged together: who places whom, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.prediction import Evidence, ImageOutput
from geotagger.evidence import predict_from_image
from geotagger.inference import ModelBundle, load_bundle
from geotagger.session import guesses, review
from geotagger.session.compact import compact
from geotagger.session.guesses import KeptGuess, trip_photos
from geotagger.session.photo import Photo
from geotagger.session.together import judge_trips
from tests.session.made import make_photo

BANFF = LatLon(51.18, -115.57)
NOON = datetime(2019, 7, 1, 12)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return load_bundle()


def guess_of(bundle: ModelBundle, seed: int) -> KeptGuess:
    cells = np.random.default_rng(seed).dirichlet(np.full(len(bundle.grid), 0.02)).astype(np.float32)
    embedding = np.random.default_rng(seed).normal(size=8).astype(np.float32)
    output = ImageOutput(np.full(63, 1 / 63, np.float32), cells, embedding / np.linalg.norm(embedding))
    return KeptGuess.of(output, predict_from_image(output, bundle.grid, bundle.calibration, "m", "cpu"))


def judge(bundle: ModelBundle, photos: list[Photo], guesses: dict[int, KeptGuess], changed: set[int]):
    photos_of_trip = trip_photos(photos, guesses)
    judged = judge_trips(photos_of_trip, changed, bundle.grid, bundle.calibration, "m", "cpu")
    return judged.predictions


def test_what_is_kept_is_small_and_true(bundle: ModelBundle) -> None:
    cells = np.random.default_rng(1).dirichlet(np.full(len(bundle.grid), 0.02)).astype(np.float32)
    embedding = np.full(512, 512**-0.5, np.float32)
    output = ImageOutput(np.full(63, 1 / 63, np.float32), cells, embedding)
    alone = predict_from_image(output, bundle.grid, bundle.calibration, "m", "cpu")
    kept = KeptGuess.of(output, alone)
    KeptGuess.of(output, alone)  # lies behind it on the shelf
    assert kept.alone() == compact(alone)
    assert isinstance(kept.kept, int), "the numbers lie on disk"
    again = kept.output().cell_probabilities
    assert again.sum() == pytest.approx(1, abs=1e-5)
    telling = cells > 1e-8
    assert again[telling] == pytest.approx(cells[telling], rel=3e-3)


def test_guesses_stay_in_memory_where_no_file_can_be_had(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "_shelf", guesses._Shelf())
    monkeypatch.setattr(guesses, "cache_dir", lambda: Path("/nowhere/at/all"))
    kept = guess_of(bundle, 3)
    assert isinstance(kept.kept, bytes)
    assert kept.output().cell_probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert kept.alone().evidence == (Evidence("image", 1.0),)


def test_a_located_photo_that_was_not_predicted_places_its_neighbours(bundle: ModelBundle) -> None:
    located = make_photo(1, fix=Fix(BANFF, Source.CAMERA), taken=NOON)
    near = make_photo(2, taken=NOON + timedelta(minutes=9))
    found = judge(bundle, [located, near], {2: guess_of(bundle, 2)}, {2})
    assert set(found) == {2}
    assert found[2].position.distance_km(BANFF) < 1
    assert found[2].evidence[1].reason == "9 min after IMG_0001, which has GPS"
    accepted = review.accept(replace(near, prediction=found[2])).edited
    assert accepted is not None
    assert accepted.source is Source.NEIGHBOUR


def test_only_places_of_the_user_are_known_not_estimates_that_he_agreed_with(bundle: ModelBundle) -> None:
    guesses = {1: guess_of(bundle, 1), 2: guess_of(bundle, 2)}
    photos = [
        make_photo(1, taken=NOON, prediction=guesses[1].alone()),
        make_photo(2, taken=NOON + timedelta(minutes=9), prediction=guesses[2].alone()),
    ]
    agreed = judge(bundle, [review.accept(photos[0]), photos[1]], guesses, {1})
    assert "GPS" not in str(agreed[2].evidence)
    placed = judge(bundle, [review.place(photos[0], BANFF), photos[1]], guesses, {1})
    assert placed[2].position.distance_km(BANFF) < 1


def test_a_photo_without_company_keeps_its_own_prediction(bundle: ModelBundle) -> None:
    guess = guess_of(bundle, 1)
    photo = make_photo(1, taken=NOON)
    assert judge(bundle, [photo], {1: guess}, {1})[1] == guess.alone()
    assert judge(bundle, [replace(photo, prediction=guess.alone())], {1: guess}, {1}) == {}


def test_clocks_of_one_camera_in_two_folders_are_told_apart(bundle: ModelBundle) -> None:
    photos = [make_photo(n, f"{folder}/{n}.jpg", taken=NOON) for n, folder in enumerate(("a", "a", "b", "b"))]
    photos = [
        replace(photo, metadata=replace(photo.metadata, camera=("Phone", "Camera")[photo.id % 2]))
        for photo in photos
        if photo.metadata is not None
    ]
    guesses = {photo.id: guess_of(bundle, photo.id) for photo in photos}
    every = trip_photos(photos, guesses)
    judged = judge_trips(every, {0, 1, 2, 3}, bundle.grid, bundle.calibration, "m", "cpu")
    assert len(judged.cameras) == 2
    assert {Path(roll).name for roll, _ in judged.cameras} == {"a", "b"}


def test_only_rolls_in_which_something_changed_are_judged(bundle: ModelBundle) -> None:
    here, there = make_photo(1, taken=NOON), make_photo(2, "elsewhere/b.jpg", taken=NOON)
    guesses = {1: guess_of(bundle, 1), 2: guess_of(bundle, 2)}
    assert set(judge(bundle, [here, there], guesses, {2})) == {2}
