"""The program works from the tree, from an installed wheel and from an sdist alike."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with an sdist and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, TREE],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The wheel installed into a folder of its own, away from the tree."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, wheel], check=True
    )
    return folder


def run_installed(installed: Path, *words: str) -> str:
    # The editable install puts the tree on sys.path; PYTHONPATH comes before it.
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    return done.stdout.strip()


def test_the_wheel_holds_every_resource(built):
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    resources = [path for path in (TREE / "resources").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(resources) > 5
    for path in resources:
        assert "geotagger/" + path.relative_to(TREE).as_posix() in names
    assert "trainer/__init__.py" in names


def test_the_sdist_holds_no_photo_and_no_environment(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert any(name.endswith("/Makefile") for name in names)
    assert not [
        name for name in names if ".venv" in name or name.lower().endswith((".jpg", ".jpeg", ".heic"))
    ]


def test_the_installed_wheel_finds_its_own_resources(installed):
    place = run_installed(
        installed, "-c", "from geotagger.core.paths import resource_path; print(resource_path('regions'))"
    )
    assert Path(place).is_relative_to(installed)


def test_the_installed_wheel_is_healthy(installed):
    report = run_installed(installed, "-m", "geotagger", "doctor")
    assert "WRONG" not in report
    assert "63 regions" in report
