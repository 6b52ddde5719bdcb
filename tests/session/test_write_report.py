"""The summary before writing tells exactly what would happen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.write_policy import Overwrite, SidecarMode, WritePolicy
from geotagger.metadata import WriteTarget, read_photo
from geotagger.session import review
from geotagger.session.photo import Photo
from geotagger.session.write_report import plan_all
from tests.images import save_photo
from tests.session.made import prediction


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    paths = [save_photo(tmp_path / f"IMG_{number}.jpg", seed=number) for number in range(4)]
    read = [Photo(n, path, read_photo(path), prediction=prediction()) for n, path in enumerate(paths)]
    return [
        review.accept(read[0]),
        review.accept(read[1], looked_at=False),
        review.place(read[2], LatLon(45.5, -73.6)),
        read[3],
    ]


def test_positions_are_counted_by_who_says_so(photos: list[Photo]) -> None:
    summary = plan_all(photos, WritePolicy())
    assert len(summary.to_do) == 3
    assert summary.count(WriteTarget.FILE) == 3
    assert summary.count(None) == 0
    assert summary.notes() == []
    assert summary.estimates == 2
    told = {source: summary.count_from(source) for source in Source}
    assert {source: count for source, count in told.items() if count} == {
        Source.MODEL_CONFIRMED: 1,
        Source.MODEL: 1,
        Source.MANUAL: 1,
    }


def test_a_guess_from_neighbours_or_a_track_counts_as_what_it_is(photos: list[Photo]) -> None:
    edited = photos[2].edited
    assert edited is not None
    several = [replace(photos[2], edited=replace(edited, source=s)) for s in (Source.NEIGHBOUR, Source.TRACK)]
    summary = plan_all(several, WritePolicy())
    assert [summary.count_from(s) for s in (Source.NEIGHBOUR, Source.TRACK, Source.MANUAL)] == [1, 1, 0]


def test_a_read_only_photo_is_announced_as_refused(photos: list[Photo]) -> None:
    photos[0].path.chmod(0o444)
    summary = plan_all(photos, WritePolicy())
    assert summary.count(None) == 1
    assert [str(note) for note, _ in summary.notes()] == ["The file is read-only."]


def test_planning_touches_no_file(photos: list[Photo]) -> None:
    before = {photo.path: photo.path.read_bytes() for photo in photos}
    plan_all(photos, WritePolicy(sidecar=SidecarMode.ALWAYS))
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(photos[0].path.parent.iterdir())) == len(before)


def test_sidecars_are_announced(photos: list[Photo]) -> None:
    summary = plan_all(photos, WritePolicy(sidecar=SidecarMode.ALWAYS))
    assert summary.count(WriteTarget.SIDECAR) == 3


def test_a_position_from_the_camera_is_kept_and_named(photos: list[Photo]) -> None:
    placed = photos[2]
    assert placed.metadata is not None
    located = replace(placed, metadata=replace(placed.metadata, fix=Fix(LatLon(1, 2), Source.CAMERA)))
    summary = plan_all([located], WritePolicy(overwrite=Overwrite.NEVER))
    assert summary.count(WriteTarget.KEPT) == 1
    assert summary.to_do == []
    [(note, names)] = summary.notes()
    assert note.endswith(".")
    assert names == ["IMG_2.jpg"]
