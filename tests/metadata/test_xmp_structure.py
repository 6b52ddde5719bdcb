"""XMP of whatever build: a write and its removal lose nothing that is not a position, wherever it stands."""

from __future__ import annotations

import random
import re
from datetime import datetime, timezone

import pytest

from geotagger.metadata import provenance
from geotagger.metadata.errors import UnsafeError
from geotagger.metadata.xmp import EXIF, GEOTAGGER, RDF, Packet
from tests.metadata.judging import ESTIMATE

NOW = datetime(2026, 11, 22, 16, 40, tzinfo=timezone.utc)
NAMESPACES = (
    f'xmlns:rdf="{RDF}" xmlns:exif="{EXIF}" xmlns:e2="{EXIF}" xmlns:g="{GEOTAGGER}" xmlns:dc="urn:dc"'
)
ELEMENTS = (
    "rdf:Description", "rdf:Description", "rdf:RDF", "rdf:li", "exif:GPSLatitude", "exif:GPSLongitude",
    "e2:GPSLatitudeRef", "exif:GPSAltitude", "exif:Flash", "g:PositionSource", "dc:source", "dc:thing", "x:xmpmeta",
)  # fmt: skip
ATTRIBUTES = ("exif:GPSLatitude", "e2:GPSLongitude", "exif:GPSAltitude", "g:PositionSource", "dc:a", "dc:b")


class Author:
    """Writes XMP at random; each text of its own is a number that stands nowhere else."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._texts = 0

    def document(self) -> str:
        some = self._random.choice
        inside = "".join(self._text() + self._element(2) for _ in range(some((0, 1, 2, 3))))
        before, behind = (some(("", "", self._text(), self._element(4))) for _ in range(2))
        padding = some(("", '\n<?xpacket end="w"?>', " " * 500 + '<?xpacket end="w"?>', self._text()))
        rdf = f"<rdf:RDF>{inside}{some(('', self._text()))}</rdf:RDF>"
        return f'<x:xmpmeta xmlns:x="adobe:ns:meta/" {NAMESPACES}>{before}{rdf}{behind}</x:xmpmeta>{padding}'

    def _own(self) -> str:
        self._texts += 1
        return f"own{self._texts}."

    def _text(self) -> str:
        own = self._own()
        return self._random.choice(
            ("", "\n ", own, f"<!-- {own} > -->", f"<![CDATA[{own}<]]>", f"<?pi {own}?>", "48,51.5N")
        )

    def _attributes(self) -> str:
        chosen = self._random.sample(ATTRIBUTES, self._random.choice((0, 0, 1, 2, 3)))
        values = ("48,51.5N", "2,17.6E", "51.45", "", " &lt;&#48; ", "a>b", self._own())
        quotes, blanks = "\"'", (" ", "  ", "\n")
        said = []
        for name in chosen:
            quote = self._random.choice(quotes)
            said.append(f"{self._random.choice(blanks)}{name}={quote}{self._random.choice(values)}{quote}")
            values = values[:-1]  # an own text stands once
        return "".join(said)

    def _element(self, depth: int) -> str:
        name = self._random.choice(ELEMENTS if depth > 2 else (*ELEMENTS, *["rdf:Description"] * 40))
        head = f"<{name}{self._attributes()}"
        if depth > 5 or self._random.random() < 0.25:
            return head + self._random.choice(("/>", " />", f"></{name}>"))
        inside = "".join(
            self._text() + self._element(depth + 1) for _ in range(self._random.choice((0, 1, 1, 2, 3)))
        )
        return f"{head}>{inside}{self._text()}</{name}>"


def own_texts(data: bytes) -> list[str]:
    return re.findall(r"own\d+\.", data.decode())


@pytest.mark.parametrize("seed", range(4))
def test_nothing_but_the_position_is_lost(seed: int) -> None:
    author = Author(seed)
    changed = 0
    for _ in range(400):
        data = author.document().encode()
        try:
            packet = Packet(data)
        except UnsafeError:
            continue
        replaced = {
            text
            for item in packet.properties
            if provenance.is_ours(item.name)
            for text in own_texts(data[slice(*item.span)])
        }
        kept = [text for text in own_texts(data) if text not in replaced]
        written = provenance.with_fix(data, ESTIMATE, NOW, position=True)
        stripped = provenance.without_fix(data)
        for result in (written, stripped, provenance.without_fix(written)):
            found = own_texts(result)
            assert set(kept) <= set(found), data
            assert len(found) == len(set(found)), data
        assert provenance.position_in(provenance.checked_packet(written, data)) is not None
        assert not stripped or not provenance.holds_position(Packet(stripped))
        changed += 1
    assert changed > 200
