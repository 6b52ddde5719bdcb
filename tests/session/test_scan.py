import os
from pathlib import Path

import pytest
from PIL import Image

from geotagger.session.scan import scan


def photo(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)
    return path


def found(*paths: Path) -> list[Path]:
    return [item.path for item in scan(paths) if item.skipped is None]


def reasons(*paths: Path) -> dict[str, str]:
    return {item.path.name: item.skipped for item in scan(paths) if item.skipped}


def test_folders_are_read_recursively_in_a_stable_order(tmp_path):
    photos = [photo(tmp_path / name) for name in ("a.jpg", "c/B.JPG", "c/z.webp", "c/d/e.png")]
    assert found(tmp_path) == photos


def test_a_photo_dropped_twice_comes_once(tmp_path):
    a = photo(tmp_path / "a.jpg")
    (tmp_path / "link.jpg").symlink_to(a)
    assert found(a, tmp_path, a, tmp_path / "." / "a.jpg") == [a]


def test_a_photo_goes_by_its_own_name_and_not_by_that_of_a_link_to_it(tmp_path):
    photos = [photo(tmp_path / "b.jpg"), photo(tmp_path / "sub" / "c.jpg")]
    (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "0.jpg").symlink_to(tmp_path / "sub" / "c.jpg")
    hidden = photo(tmp_path / ".hidden" / "d.jpg")
    (tmp_path / "d.jpg").symlink_to(hidden)
    assert found(tmp_path) == [*photos, tmp_path / "d.jpg"]


def test_what_is_no_photo_is_named_with_its_reason(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    missing = tmp_path / "gone.jpg"
    assert reasons(tmp_path, missing) == {
        "notes.txt": "This is not a photo format that the program knows.",
        "gone.jpg": "There is no such file or folder.",
    }


def test_sidecars_are_read_with_their_photos_and_not_named_as_passed_over(tmp_path):
    photos = [photo(tmp_path / "IMG_1.JPG"), photo(tmp_path / "IMG_2.png")]
    for name in ("IMG_1.xmp", "IMG_2.png.XMP", "alone.xmp"):
        (tmp_path / name).write_text("<x/>")
    assert found(tmp_path) == photos
    assert set(reasons(tmp_path)) == {"alone.xmp"}
    assert set(reasons(tmp_path / "IMG_1.xmp")) == {"IMG_1.xmp"}, "who names one expects a photo"


def test_hidden_files_and_folders_are_left_out_silently(tmp_path):
    photo(tmp_path / "._a.jpg")
    photo(tmp_path / ".thumbnails" / "a.jpg")
    assert list(scan([tmp_path])) == []


def test_links_out_of_the_chosen_folder_are_not_followed(tmp_path):
    outside = photo(tmp_path / "outside" / "a.jpg")
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    (chosen / "link.jpg").symlink_to(outside)
    (chosen / "folder").symlink_to(outside.parent)
    (chosen / "broken.jpg").symlink_to(chosen / "nothing.jpg")
    assert found(chosen) == []
    assert set(reasons(chosen)) == {"link.jpg", "folder", "broken.jpg"}


def test_a_loop_of_links_ends(tmp_path):
    a = photo(tmp_path / "a.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert found(tmp_path) == [a]


def test_a_folder_without_rights_is_named_and_the_rest_goes_on(tmp_path, monkeypatch):
    a = photo(tmp_path / "a.jpg")
    photo(tmp_path / "closed" / "b.jpg")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    # Root may read any folder, so the refusal of the system is played.
    monkeypatch.setattr(os, "scandir", refuse)
    assert found(tmp_path) == [a]
    assert reasons(tmp_path) == {"closed": "You have no right to read this folder."}


def refuse_to_look_into(monkeypatch, folder):
    """As for users who may list a folder, but not reach what lies in it; the tests may run as one whom nothing stops."""

    def looking(real):
        def refusing(path, *words, **named):
            if isinstance(path, (str, Path)) and folder in Path(path).parents:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *words, **named)

        return refusing

    for where in (os, Path):  # before Python 3.11 the second does not ask the first
        for name in ("stat", "lstat"):
            monkeypatch.setattr(where, name, looking(getattr(where, name)))


def test_what_lies_in_a_folder_that_may_only_be_listed_is_named_and_the_rest_goes_on(tmp_path, monkeypatch):
    closed, after = photo(tmp_path / "a" / "closed.jpg"), photo(tmp_path / "b.jpg")
    refuse_to_look_into(monkeypatch, closed.parent)
    for paths in ([tmp_path], [closed, after]):
        assert found(*paths) == [after]
        assert reasons(*paths) == {"closed.jpg": "It cannot be reached: Permission denied."}


def test_cancelling_stops_at_once(tmp_path):
    for number in range(20):
        photo(tmp_path / f"{number:02}.jpg")
    seen = []
    for item in scan([tmp_path], cancelled=lambda: len(seen) == 3):
        seen.append(item)
    assert len(seen) == 3


@pytest.mark.parametrize("count", [500])
def test_many_photos_in_one_folder(tmp_path, count):
    for number in range(count):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
    assert len(found(tmp_path)) == count
