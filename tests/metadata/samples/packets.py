"""XMP packets as Adobe programs write them."""

from __future__ import annotations


def xmp(inner: str = 'xmp:Rating="4"', *, padding: int = 0, attributes: str = "", body: str = "") -> bytes:
    """A packet as Adobe programs write it."""
    description = f'<rdf:Description rdf:about="{attributes}" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"\n   {inner}>{body}</rdf:Description>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n ' + description + "\n</rdf:RDF></x:xmpmeta>\n"
        + " " * padding + '\n<?xpacket end="w"?>'
    ).encode()  # fmt: skip


RICH_BODY = "<dc:subject><rdf:Bag><rdf:li>Zo\u00eb &amp; Co</rdf:li><rdf:li>&lt;tag&gt;</rdf:li></rdf:Bag></dc:subject>\n<!-- a comment --><dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>me</rdf:li></rdf:Alt></dc:rights>"
CARRIED_POSITION = 'exif:GPSLatitude="40,30.0N" exif:GPSLongitude="100,15.0W" exif:GPSAltitude="35/1"'
