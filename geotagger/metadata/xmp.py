"""XMP packets: finding simple properties, and changing some of them with every other byte left as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

from geotagger.metadata.errors import UnsafeError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DUBLIN_CORE_TERMS = "http://purl.org/dc/terms/"
EXIF = "http://ns.adobe.com/exif/1.0/"
IPTC_CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
XMP_BASIC = "http://ns.adobe.com/xap/1.0/"
GEOTAGGER = "urn:geotagger:xmp:1.0/"
"""Namespace of what this program says of the positions that it wrote. All names in it begin with ``Position``:
many programs show tags without their namespace, and a ``Model`` of ours would hide that of the camera."""

PREFIXES = {EXIF: "exif", GEOTAGGER: "geotagger"}

Name = tuple[str, str]
"""Namespace URI and local name of a property."""

_ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_TAG_NAME = re.compile(rb"<[^\s/>]+")
_TAG_END = re.compile(rb"\s*/?>")
_DESCRIPTION = (RDF, "Description")
_MAX_DEPTH = 256
_KEPT_BYTES = 1 << 20
"""Larger packets are parsed anew: a few of them, as programs write long histories, would fill the memory."""
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)
"""As of ``xml.sax.saxutils``, which brings an HTTP client with it and so makes every start slower."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the photo itself, not of a structure within.

    Attributes:
        value: its text; the marked-up content of a structure or list.
        span: where it stands in the packet, as attribute or element.
        description: index of the rdf:Description that holds it.
    """

    name: Name
    value: str
    span: tuple[int, int]
    description: int


@dataclass(slots=True)
class _Description:
    about: str
    start: int
    head_end: int
    end: int = 0
    holds_more: bool = False
    properties: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Packet:
    """A parsed packet.

    Attributes:
        data: the packet in UTF-8, in which spans count.
        encoding: how it stood in the file.
        holds_more: there is something besides the properties: comments, instructions, text, elements of other kinds.

    Raises:
        UnsafeError: it is not well-formed XMP.
    """

    data: bytes
    properties: list[Property] = field(default_factory=list)
    encoding: str = "utf-8"
    holds_more: bool = False
    _descriptions: list[_Description] = field(default_factory=list)
    _rdf_prefix: str = "rdf"
    _rdf_end: int = -1
    _rdf_span: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Parse; a document type is refused because it can define entities."""
        original = self.data
        for encoding, opening in (("utf-16-be", b"\0<"), ("utf-16-le", b"<\0")):
            if original.startswith((opening, "\ufeff".encode(encoding) + opening)):
                self.encoding = encoding
                self.data = original.decode(encoding, "replace").encode("utf-8", "replace")
                if self._as_stored(self.data) != original:
                    raise UnsafeError("its XMP is damaged")
        _Parser(self).run()

    def _as_stored(self, data: bytes) -> bytes:
        return data if self.encoding == "utf-8" else data.decode("utf-8").encode(self.encoding)

    def get(self, namespace: str, name: str) -> str | None:
        """The text of a property."""
        for item in self.properties:
            if item.name == (namespace, name):
                return item.value
        return None

    def foreign(self, ours: Callable[[Name], bool]) -> list[tuple[Name, str]]:
        """Names and values of all properties that are not ours, in order."""
        return [(p.name, p.value) for p in self.properties if not ours(p.name)]

    def edited(self, drop: Callable[[Name], bool], add: Mapping[Name, str]) -> bytes:
        """The packet without the properties that ``drop`` names and with those of ``add``.

        White space before the end of the packet absorbs the growth where there is enough of it.
        """
        spans = self._spans_without(drop)
        insertion = b""
        if add:
            about = self._descriptions[0].about if self._descriptions else ""
            insertion = _description(add, self._rdf_prefix, about)
        result = bytearray(self.data)
        shift_from = self._rdf_end
        if self._rdf_end < 0 and insertion:
            start, end = self._rdf_span
            head = self.data[start:end].rstrip()[:-2].rstrip()
            prefix = self._rdf_prefix.encode()
            result[start:end] = head + b">" + insertion + b"</" + prefix + b":RDF>"
        elif insertion:
            result[shift_from:shift_from] = insertion
        for start, end in sorted(spans, reverse=True):
            del result[start:end]
        return self._as_stored(_repadded(bytes(result), len(self.data)))

    def _spans_without(self, drop: Callable[[Name], bool]) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        for description in self._descriptions:
            items = [self.properties[i] for i in description.properties]
            dropped = [p for p in items if drop(p.name)]
            if dropped and len(dropped) == len(items) and not description.holds_more:
                spans.append(self._with_indent(description.start, description.end))
            else:
                spans += [self._with_indent(*p.span) for p in dropped]
        return spans

    def _with_indent(self, start: int, end: int) -> tuple[int, int]:
        while start > 0 and self.data[start - 1 : start] in (b" ", b"\t", b"\r", b"\n"):
            start -= 1
        return start, end


