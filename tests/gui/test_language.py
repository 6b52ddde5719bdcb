"""Every word of the window exists in French, with the same placeholders."""

from __future__ import annotations

import ast
import errno
import json
import re
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path

import pytest

import geotagger
from geotagger.core.errors import GeotaggerError, UnreadablePhotoError, WriteRefusedError
from geotagger.core.os_reason import CLAUSES
from geotagger.core.paths import resource_path
from geotagger.core.regions import load_regions
from geotagger.core.settings import Settings
from geotagger.evidence.words import neighbour_words
from geotagger.gui.language import said, tr, trn, use_language
from geotagger.gui.wording import _AREAS, _DIRECTIONS, row_words, time_left
from geotagger.metadata import formats, os_errors
from geotagger.metadata.errors import SIGNED, UnsafeError
from geotagger.session.exports import write_export
from geotagger.session.map_page import WORDS
from tests.session.made import make_photo, prediction

FRENCH: dict[str, str | list[str]] = json.loads(
    resource_path("languages", "fr.json").read_text(encoding="utf-8")
)
_PLACEHOLDER = re.compile(r"{\w+(?:![rs])?(?::[^}]*)?}")


def _program() -> dict[Path, ast.Module]:
    """The program's modules, without the commands: these speak English."""
    root = Path(geotagger.__path__[0])
    return {
        file: ast.parse(file.read_text(encoding="utf-8"))
        for file in root.rglob("*.py")
        if "cli" not in file.relative_to(root).parts
    }


def _kinds(modules: dict[Path, ast.Module], name: str) -> set[str]:
    """The name of a class and those of all classes made from it."""
    classes = [
        node for module in modules.values() for node in ast.walk(module) if isinstance(node, ast.ClassDef)
    ]
    found, before = {name}, set[str]()
    while found != before:
        before = set(found)
        found |= {one.name for one in classes if found & {b.id for b in one.bases if isinstance(b, ast.Name)}}
    return found


def words_of_the_window() -> set[str]:
    """All texts given to ``tr``, ``trn``, ``Sentence`` and to errors in the code, and those passed through a variable.

    A text made with an f-string could not be found in the catalogue, so none may stand there: errors take a
    template and its values.
    """
    found = {*WORDS.values(), *load_regions().names, *(area for area, _ in _AREAS), *_DIRECTIONS}
    found |= {declared.metadata["sentence"] for declared in fields(Settings)}
    found |= {*os_errors._READING.values(), *os_errors._WRITING.values(), *CLAUSES.values()}
    found |= {SIGNED, formats._RAW_REASON, formats._HEIF_REASON, formats._BIG_TIFF_REASON}
    found.add("{name}: {reason}")
    modules = _program()
    photo_errors = _kinds(modules, "PhotoError")
    holders = {"tr", "Sentence", "FormatError", "UnsafeError"} | _kinds(
        modules, "GeotaggerError"
    ) - photo_errors
    for file, module in modules.items():
        told = {
            target.id
            for node in ast.walk(module)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.JoinedStr)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(module):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            name = call.func.id
            texts = call.args[:2] if name == "trn" else call.args[1:2] if name in photo_errors else []
            texts = texts or (call.args[:1] if name in holders else [])
            for text in [
                one for t in texts for one in ((t.body, t.orelse) if isinstance(t, ast.IfExp) else (t,))
            ]:
                where = f"{file.name}:{call.lineno} is no template"
                assert not isinstance(text, ast.JoinedStr | ast.BinOp), where
                assert not (name != "tr" and isinstance(text, ast.Name) and text.id in told), where
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.add(text.value)
    return found


def test_french_is_complete_and_holds_nothing_old() -> None:
    wanted = words_of_the_window()
    assert sorted(wanted - set(FRENCH)) == []
    assert sorted(set(FRENCH) - wanted) == []


def _forms(french: str | list[str]) -> list[str]:
    """A sentence, or those for one thing and for many."""
    return [french] if isinstance(french, str) else french


def test_only_counted_words_have_two_forms() -> None:
    counted = {
        text.value
        for module in _program().values()
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "trn"
        for text in call.args[:2]
        if isinstance(text, ast.Constant)
    }
    two = {text for text, french in FRENCH.items() if not isinstance(french, str)}
    assert two <= counted
    assert all(len(_forms(FRENCH[text])) == 2 for text in two)


