"""Names of files and folders as they are shown: nothing in them breaks a line, turns writing round, or is markup."""

from __future__ import annotations

import html
import re
from pathlib import PurePath

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""They belong to some scripts and to many pictograms."""
_LONGEST_WORD = re.compile(r"\S{24}(?=\S)")


def shown(text: str) -> str:
    """The text with a mark in the place of each character that has no shape of its own, such as a line break."""
    if text.isprintable():
        return text
    mark = "\N{REPLACEMENT CHARACTER}"
    return "".join(c if c.isprintable() or c in _JOINERS else mark for c in text)


def shown_name(path: PurePath) -> str:
    """The last part of a path, or all of it where it has no such part."""
    return shown(path.name or str(path))


def breakable(text: str) -> str:
    """The text for a narrow label that breaks lines: very long words may be broken, too."""
    return _LONGEST_WORD.sub("\\g<0>\N{ZERO WIDTH SPACE}", text)


def tool_tip(text: str) -> str:
    """The text for a tool tip, where Qt would take ``<b>`` in a name for markup."""
    return f"<qt>{html.escape(breakable(shown(text)))}</qt>"
