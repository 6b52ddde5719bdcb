"""A text for the user that can also be said in another language than English."""

from __future__ import annotations

from typing import Any


class Sentence(str):
    """The text in English, which any code may use as the plain text that it is, and what it was made of.

    Args:
        template: English with placeholders in braces.
        values: what fills them; texts among them may be sentences themselves.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Sentence:
        made = super().__new__(cls, template.format(**values))
        made.template = template
        made.values = values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """What a copy, or another process, makes it from again."""
        return (self.template,), self.values
