"""XMP packets change where they must and nowhere else."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import provenance
from geotagger.metadata.errors import UnsafeError
from geotagger.metadata.xmp import EXIF, GEOTAGGER, RDF, XMP_BASIC, Packet, new_packet
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL, ExifTool

NOW = datetime(2026, 11, 22, 16, 40, tzinfo=timezone.utc)
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
RICH = samples.xmp(body=samples.RICH_BODY, attributes="uuid:1")


def without_ours(data: bytes) -> bytes:
    """A packet with the description that we add cut out, byte for byte."""
    return re.sub(rb"<rdf:Description [^>]*geotagger:PositionSource[^>]*/>\n", b"", data)


def test_every_foreign_byte_stays() -> None:
    assert without_ours(provenance.with_fix(RICH, ESTIMATE, NOW, position=True)) == RICH


def test_a_second_write_replaces_the_first() -> None:
    once = provenance.with_fix(RICH, ESTIMATE, NOW, position=True)
    twice = provenance.with_fix(once, MANUAL, NOW, position=True)
    assert twice.count(b"geotagger:PositionSource") == 1
    assert twice.count(b"exif:GPSLatitude=") == 1
    assert b"PositionModel" not in twice
    assert without_ours(twice).split() == RICH.split()


def test_taking_out_the_mark_leaves_the_rest() -> None:
    assert (
        provenance.without_fix(provenance.with_fix(RICH, ESTIMATE, NOW, position=True)).split()
        == RICH.split()
    )
    assert provenance.without_fix(new_packet(provenance.mark_properties(ESTIMATE, NOW))) == b""


def test_padding_absorbs_growth() -> None:
    padded = samples.xmp(padding=4000)
    written = provenance.with_fix(padded, ESTIMATE, NOW, position=True)
    assert len(written) == len(padded)
    assert written.endswith(b'\n<?xpacket end="w"?>')


@pytest.mark.timeout(20)
def test_long_runs_of_blanks_take_no_time() -> None:
    blanks = " " * 400_000
    for packet in (
        samples.xmp(body=f"<dc:source>{blanks}x</dc:source>{blanks}<dc:rights{blanks}/>"),
        samples.xmp(padding=400_000).replace(b"<?xpacket end", b"<?other end"),
    ):
        written = provenance.with_fix(packet, ESTIMATE, NOW, position=True)
        assert without_ours(written) == packet


@pytest.mark.parametrize("element", ["<dc:source></dc:source>", "<dc:source/>", "<dc:source  />"])
def test_an_empty_element_says_nothing(element: str) -> None:
    assert Packet(samples.xmp(body=element)).get(DUBLIN_CORE, "source") == ""


def test_an_element_without_content_is_told_apart_by_its_attributes() -> None:
    left, right = (Packet(samples.xmp(body=f'<dc:source rdf:resource="{x}"/>')) for x in ("a", "b"))
    assert left.get(DUBLIN_CORE, "source") != right.get(DUBLIN_CORE, "source")


def test_what_we_add_is_about_the_same_photo() -> None:
    written = provenance.with_fix(RICH, ESTIMATE, NOW, position=False)
    assert written.count(b'rdf:about="uuid:1"') == 2


@pytest.mark.parametrize("prefix", ["rdf", "r"])
def test_any_prefix_of_rdf_is_understood(prefix: str) -> None:
    packet = RICH.replace(b"rdf:", f"{prefix}:".encode()).replace(b"xmlns:rdf", f"xmlns:{prefix}".encode())
    written = provenance.with_fix(packet, ESTIMATE, NOW, position=True)
    assert Packet(written).get(GEOTAGGER, "PositionSource") == "model"


def test_an_empty_rdf_element_is_opened() -> None:
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}" /></x:xmpmeta>'.encode()
    written = provenance.with_fix(packet, ESTIMATE, NOW, position=True)
    assert provenance.position_in(Packet(written)) is not None


def test_properties_are_found_as_attributes_and_elements() -> None:
    as_elements = samples.xmp(
        body="<exif:GPSLatitude>48,51.5022N</exif:GPSLatitude><exif:GPSLongitude>2,17.67E</exif:GPSLongitude>"
    )
    as_attributes = samples.xmp('xmp:Rating="4" exif:GPSLatitude="48,51.5022N" exif:GPSLongitude="2,17.67E"')
    for data in (as_elements, as_attributes):
        found = provenance.position_in(Packet(data))
        assert found is not None
        assert (found.lat_deg, found.lon_deg) == pytest.approx((48 + 51.5022 / 60, 2 + 17.67 / 60))
        stripped = Packet(provenance.without_fix(data))
        assert provenance.position_in(stripped) is None
        assert stripped.get(XMP_BASIC, "Rating") == "4"


def test_positions_inside_structures_are_left_alone() -> None:
    body = '<dc:source rdf:parseType="Resource"><exif:GPSLatitude>1,2.0N</exif:GPSLatitude></dc:source>'
    packet = samples.xmp(body=body)
    assert Packet(packet).get(EXIF, "GPSLatitude") is None
    assert body.encode() in provenance.with_fix(packet, MANUAL, NOW, position=True)


def test_utf_16_stays_utf_16() -> None:
    packet = RICH.decode().encode("utf-16-be")
    written = provenance.with_fix(packet, ESTIMATE, NOW, position=True)
    assert without_ours(written.decode("utf-16-be").encode()) == RICH


def test_text_between_unknown_nodes_is_no_crash() -> None:
    packet = f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:other>text<a>more</a></rdf:other></rdf:RDF>'.encode()
    written = provenance.with_fix(packet, ESTIMATE, NOW, position=True)
    assert b"<rdf:other>text<a>more</a></rdf:other>" in written
    assert provenance.position_in(Packet(written)) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml at all",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + RICH,
        RICH[:-200],
        b"<" + b"a" * 10 + b">" * 3,
        b"<rdf:RDF xmlns:rdf='" + RDF.encode() + b"'>" + b"<a>" * 2000 + b"</a>" * 2000 + b"</rdf:RDF>",
        RICH.replace(b"Zo", b"Z\xff"),
    ],
    ids=["empty", "text", "no-rdf", "doctype", "cut-off", "broken", "deep", "bad-utf8"],
)
def test_damaged_packets_are_refused(data: bytes) -> None:
    with pytest.raises(UnsafeError):
        Packet(data)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40))
def test_any_text_survives(text: str) -> None:
    fix = Fix(LatLon(1, 2), Source.MODEL, 3.0, text)
    packet = Packet(provenance.with_fix(RICH, fix, NOW, position=True))
    found = provenance.fix_of(LatLon(1, 2), None, packet)
    assert found.model == text


@given(st.lists(st.tuples(st.sampled_from(("US-MT", "CA-AB", "US-CO")), st.floats(0, 1)), max_size=5))
def test_candidates_survive(candidates: list[tuple[str, float]]) -> None:
    fix = Fix(LatLon(1, 2), Source.MODEL, 3.0, "m", 0.5, tuple(candidates))
    found = provenance.fix_of(LatLon(1, 2), None, Packet(provenance.with_fix(None, fix, NOW, position=True)))
    assert [code for code, _ in found.candidates] == [code for code, _ in candidates]
    assert [p for _, p in found.candidates] == pytest.approx([p for _, p in candidates], rel=1e-5)


def test_a_mark_counts_only_for_the_position_it_was_made_for() -> None:
    packet = Packet(provenance.with_fix(None, ESTIMATE, NOW, position=False))
    here = provenance.fix_of(ESTIMATE.position, None, packet)
    elsewhere = provenance.fix_of(LatLon(46.9, -110.3), None, packet)
    assert (here.source, elsewhere.source) == (Source.MODEL, Source.CAMERA)
    assert elsewhere.model is None


def test_exiftool_agrees_on_a_new_sidecar(tmp_path: Path, oracle: ExifTool) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(provenance.with_fix(None, ESTIMATE, NOW, position=True))
    tags = oracle.tags(path)
    assert tags.warnings() == set()
    assert tags["XMP-exif:GPSLatitude"] == pytest.approx(ESTIMATE.position.lat_deg, abs=1e-7)
    assert tags["XMP-exif:GPSLongitude"] == pytest.approx(ESTIMATE.position.lon_deg, abs=1e-7)
    assert tags["XMP-exif:GPSHPositioningError"] == 310_000
    assert tags["XMP-geotagger:PositionCandidates"] == "US-MT:0.41 US-WY:0.22"


APPLE = """<exif:GPSLongitude>2.6259000000000001</exif:GPSLongitude><exif:GPSLongitudeRef>W</exif:GPSLongitudeRef>
<exif:GPSLatitudeRef>N</exif:GPSLatitudeRef><exif:GPSLatitude>51.456200000000002</exif:GPSLatitude>"""


@pytest.mark.parametrize(
    ("attributes", "body"),
    [
        pytest.param('exif:GPSLatitude="51,27.372N" exif:GPSLongitude="2,37.554W"', "", id="the standard"),
        pytest.param(
            'exif:GPSLatitude="51,27,22.32N" exif:GPSLongitude="2,37,33.24W"', "", id="with seconds"
        ),
        pytest.param("", APPLE, id="as Apple Photos exports it"),
        pytest.param('exif:GPSLatitude="51.4562" exif:GPSLongitude="-2.6259"', "", id="decimal with signs"),
        pytest.param(
            'exif:GPSLatitude="51.4562N" exif:GPSLongitude="2.6259W"', "", id="decimal with letters"
        ),
        pytest.param(
            "exif:GPSLatitude='51 deg 27&apos; 22.32\" N' exif:GPSLongitude='2 deg 37&apos; 33.24\" W'",
            "",
            id="as people read it",
        ),
        pytest.param(
            "",
            "<exif:GPSLatitude>51&#44;27.372N</exif:GPSLatitude><exif:GPSLongitude>2&#x2C;37.554W</exif:GPSLongitude>",
            id="characters by number",
        ),
        pytest.param(
            "",
            "<exif:GPSLatitude><![CDATA[51,27.372N]]></exif:GPSLatitude>"
            "<exif:GPSLongitude>2,37.554<!-- west -->W</exif:GPSLongitude>",
            id="CDATA and comments",
        ),
    ],
)
def test_positions_are_read_as_other_programs_write_them(attributes: str, body: str) -> None:
    position = provenance.position_in(Packet(samples.xmp(attributes, body=body)))
    assert position is not None
    assert (position.lat_deg, position.lon_deg) == pytest.approx((51.4562, -2.6259), abs=1e-9)


@pytest.mark.parametrize(
    "attributes",
    [
        'exif:GPSLatitude="51,27.372" exif:GPSLongitude="2,37.554"',
        'exif:GPSLatitude="51,27.372E" exif:GPSLongitude="2,37.554N"',
        'exif:GPSLatitude="51.4562" exif:GPSLatitudeRef="X" exif:GPSLongitude="2.6259"',
        'exif:GPSLatitude="91.0" exif:GPSLongitude="2.6259"',
        'exif:GPSLatitude="51,85" exif:GPSLatitudeRef="N" exif:GPSLongitude="2.6259"',
        'exif:GPSLatitude="51,27,85N" exif:GPSLongitude="2.6259"',
        'exif:GPSLatitude="nan" exif:GPSLongitude="inf"',
        'exif:GPSLatitude="0.0" exif:GPSLongitude="-0.0"',
    ],
)
def test_what_may_be_another_place_is_no_position(attributes: str) -> None:
    assert provenance.position_in(Packet(samples.xmp(attributes))) is None


@pytest.mark.timeout(30)
def test_a_long_run_of_blanks_in_a_position_takes_no_time() -> None:
    blanks = " " * 100_000
    longitude = 'exif:GPSLongitude="2,37.554W"'
    broken = Packet(samples.xmp(f'exif:GPSLatitude="51{blanks}x" {longitude}'))
    assert provenance.position_in(broken) is None
    whole = provenance.position_in(
        Packet(samples.xmp(f'exif:GPSLatitude="51{blanks}27.372{blanks}N" {longitude}'))
    )
    assert whole is not None
    assert whole.lat_deg == pytest.approx(51.4562)


def test_no_hemisphere_of_the_old_position_stays_beside_the_new_one() -> None:
    south = Fix(LatLon(-33.8568, 151.2153), Source.MANUAL)
    written = provenance.with_fix(samples.xmp(body=APPLE), south, NOW, position=True)
    assert b"GPSLatitudeRef" not in written
    assert b"GPSLongitudeRef" not in written
    position = provenance.position_in(Packet(written))
    assert position is not None
    assert position.distance_km(south.position) < 0.001
    assert b"GPSL" not in provenance.without_fix(samples.xmp(body=APPLE))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "-5", "1e999", "1/0", "nan/1", "1/nan", "x"])
def test_numbers_that_say_nothing_are_not_shown(number: str) -> None:
    position = 'exif:GPSLatitude="51,27.372N" exif:GPSLongitude="2,37.554W"'
    mark = (
        'xmlns:geotagger="urn:geotagger:xmp:1.0/" geotagger:PositionSource="model"'
        ' geotagger:PositionMarked="51.4562,-2.6259"'
    )
    packet = Packet(
        samples.xmp(
            f'{position} exif:GPSHPositioningError="{number}" {mark} geotagger:PositionRadiusKm="{number}"'
            f' geotagger:PositionProbability="{number}" geotagger:PositionCandidates="US-MT:{number}"'
        )
    )
    assert provenance.radius_in(packet) is None
    fix = provenance.fix_of(LatLon(51.4562, -2.6259), None, packet)
    assert (fix.source, fix.radius_km, fix.probability, fix.candidates) == (Source.MODEL, None, None, ())


def test_names_with_characters_by_number_are_read() -> None:
    packet = Packet(samples.xmp(body="<dc:source>Montr&#xE9;al &amp;amp; &#76;aval</dc:source>"))
    assert packet.get(DUBLIN_CORE, "source") == "Montréal &amp; Laval"


POSITION_ALONE = 'exif:GPSLatitude="51,27.372N" exif:GPSLongitude="2,37.554W"'
NODE = '<dc:Image rdf:about=""><dc:source>theirs</dc:source></dc:Image>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"</rdf:RDF>", NODE.encode() + b"</rdf:RDF>", id="a node of another kind"),
        pytest.param(b"</x:xmpmeta>", b"<dc:theirs>1</dc:theirs></x:xmpmeta>", id="an element behind"),
        pytest.param(b"<rdf:RDF", b"<theirs/><rdf:RDF", id="an element before"),
        pytest.param(b"<rdf:RDF", b"<!-- theirs --><rdf:RDF", id="a comment"),
        pytest.param(b"<rdf:RDF", b"<?theirs 1?><rdf:RDF", id="an instruction"),
        pytest.param(b"</rdf:RDF>", b"theirs</rdf:RDF>", id="text"),
        pytest.param(b"</rdf:Desc", b"<!-- theirs --></rdf:Desc", id="a comment beside properties"),
        pytest.param(b"</rdf:Desc", b"theirs</rdf:Desc", id="text beside properties"),
    ],
)
def test_what_is_no_property_keeps_a_packet_alive(before: bytes, after: bytes) -> None:
    packet = samples.xmp(POSITION_ALONE)
    assert provenance.without_fix(packet) == b""
    fuller = packet.replace(before, after, 1)
    assert fuller != packet
    without = provenance.without_fix(fuller)
    assert b"heirs" in without
    assert b"GPSL" not in without
    marked = provenance.with_fix(fuller, ESTIMATE, NOW, position=True)
    assert b"heirs" in provenance.without_fix(marked)


def test_a_description_without_rdf_around_it_is_no_xmp() -> None:
    with pytest.raises(UnsafeError, match="no RDF"):
        Packet(f'<rdf:Description xmlns:rdf="{RDF}">text<!-- comment --></rdf:Description>'.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"</x:xmpmeta>", b"<rdf:RDF xmlns:rdf='%b'/></x:xmpmeta>" % RDF.encode(), id="behind"),
        pytest.param(
            b"<rdf:RDF", b"<rdf:RDF xmlns:rdf='%b'/><rdf:RDF" % RDF.encode(), id="an empty one before"
        ),
        pytest.param(b"</rdf:RDF>", b"<rdf:RDF/></rdf:RDF>", id="within"),
    ],
)
def test_rdf_more_than_once_is_refused(before: bytes, after: bytes) -> None:
    packet = samples.xmp(POSITION_ALONE).replace(before, after, 1)
    with pytest.raises(UnsafeError, match="RDF more than once"):
        Packet(packet)


def test_what_stands_behind_the_rdf_is_no_property() -> None:
    stray = b"<x:theirs><rdf:Description xmlns:rdf='%b' xmlns:dc='%b' dc:source='1'/></x:theirs></x:xmpmeta>"
    packet = samples.xmp(POSITION_ALONE).replace(
        b"</x:xmpmeta>", stray % (RDF.encode(), DUBLIN_CORE.encode())
    )
    assert Packet(packet).get(DUBLIN_CORE, "source") is None
    written = provenance.with_fix(packet, ESTIMATE, NOW, position=True)
    assert stray[:10] in written
    assert provenance.position_in(Packet(written)) is not None