def packet_of(data: bytes) -> Packet:
    """A parsed packet; the last ones are kept, because a write looks at the same packet again and again.

    Raises:
        UnsafeError: it is not well-formed XMP.
    """
    return _kept_packet(data) if len(data) <= _KEPT_BYTES else Packet(data)


@lru_cache(maxsize=32)
def _kept_packet(data: bytes) -> Packet:
    return Packet(data)


class _Parser:
    """Walks a packet with expat and notes where each property stands."""

    def __init__(self, packet: Packet) -> None:
        self._packet = packet
        self._data = packet.data
        self._stack: list[tuple[str, str]] = []
        self._scopes: list[dict[str, str]] = [{"xml": "http://www.w3.org/XML/1998/namespace", "": ""}]
        self._rdf_depth = 0
        self._in_rdf = False
        self._before_rdf = 0
        self._open: tuple[Name, int, int] | None = None
        self._said: list[str] = []
        self._said_plainly = True
        self._parser = expat.ParserCreate("utf-8")

    def run(self) -> None:
        if b"\0" in self._data.rstrip(b"\0"):
            raise UnsafeError("its XMP is not in UTF-8")
        parser = self._parser
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.CommentHandler = self._more
        parser.ProcessingInstructionHandler = self._instruction
        try:
            parser.Parse(self._data.rstrip(b"\0 \t\r\n"), True)
        except expat.ExpatError as error:
            raise UnsafeError("its XMP is damaged") from error
        if not self._rdf_depth:
            raise UnsafeError("its XMP holds no RDF")

    def _more(self, *_: object) -> None:
        self._packet.holds_more = True
        depth = len(self._stack)
        if self._in_rdf and depth == self._rdf_depth + 1 and self._stack[-1] == _DESCRIPTION:
            self._packet._descriptions[-1].holds_more = True

    def _instruction(self, target: str, _: str) -> None:
        if target != "xpacket":
            self._more()

    def _doctype(self, *_: object) -> None:
        raise UnsafeError("its XMP defines a document type")

    def _resolve(self, qualified: str, *, attribute: bool = False) -> Name:
        prefix, colon, local = qualified.rpartition(":")
        if attribute and not colon:
            return "", local
        return self._scopes[-1].get(prefix, prefix), local

    def _start(self, qualified: str, flat: list[str]) -> None:
        if len(self._stack) > _MAX_DEPTH:
            raise UnsafeError("its XMP is nested too deeply")
        at = self._parser.CurrentByteIndex
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        scope = self._scopes[-1]
        declared = {
            k[6:] if k != "xmlns" else "": v for k, v in pairs if k == "xmlns" or k.startswith("xmlns:")
        }
        self._scopes.append({**scope, **declared} if declared else scope)
        name = self._resolve(qualified)
        self._stack.append(name)
        depth = len(self._stack)
        if name == (RDF, "RDF") and not self._rdf_depth:
            self._rdf_depth, self._in_rdf = depth, True
            self._packet._rdf_prefix = qualified.rpartition(":")[0] or "rdf"
            self._packet._rdf_span = (at, self._head(at, None))
            if self._before_rdf > depth - 1:
                self._more()
        elif name == (RDF, "RDF") and self._open is None:
            raise UnsafeError("its XMP holds RDF more than once")
        elif self._in_rdf and depth == self._rdf_depth + 1 and name == _DESCRIPTION:
            self._describe(at, pairs)
        elif self._in_rdf and depth == self._rdf_depth + 2 and self._stack[-2] == _DESCRIPTION:
            self._open = (name, at, self._head(at, None))
            self._said, self._said_plainly = [], True
        elif self._open is not None:
            self._said_plainly = False
        elif self._rdf_depth:
            self._more()
        else:
            self._before_rdf += 1

    def _head(self, at: int, found: list[tuple[str, tuple[int, int]]] | None) -> int:
        """End of the start tag at ``at``; the spans of its attributes go into ``found``."""
        match = _TAG_NAME.match(self._data, at)
        position = match.end() if match else at
        while attribute := _ATTRIBUTE.match(self._data, position):
            if found is not None:
                found.append((attribute[1].decode("utf-8", "replace"), attribute.span()))
            position = attribute.end()
        end = _TAG_END.match(self._data, position)
        if match is None or end is None:
            raise UnsafeError("its XMP cannot be followed")
        return end.end()

    def _describe(self, at: int, pairs: list[tuple[str, str]]) -> None:
        spans: list[tuple[str, tuple[int, int]]] = []
        head_end = self._head(at, spans)
        if [name for name, _ in spans] != [name for name, _ in pairs]:
            raise UnsafeError("its XMP cannot be followed")
        description = _Description("", at, head_end)
        index = len(self._packet._descriptions)
        self._packet._descriptions.append(description)
        for (qualified, value), (_, span) in zip(pairs, spans, strict=True):
            if qualified == "xmlns" or qualified.startswith("xmlns:"):
                continue
            name = self._resolve(qualified, attribute=True)
            if name in ((RDF, "about"), ("", "about")):
                description.about = value
            elif name[0] not in (RDF, "", "http://www.w3.org/XML/1998/namespace"):
                self._add(Property(name, value, span, index))

    def _add(self, item: Property) -> None:
        self._packet._descriptions[item.description].properties.append(len(self._packet.properties))
        self._packet.properties.append(item)

    def _text(self, text: str) -> None:
        if self._open is not None:
            self._said.append(text)
        elif text.strip():
            self._more()

    def _element_end(self, head_end: int) -> tuple[int, int]:
        """(end of content, end of element) of the element that ends here."""
        if self._is_empty(head_end):
            return head_end, head_end
        at = self._parser.CurrentByteIndex
        return at, self._data.index(b">", at) + 1

    def _is_empty(self, head_end: int) -> bool:
        """Whether the start tag that ends at ``head_end`` closes itself; expat does not tell."""
        return self._data[head_end - 2 : head_end] == b"/>"

    def _end(self, _: str) -> None:
        depth = len(self._stack)
        name = self._stack.pop()
        self._scopes.pop()
        if self._open is not None and depth == self._rdf_depth + 2:
            property_name, start, head_end = self._open
            content_end, end = self._element_end(head_end)
            raw = self._data[head_end:content_end]
            if not raw:
                # An element without content says what it says in its attributes, if it has any.
                raw = b" ".join(self._data[start:head_end].rstrip(b"/>").split(None, 1)[1:])
                self._said_plainly = False
            value = "".join(self._said) if self._said_plainly else raw.decode("utf-8", "replace")
            self._add(
                Property(property_name, value.strip(), (start, end), len(self._packet._descriptions) - 1)
            )
            self._open = None
        elif name == _DESCRIPTION and self._in_rdf and depth == self._rdf_depth + 1:
            description = self._packet._descriptions[-1]
            description.end = self._element_end(description.head_end)[1]
        elif name == (RDF, "RDF") and depth == self._rdf_depth:
            self._in_rdf = False
            is_empty = self._is_empty(self._packet._rdf_span[1])
            self._packet._rdf_end = -1 if is_empty else self._parser.CurrentByteIndex


