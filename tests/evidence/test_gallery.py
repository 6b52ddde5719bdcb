import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from geotagger.core.geo import LatLon
from geotagger.core.paths import data_dir
from geotagger.evidence import gallery as gallery_module
from geotagger.evidence.gallery import DATABASE_NAME, Gallery, GalleryEntry, GalleryError


def vector(*values: float) -> np.ndarray:
    return np.asarray(values, np.float32) / np.linalg.norm(values)


def entry(path: str, *values: float, digest: str = "d") -> GalleryEntry:
    return GalleryEntry(Path(path), LatLon(51.2, -115.6), vector(*values), digest, datetime(2019, 7, 1, 12))


@pytest.fixture
def gallery(tmp_path):
    with Gallery(tmp_path / "g.sqlite3") as gallery:
        yield gallery


def test_a_learned_photo_is_found_by_what_it_shows(gallery):
    gallery.learn([entry("/p/lake.jpg", 1, 0.1, 0), entry("/p/street.jpg", 0, 1, 0)], "m")
    ((match,),) = gallery.matches(vector(1, 0.12, 0)[None], "m", ["/other.jpg"], 0.9)
    assert match.name == "/p/lake.jpg"
    assert match.similarity == pytest.approx(1.0, abs=1e-3)
    assert match.place == LatLon(51.2, -115.6)


def test_matches_come_best_first_and_at_most_three(gallery):
    gallery.learn([entry(f"/p/{i}.jpg", 1, 0.1 * i, 0) for i in range(6)], "m")
    (matches,) = gallery.matches(vector(1, 0, 0)[None], "m", [""], 0.5)
    assert [m.name for m in matches] == ["/p/0.jpg", "/p/1.jpg", "/p/2.jpg"]


@pytest.mark.parametrize("least", [-1.0, 0.3, 0.5, 0.9])
def test_the_search_misses_nothing(gallery, least):
    """Beside a plain search through all, in as many dimensions as the network gives."""
    rng = np.random.default_rng(0)
    places = rng.normal(size=(20, 128)) * np.linspace(2, 0.2, 128)
    vectors = (places[rng.integers(20, size=400)] + 0.4 * rng.normal(size=(400, 128))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery.learn([entry(f"/p/{i}.jpg", *v) for i, v in enumerate(vectors)], "m")
    kept = vectors.astype(np.float16).astype(np.float32)
    for i, found in enumerate(gallery.matches(vectors[:40], "m", [f"/p/{i}.jpg" for i in range(40)], least)):
        similarities = kept @ vectors[i]
        similarities[i] = -2
        order = [j for j in np.argsort(-similarities)[:3].tolist() if similarities[j] >= least]
        assert [m.name for m in found] == [f"/p/{j}.jpg" for j in order]


def test_a_photo_never_matches_itself(gallery):
    gallery.learn([entry("/p/lake.jpg", 1, 0, 0)], "m")
    assert gallery.matches(vector(1, 0, 0)[None], "m", ["/p/lake.jpg"], 0.5) == [()]


def test_embeddings_of_another_model_are_not_compared(gallery):
    gallery.learn([entry("/p/lake.jpg", 1, 0, 0)], "m")
    assert gallery.matches(vector(1, 0, 0)[None], "other", [""], 0.5) == [()]
    assert gallery.matches(vector(1, 0)[None], "m", [""], 0.5) == [()]


def test_learning_again_replaces(gallery):
    gallery.learn([entry("/p/lake.jpg", 1, 0, 0)], "m")
    gallery.learn([entry("/p/lake.jpg", 0, 1, 0, digest="new")], "m")
    assert gallery.count() == 1
    assert gallery.knows(Path("/p/lake.jpg"), "new", "m")
    assert not gallery.knows(Path("/p/lake.jpg"), "d", "m")


def test_forgetting_takes_files_and_whole_folders_but_not_their_namesakes(gallery):
    gallery.learn([entry(p, 1, 0, 0) for p in ("/p/a.jpg", "/p/sub/b.jpg", "/pp/c.jpg", "/q/d_%.jpg")], "m")
    assert gallery.forget([Path("/p")]) == 2
    assert gallery.count("m") == 2
    assert gallery.forget([Path("/q/d_%.jpg"), Path("/nowhere")]) == 1
    (matches,) = gallery.matches(vector(1, 0, 0)[None], "m", [""], 0.5)
    assert [m.name for m in matches] == ["/pp/c.jpg"]


def test_it_is_kept_in_the_users_database():
    with Gallery() as gallery:
        gallery.learn([entry("/p/lake.jpg", 1, 0, 0)], "m")
    with sqlite3.connect(data_dir() / DATABASE_NAME) as database:
        rows = database.execute(
            "SELECT path, lat_deg, taken, length(embedding) FROM gallery_photos"
        ).fetchall()
    assert rows == [("/p/lake.jpg", 51.2, "2019-07-01T12:00:00", 6)]
    with Gallery() as again:
        assert again.count() == 1


def test_a_damaged_database_gets_a_sentence(tmp_path):
    file = tmp_path / "g.sqlite3"
    file.write_bytes(b"no database" * 100)
    with pytest.raises(GalleryError, match="cannot be used"):
        Gallery(file)


@pytest.mark.parametrize(
    "damage",
    [
        "embedding = x'0011'",
        "embedding = x'001122'",
        "embedding = 'text'",
        "lat_deg = 999",
        "lat_deg = 'north'",
        "lon_deg = -181",
    ],
)
def test_a_damaged_row_costs_only_itself(tmp_path, damage):
    file = tmp_path / "g.sqlite3"
    with Gallery(file) as gallery:
        gallery.learn([entry(f"/p/{i}.jpg", 1, 0.1 * i, 0) for i in range(3)], "m")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"UPDATE gallery_photos SET {damage} WHERE path = '/p/0.jpg'")
    with Gallery(file) as gallery:
        (matches,) = gallery.matches(vector(1, 0, 0)[None], "m", [""], 0.5)
    assert [m.name for m in matches] == ["/p/1.jpg", "/p/2.jpg"]


