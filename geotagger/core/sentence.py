"""A text for the user that can also be said in another language than English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Sentence(str):
    """The text in English, which any code may use as the plain text that it is, and what it was made of.

    Args:
        template: English with placeholders in braces; braces mean nothing where there are no values.
        values: what fills them; texts among them may be sentences themselves.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Sentence:
        if isinstance(template, Sentence) and not values:
            return template
        made = super().__new__(cls, cls._shaped(_filled(template, values)))
        made.template = template
        made.values = values
        return made

    def told(self, translated: Callable[[str], str]) -> str:
        """The text in another language: ``translated`` gives its template for the English one."""
        values = {
            name: one.told(translated) if isinstance(one, Sentence) else one
            for name, one in self.values.items()
        }
        return self._shaped(_filled(translated(self.template), values))

    def alone(self) -> Sentence:
        """A clause such as ``its XMP is damaged`` as a sentence of its own: with a capital and a full stop."""
        return _StandingAlone(self.template, **self.values)

    @staticmethod
    def _shaped(text: str) -> str:
        return text

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """What a copy, or another process, makes it from again."""
        return (self.template,), self.values


class _StandingAlone(Sentence):
    @staticmethod
    def _shaped(text: str) -> str:
        return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _filled(template: str, values: Mapping[str, Any]) -> str:
    return template.format(**values) if values else template
