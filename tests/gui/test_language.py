"""Every word of the window exists in French, with the same placeholders."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import fields
from pathlib import Path

import geotagger
from geotagger.core.paths import resource_path
from geotagger.core.regions import load_regions
from geotagger.core.settings import Settings
from geotagger.evidence.words import neighbour_words
from geotagger.gui.language import said, tr, trn, use_language
from geotagger.gui.wording import _AREAS, _DIRECTIONS, row_words
from geotagger.metadata import os_errors
from geotagger.metadata.reading import sentence
from geotagger.session.map_page import WORDS
from tests.session.made import make_photo

FRENCH: dict[str, str] = json.loads(resource_path("languages", "fr.json").read_text(encoding="utf-8"))


def words_of_the_window() -> set[str]:
    """All texts given to ``tr``, ``trn`` and ``Sentence`` in the code, and those passed through a variable."""
    found = {*WORDS.values(), *load_regions().names, *(area for area, _ in _AREAS), *_DIRECTIONS}
    found |= {declared.metadata["sentence"] for declared in fields(Settings)}
    for file in Path(geotagger.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("tr", "trn", "Sentence")
            ):
                texts = node.args[: 2 if node.func.id == "trn" else 1]
                found |= {t.value for t in texts if isinstance(t, ast.Constant) and isinstance(t.value, str)}
    return found


_TOLD_IN_ROWS = frozenset(
    {
        "ChangedOnDiskError",
        "CoordinateError",
        "FormatError",
        "KnownPlaceError",
        "ScanItem",
        "SettingsError",
        "UnreadablePhotoError",
        "VerificationError",
        "WriteRefusedError",
    }
)


def problems_of_photos() -> set[str]:
    """The fixed sentences about photos and positions that the window shows as they come from below it."""
    found = {*os_errors._READING.values(), *os_errors._WRITING.values()}
    for file in Path(geotagger.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in _TOLD_IN_ROWS
            ):
                texts = [
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                ]
                found |= {sentence(text) for text in texts}
    return found


def test_french_is_complete_and_holds_nothing_old() -> None:
    wanted = words_of_the_window() | problems_of_photos()
    assert sorted(wanted - set(FRENCH)) == []
    assert sorted(set(FRENCH) - wanted) == []


def test_placeholders_are_the_same() -> None:
    for text, french in FRENCH.items():
        assert sorted(re.findall(r"{\w+}", french)) == sorted(re.findall(r"{\w+}", text)), text


def test_words_change_with_the_language() -> None:
    use_language("fr")
    assert tr("Accept") == "Accepter"
    assert trn("{n} photo", "{n} photos", 1200) == "1 200 photos"
    use_language("de")
    assert tr("Accept") == "Accept", "a language without a catalogue falls back to English"


def test_sentences_of_the_evidence_are_said_in_the_users_language() -> None:
    words = neighbour_words("/photos/IMG_2041.jpg", 0.15, has_position=True)
    assert said(words) == "9 min after IMG_2041, which has GPS"
    use_language("fr")
    assert said(words) == "9 min après IMG_2041, qui a le GPS"
    assert said("IMG_2041") == "IMG_2041"


def test_what_is_wrong_with_a_photo_is_said_in_the_users_language() -> None:
    photo = make_photo(error="The file is empty.")
    use_language("fr")
    assert row_words(photo).place == "Le fichier est vide."
