"""What the trainer writes: whole or not at all on a full disk, in every command, and the next run goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trainer.collect.test_folder import DENVER, photo
from trainer.__main__ import main
from trainer.files import NotWrittenError, make_folder, write_file


def test_a_file_is_whole_or_the_one_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "weights.safetensors"
    write_file(file, b"before")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NotWrittenError) as caught:
        write_file(file, b"after")
    sentence = f"{file} cannot be written: {os.strerror(errno.ENOSPC)}. What lay there before is as it was."
    assert str(caught.value) == sentence
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {file: b"before"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    write_file(tmp_path / "file", "text")
    with pytest.raises(NotWrittenError, match=r"file/run cannot be written: Not a directory\."):
        make_folder(tmp_path / "file" / "run")


def test_the_commands_that_make_folders_say_so_too(
    prepared: Path, photo_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    there = str(tmp_path / "file" / "run")
    located = tmp_path / "photos"
    photo(located / "a.jpg", DENVER)
    for words in (
        ["prepare", str(photo_list), "--out", there],
        ["train", str(prepared), "--out", there],
        ["original", "train", "geocnn", str(prepared), "--out", there],
        ["collect", "folder", str(located), "--out", f"{there}/list.csv"],
    ):
        assert main(words) == 1, words
        (error,) = capsys.readouterr().err.splitlines()
        assert there in error
        assert "Not a directory" in error


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such limits")
@pytest.mark.slow
def test_a_disk_that_fills_up_in_mid_training_leaves_the_checkpoint_to_go_on_from(
    prepared: Path, tmp_path: Path
) -> None:
    """No stub: the system itself refuses to make files longer than what settings need."""
    words = ["train", str(prepared), "--out", str(tmp_path / "run"), "--set", "train.epochs=1"]
    for setting in ("head_epochs=0", "batch=8", "crop_px=32", "bf16=false", "threads=1"):
        words += ["--set", f"train.{setting}"]

    def run(limit_bytes: int | None, *more: str) -> subprocess.CompletedProcess[str]:
        code = "import sys, trainer.batches as b; b.input_size = lambda *_: (64, 96)\n"
        if limit_bytes:
            code += f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, -1))\n"
        code += "from trainer.__main__ import main; sys.exit(main(sys.argv[1:]))"
        return subprocess.run(
            [sys.executable, "-c", code, *words, *more],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )

    resume, weights = tmp_path / "run" / "resume.pt", tmp_path / "run" / "weights.safetensors"
    full = run(1_000_000)
    assert full.returncode == 1
    told = full.stderr.splitlines()[-1]
    assert (
        told == f"{resume} cannot be written: {os.strerror(errno.EFBIG)}. What lay there before is as it was."
    )
    assert not resume.exists()
    assert run(None).returncode == 0
    before = resume.read_bytes(), weights.read_bytes()
    weights.unlink()
    full_at_the_weights = run(1_000_000, "--resume")
    assert full_at_the_weights.returncode == 1
    assert full_at_the_weights.stderr.startswith(f"{weights} cannot be written: ")
    assert not list(resume.parent.glob("*.part"))
    assert run(None, "--resume").returncode == 0
    assert (resume.read_bytes(), weights.read_bytes()) == before


def test_a_bundle_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("trainer.export.load_trained", lambda run: (None, None))
    monkeypatch.setattr("trainer.steps.read_calibration", lambda run: None)
    monkeypatch.setattr("trainer.steps.learned_from", lambda run: {})
    monkeypatch.setattr("trainer.export.save_bundle", full)
    for name in ("config.json", "calibration.json"):
        (tmp_path / name).write_text("{}")
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "bundle")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"{tmp_path / 'bundle'} cannot be written: {os.strerror(errno.ENOSPC)}.")


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        (["report", "run", "data"], ".html"),
        (["outputs", "run", "data"], ".npz"),
        (["collect", "folder", "photos"], ".csv"),
    ],
)
def test_no_photo_is_replaced_where_a_file_to_write_was_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], ending: str
) -> None:
    mine = tmp_path / "IMG_1.jpg"
    mine.write_bytes(b"a photo")
    with pytest.raises(SystemExit) as ended:
        main([*words, "--out", str(mine)])
    assert ended.value.code == 2
    assert f"IMG_1.jpg does not end in {ending}" in capsys.readouterr().err
    assert mine.read_bytes() == b"a photo"
