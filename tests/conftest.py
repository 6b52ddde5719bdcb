"""Shared by all tests: the user's own folders are never touched, and no window needs a screen."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Triton, which comes with PyTorch's CUDA build and is loaded by its optimisers, crashes the process where QtWebEngine was
# loaded before it (measured with torch 2.13.0 and PySide6 6.11.3); the other way round both work. Only the tests
# train in the process of the window.
if importlib.util.find_spec("triton") is not None:
    importlib.import_module("triton")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if hasattr(os, "geteuid") and os.geteuid() == 0:
    os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
_HOME = Path(tempfile.mkdtemp(prefix="geotagger-tests-"))
for _name in ("DATA", "CONFIG", "CACHE", "LOG"):
    os.environ[f"GEOTAGGER_{_name}_DIR"] = str(_HOME / _name.lower())

SHARED = Path(os.environ.get("GEOTAGGER_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def pytest_sessionfinish() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def user_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test user folders of its own."""
    for name in ("DATA", "CONFIG", "CACHE", "LOG"):
        monkeypatch.setenv(f"GEOTAGGER_{name}_DIR", str(tmp_path / "user" / name.lower()))
    return tmp_path / "user"


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The folder of real located photos, or a skip that says why."""
    folder = SHARED / "photos"
    if not folder.is_dir():
        pytest.skip("needs the real photos in ../shared/photos")
    return folder


@pytest.fixture(scope="session")
def exif_corpus() -> Path:
    """The folder of real camera files, or a skip that says why."""
    folder = SHARED / "exif-corpus"
    if not folder.is_dir():
        pytest.skip("needs the camera files in ../shared/exif-corpus")
    return folder


@pytest.fixture(scope="session")
def backbone_weights() -> Path:
    """The ImageNet backbone, or a skip that says why."""
    file = SHARED / "weights" / "tf_efficientnetv2_b0.in1k.safetensors"
    if not file.is_file():
        pytest.skip("needs the backbone in ../shared/weights")
    return file


@pytest.fixture(scope="session")
def exiftool() -> str:
    """The ExifTool command, or a skip that says why; where CI installs it, its absence is a failure."""
    command = shutil.which("exiftool")
    if command is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs the exiftool command")
    return command