def _description(properties: Mapping[Name, str], rdf_prefix: str, about: str) -> bytes:
    def quoted(text: str) -> str:
        return f'"{text.translate(_ESCAPES)}"'

    namespaces = dict.fromkeys(namespace for namespace, _ in properties)
    lines = [f"<{rdf_prefix}:Description {rdf_prefix}:about={quoted(about)}"]
    lines += [f"  xmlns:{PREFIXES[uri]}={quoted(uri)}" for uri in namespaces]
    lines += [f"  {PREFIXES[uri]}:{local}={quoted(value)}" for (uri, local), value in properties.items()]
    return ("\n ".join(lines) + "/>\n").encode()


def _repadded(data: bytes, size: int) -> bytes:
    """Bring an edited packet back to its old size as far as its padding allows."""
    end = data.rfind(b"<?xpacket end=")
    excess = len(data) - size
    if end < 0 or not excess:
        return data
    start = len(data[:end].rstrip(b" \t\r\n"))
    if excess < 0:
        return data[:start] + b" " * -excess + data[start:]
    # One line break stays before the trailer.
    spare = end - start - 1
    return data[:start] + data[start + excess :] if spare >= excess else data


def new_packet(properties: Mapping[Name, str]) -> bytes:
    """A packet that holds these properties and nothing else."""
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        b'<rdf:RDF xmlns:rdf="' + RDF.encode() + b'">\n'
        + _description(properties, "rdf", "")
        + b'</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    )  # fmt: skip
