"""The window's words: English in the code, other languages from a catalogue of whole sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping

from PySide6.QtCore import QLocale

from geotagger.core.paths import resource_path
from geotagger.core.sentence import Sentence

_catalogue: Mapping[str, str] = {}


def use_language(code: str) -> None:
    """Speak the language with this ISO 639-1 code from now on; English where there is no catalogue."""
    global _catalogue
    folder = resource_path("languages")
    file = folder / f"{code}.json"
    _catalogue = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def system_language() -> str:
    """ISO 639-1 code of the desktop's language."""
    return QLocale.system().name()[:2]


def tr(text: str) -> str:
    """The text in the user's language; placeholders in braces are filled in by the caller."""
    return _catalogue.get(text, text)


def said(text: str) -> str:
    """What a :class:`Sentence` says, in the user's language; any other text as it is."""
    if not isinstance(text, Sentence):
        return text
    values = {name: said(one) if isinstance(one, str) else one for name, one in text.values.items()}
    return tr(text.template).format(**values)


def trn(one: str, many: str, count: int, **values: str) -> str:
    """The singular or plural text in the user's language, with ``{n}`` filled in, thousands set apart.

    Args:
        values: what other placeholders in the text stand for.
    """
    text = tr(one) if count == 1 else tr(many)
    return text.format(n=f"{count:,}".replace(",", " "), **values)
