"""``geotagger learn`` and ``geotagger forget``: the user's own located photos."""

from __future__ import annotations

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.evidence.gallery import Gallery
from geotagger.metadata import WritePolicy, open_journal, write_fix
from tests.images import save_photo

BANFF = LatLon(51.18, -115.57)


@pytest.fixture
def album(tmp_path):
    """A photo placed by hand, one with an estimate, one without a position, one damaged."""
    folder = tmp_path / "album"
    photos = {
        name: save_photo(folder / f"{name}.jpg", seed=i) for i, name in enumerate(("manual", "model", "none"))
    }
    with open_journal() as journal:
        run = journal.begin_run("test")
        for name in ("manual", "model"):
            write_fix(photos[name], Fix(BANFF, Source(name), 10.0), WritePolicy(), journal, run)
    photos["damaged"] = folder / "damaged.jpg"
    photos["damaged"].write_bytes(b"no photo")
    return photos


def test_only_photos_with_a_position_of_their_own_are_learned_and_the_rest_is_told(geotagger, album):
    done = geotagger("learn", album["manual"].parent)
    assert done.code == 1, "one of them is damaged"
    assert "damaged.jpg" in done.err
    assert "knows 1 of these photos; 2 without a position" in done.err
    with Gallery() as gallery:
        assert gallery.count() == 1


def test_learning_twice_keeps_one_and_forgetting_a_folder_takes_all(geotagger, album):
    for _ in range(2):
        assert geotagger("learn", album["manual"]).code == 0
    with Gallery() as gallery:
        assert gallery.count() == 1
    before = album["manual"].read_bytes()
    done = geotagger("forget", album["manual"].parent)
    assert done.code == 0
    assert "Forgot 1 photo." in done.err
    assert album["manual"].read_bytes() == before
    with Gallery() as gallery:
        assert gallery.count() == 0


def test_photos_that_are_gone_can_be_forgotten(geotagger, album):
    geotagger("learn", album["manual"])
    album["manual"].unlink()
    assert "Forgot 1 photo." in geotagger("forget", album["manual"]).err
