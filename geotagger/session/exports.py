"""Positions as files for other programs: CSV, GeoJSON, KML, GPX and a map page that one can mail."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from geotagger.core.errors import GeotaggerError
from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.core.os_reason import os_reason
from geotagger.core.paths import replace_files
from geotagger.core.prediction import Prediction
from geotagger.metadata import PhotoMetadata
from geotagger.session.map_page import WORDS, export_page
from geotagger.session.photo import source_of


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One photo with a position, as it goes into an export.

    Attributes:
        region: ISO 3166-2 code of the most probable region, for estimates.
        probability: probability of that region.
        taken: the camera's clock.
        picture: a small JPEG file of the photo, which only the map page shows.
    """

    path: Path
    position: LatLon
    source: Source
    radius_km: float | None = None
    region: str | None = None
    probability: float | None = None
    taken: datetime | None = None
    picture: bytes | None = field(default=None, repr=False)


def export_row(path: Path, metadata: PhotoMetadata | None, prediction: Prediction | None) -> ExportRow | None:
    """The row of a photo: the position it holds, else the predicted one, else None."""
    taken = metadata.taken if metadata else None
    if metadata and metadata.fix:
        fix = metadata.fix
        region = fix.candidates[0][0] if fix.candidates else None
        return ExportRow(path, fix.position, fix.source, fix.radius_km, region, fix.probability, taken)
    if prediction:
        best = prediction.best
        source = source_of(prediction)
        return ExportRow(
            path, prediction.position, source, prediction.radius_km, best.code, best.probability, taken
        )
    return None


def to_csv(rows: Sequence[ExportRow]) -> str:
    """A table with one line per photo; empty fields where nothing is known."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "lat_deg", "lon_deg", "radius_km", "source", "region", "probability", "taken"])
    for row in rows:
        table.writerow(
            [
                str(row.path),
                f"{row.position.lat_deg:.6f}",
                f"{row.position.lon_deg:.6f}",
                "" if row.radius_km is None else f"{row.radius_km:.3g}",
                row.source.value,
                row.region or "",
                "" if row.probability is None else f"{row.probability:.4f}",
                row.taken.isoformat() if row.taken else "",
            ]
        )
    return text.getvalue()


def to_geojson(rows: Sequence[ExportRow]) -> str:
    """A FeatureCollection of points (RFC 7946)."""
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [round(row.position.lon_deg, 6), round(row.position.lat_deg, 6)],
            },
            "properties": {
                "path": str(row.path),
                "radius_km": row.radius_km,
                "source": row.source.value,
                "region": row.region,
                "probability": row.probability,
                "taken": row.taken.isoformat() if row.taken else None,
            },
        }
        for row in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1)


def to_kml(rows: Sequence[ExportRow]) -> str:
    """Placemarks for Google Earth and others (OGC KML 2.2)."""
    root = ElementTree.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    document = ElementTree.SubElement(root, "Document")
    for row in rows:
        placemark = ElementTree.SubElement(document, "Placemark")
        ElementTree.SubElement(placemark, "name").text = _xml_text(row.path.name)
        ElementTree.SubElement(placemark, "description").text = _xml_text(_description(row))
        if row.taken:
            stamp = ElementTree.SubElement(placemark, "TimeStamp")
            ElementTree.SubElement(stamp, "when").text = row.taken.isoformat()
        point = ElementTree.SubElement(placemark, "Point")
        lon, lat = row.position.lon_deg, row.position.lat_deg
        ElementTree.SubElement(point, "coordinates").text = f"{lon:.6f},{lat:.6f}"
    return _xml_document(root)


def to_gpx(rows: Sequence[ExportRow]) -> str:
    """Waypoints (GPX 1.1); the time is given only where the photo knows its time zone, since GPX means UTC."""
    root = ElementTree.Element(
        "gpx", version="1.1", creator="Geotagger", xmlns="http://www.topografix.com/GPX/1/1"
    )
    for row in rows:
        lat, lon = f"{row.position.lat_deg:.6f}", f"{row.position.lon_deg:.6f}"
        waypoint = ElementTree.SubElement(root, "wpt", lat=lat, lon=lon)
        if row.taken and row.taken.tzinfo:
            ElementTree.SubElement(waypoint, "time").text = row.taken.isoformat()
        ElementTree.SubElement(waypoint, "name").text = _xml_text(row.path.name)
        ElementTree.SubElement(waypoint, "desc").text = _xml_text(_description(row))
    return _xml_document(root)


_FORMATS: dict[str, Callable[[Sequence[ExportRow]], str]] = {
    ".csv": to_csv,
    ".geojson": to_geojson,
    ".kml": to_kml,
    ".gpx": to_gpx,
    ".html": export_page,
}


def check_export_name(file: Path) -> None:
    """Refuse a name whose ending is no export format, before any work is done.

    Raises:
        GeotaggerError: the ending is unknown.
    """
    if file.suffix.lower() not in _FORMATS:
        raise GeotaggerError(
            "{name} must end in one of {endings}.", name=file.name, endings=", ".join(_FORMATS)
        )


def write_export(rows: Sequence[ExportRow], file: Path, words: Mapping[str, str] = WORDS) -> None:
    """Write the rows in the format that the file's ending names.

    Args:
        words: the texts of a map page in the user's language.

    Raises:
        GeotaggerError: the ending is unknown, or the file cannot be written.
    """
    check_export_name(file)
    # File names that are not valid Unicode are kept readable instead of stopping the export.
    formats = _FORMATS | {".html": partial(export_page, words=words)}
    content = formats[file.suffix.lower()](rows).encode("utf-8", errors="backslashreplace")
    try:
        replace_files({file: content})
    except OSError as error:
        raise GeotaggerError(
            "{name} could not be written: {problem}.", name=file.name, problem=os_reason(error)
        ) from error


def _description(row: ExportRow) -> str:
    parts = [row.source.value]
    if row.region and row.probability is not None:
        parts.append(f"{row.region} {row.probability:.0%}")
    if row.radius_km is not None:
        parts.append(f"within {row.radius_km:.3g} km (80 %)")
    return ", ".join(parts)


def _xml_text(text: str) -> str:
    """The text without characters that XML 1.0 cannot hold."""
    return "".join(
        c if c in "\t\n\r" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF) else "\ufffd" for c in text
    )


def _xml_document(root: ElementTree.Element) -> str:
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
