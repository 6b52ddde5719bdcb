"""The window's words: English in the code, other languages from a catalogue of whole sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping

from PySide6.QtCore import QLocale

from geotagger.core.errors import GeotaggerError
from geotagger.core.paths import resource_path
from geotagger.core.sentence import Sentence

_catalogue: Mapping[str, str | list[str]] = {}
"""A sentence by the English one; two, for one thing and for many, where English does not tell them apart."""
_none_is_one = False


def use_language(code: str) -> None:
    """Speak the language with this ISO 639-1 code from now on; English where there is no catalogue."""
    global _catalogue, _none_is_one
    folder = resource_path("languages")
    file = folder / f"{code}.json"
    _catalogue = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    _none_is_one = code == "fr"


def system_language() -> str:
    """ISO 639-1 code of the desktop's language."""
    return QLocale.system().name()[:2]


def tr(text: str) -> str:
    """The text in the user's language; placeholders in braces are filled in by the caller."""
    return _looked_up(text, is_one=False)


def said(text: str | Exception) -> str:
    """What an error or a :class:`Sentence` says, in the user's language; any other text as it is."""
    if isinstance(text, Exception):
        text = text.sentence if isinstance(text, GeotaggerError) else str(text)
    return text.told(tr) if isinstance(text, Sentence) else text


def trn(one: str, many: str, count: int, **values: str) -> str:
    """The singular or plural text in the user's language, with ``{n}`` filled in, thousands set apart.

    None is plural in English, and singular in French.

    Args:
        values: what other placeholders in the text stand for.
    """
    is_one = count == 1 or (count == 0 and _none_is_one)
    text = _looked_up(one if is_one else many, is_one)
    return text.format(n=f"{count:,}".replace(",", " "), **values)


def localized(number: str) -> str:
    """A number that has a decimal point, with the mark of the user's language in its place."""
    return number.replace(".", tr("."))


def _looked_up(text: str, is_one: bool) -> str:
    found = _catalogue.get(text, text)
    return found if isinstance(found, str) else found[0 if is_one else 1]