def test_placeholders_are_the_same() -> None:
    for text, french in FRENCH.items():
        for form in _forms(french):
            assert sorted(_PLACEHOLDER.findall(form)) == sorted(_PLACEHOLDER.findall(text)), text


def test_words_change_with_the_language() -> None:
    use_language("fr")
    assert tr("Accept") == "Accepter"
    assert trn("{n} photo", "{n} photos", 1200) == "1 200 photos"
    use_language("de")
    assert tr("Accept") == "Accept", "a language without a catalogue falls back to English"


def test_numbers_are_written_with_the_decimal_mark_of_the_language() -> None:
    photo = make_photo(prediction=replace(prediction(), radius_km=4.2))
    assert row_words(photo).detail == "± 4.2 km"
    use_language("fr")
    assert row_words(photo).detail == "± 4,2 km"
    assert time_left(5400) == "encore 1,5 h"
    use_language("de")
    assert row_words(photo).detail == "± 4.2 km", "English words take English numbers"


def test_sentences_of_the_evidence_are_said_in_the_users_language() -> None:
    words = neighbour_words("/photos/IMG_2041.jpg", 0.15, has_position=True)
    assert said(words) == "9 min after IMG_2041, which has GPS"
    use_language("fr")
    assert said(words) == "9 min après IMG_2041, qui a le GPS"
    assert said("IMG_2041") == "IMG_2041"


def test_what_is_wrong_with_a_photo_is_said_in_the_users_language() -> None:
    error = UnreadablePhotoError(Path("a.jpg"), "The file cannot be read ({problem}).", problem="{}")
    photo = make_photo(error=error.reason)
    use_language("fr")
    assert row_words(photo).place == "Le fichier ne peut pas être lu ({})."
    assert said(error) == "a.jpg : Le fichier ne peut pas être lu ({})."
    assert str(error) == "a.jpg: The file cannot be read ({}).", "the commands and the log speak English"


def test_a_clause_is_said_within_a_sentence_and_alone() -> None:
    clause = UnsafeError("its {kind} directory is damaged", kind="GPS").clause
    outer = WriteRefusedError(Path("a.jpg"), "It cannot be written safely: {reason}.", reason=clause)
    assert outer.reason == "It cannot be written safely: its GPS directory is damaged."
    assert clause.alone() == "Its GPS directory is damaged."
    use_language("fr")
    assert said(outer.reason) == "On ne peut pas l’écrire sans risque : son répertoire GPS est endommagé."
    assert said(clause.alone()) == "Son répertoire GPS est endommagé."


def test_none_is_plural_in_english_and_singular_in_french() -> None:
    assert trn("{n} photo", "{n} photos", 0) == "0 photos"
    use_language("fr")
    assert trn("{n} photo", "{n} photos", 0) == "0 photo"
    assert trn("{n} photo", "{n} photos", 2) == "2 photos"


def test_french_tells_one_from_many_where_english_does_not() -> None:
    use_language("fr")
    assert [trn("{n} accepted", "{n} accepted", n) for n in (1, 2)] == ["1 acceptée", "2 acceptées"]


def test_errors_and_sentences_keep_their_words_when_copied() -> None:
    error = UnreadablePhotoError(Path("a.jpg"), "The file cannot be read ({problem}).", problem="cut")
    again = deepcopy(error)
    use_language("fr")
    assert said(again.reason) == "Le fichier ne peut pas être lu (cut)."
    assert said(deepcopy(error.reason.alone())) == "Le fichier ne peut pas être lu (cut)."


def test_why_the_system_refused_is_said_in_french_too(tmp_path: Path) -> None:
    use_language("fr")
    with pytest.raises(GeotaggerError) as caught:
        write_export([], tmp_path / "no folder" / "out.csv")
    assert said(caught.value).endswith(" : aucun fichier ou dossier de ce nom.")
    assert str(caught.value).endswith(": No such file or directory.")


def test_what_the_system_refused_is_said_in_french_everywhere() -> None:
    asking = {
        file.name
        for file, module in _program().items()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr == "strerror"
    }
    assert asking == {"disk.py", "os_reason.py"}  # the one makes an error of its own, the other translates
    use_language("fr")
    told = said(os_errors.unreadable(Path("a.jpg"), OSError(errno.EIO, "Input/output error")))
    assert told.endswith("Le fichier ne peut pas être lu (erreur d’entrée-sortie).")