def test_a_locked_database_can_still_be_asked_and_says_that_it_cannot_learn(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery_module, "_WAIT_S", 0.05)
    file = tmp_path / "g.sqlite3"
    with Gallery(file) as gallery:
        gallery.learn([entry("/p/0.jpg", 1, 0, 0)], "m")
    with closing(sqlite3.connect(file)) as database:
        database.execute("BEGIN IMMEDIATE")
        with Gallery(file) as gallery:
            assert len(gallery.matches(vector(1, 0, 0)[None], "m", [""], 0.5)[0]) == 1
            with pytest.raises(GalleryError, match="locked"):
                gallery.learn([entry("/p/1.jpg", 1, 0, 0)], "m")
            assert gallery.count() == 1


def test_a_gallery_of_a_later_version_gets_a_sentence(tmp_path):
    file = tmp_path / "g.sqlite3"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE gallery_photos (id INTEGER PRIMARY KEY, what BLOB)")
    with pytest.raises(GalleryError, match="cannot be used"):
        Gallery(file)


def test_a_moved_photo_that_is_learned_again_is_known_once(gallery, tmp_path):
    old, new, copy = (tmp_path / name for name in ("old.jpg", "new.jpg", "copy.jpg"))
    old.write_bytes(b"photo")
    gallery.learn([entry(str(old), 1, 0, 0, digest="one")], "m")
    copy.write_bytes(b"photo")
    gallery.learn([entry(str(copy), 1, 0, 0, digest="one")], "m")
    assert gallery.count() == 2, "both are there"
    old.rename(new)
    gallery.learn([entry(str(new), 1, 0, 0, digest="one"), entry(str(copy), 1, 0, 0, digest="one")], "m")
    assert gallery.count() == 2
    assert not gallery.knows(old, "one", "m")


def test_names_that_are_no_text_are_learned_found_and_forgotten(gallery):
    name = os.fsdecode(b"/p/\xff.jpg")
    gallery.learn([entry(name, 1, 0, 0)], "m")
    assert gallery.knows(Path(name), "d", "m")
    assert gallery.matches(vector(1, 0, 0)[None], "m", [name], 0.5) == [()]
    assert gallery.forget([Path(name)]) == 1


def test_without_the_folder_of_the_users_data_the_gallery_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GEOTAGGER_DATA_DIR", str(tmp_path / "file" / "folder"))
    with pytest.raises(GalleryError, match="cannot be made"):
        Gallery()
