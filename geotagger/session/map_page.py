"""Builds the map page: once for the window, once as a file that one can mail. Needs no network, no Qt.

folium writes the page and the map in it (``core.folium_page``); its references to content delivery networks are replaced by the files in
``resources/map``, either served beside the page (the window) or written into it (an export). All text reaches the
page as JSON and is shown through ``textContent``, so no file name can become HTML.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from geotagger.core.coordinates import format_position
from geotagger.core.fix import Source
from geotagger.core.paths import resource_path
from geotagger.session.photo import PhotoState

if TYPE_CHECKING:
    from geotagger.session.exports import ExportRow

WORDS: Mapping[str, str] = {
    "probability": "Probability, from %",
    "ring": "{percent} % within {radius}",
    "cells": "likeliest places in it",
    "cluster": "{count} photos",
    "fit": "Show all photos (F)",
    "decimal_mark": ".",
    "unlocated": "no position",
    "reading": "reading",
    "predicting": "predicting",
    "predicted": "predicted",
    "accepted": "accepted",
    "corrected": "placed by you",
    "located": "position in the file",
    "written": "written",
    "skipped": "rejected",
    "failed": "failed",
}
"""The texts of the page in English, states in the words of the list; the window passes them in the user's language."""

STYLE_SHEETS = ("vendor/leaflet/leaflet.css", "page.css")
_VENDOR_SCRIPTS = ("vendor/leaflet/leaflet.js",)
_DATA_SCRIPTS = ("regions.js", "basemap-data.js", "places.js")
_OWN_SCRIPTS = (
    "basemap.js",
    "prediction.js",
    "marks.js",
    "clusters.js",
    "roving.js",
    "markers.js",
    "legend.js",
    "page.js",
)
SERVED_SCRIPTS = (
    *_VENDOR_SCRIPTS,
    "qwebchannel.js",
    "geometry.js",
    *_DATA_SCRIPTS,
    *_OWN_SCRIPTS,
    "live.js",
)
"""Scripts of the window's page in order; ``qwebchannel.js`` comes from Qt, the others from ``asset_text``."""

_EXPORTED_SCRIPTS = (*_VENDOR_SCRIPTS, "geometry.js", *_DATA_SCRIPTS, *_OWN_SCRIPTS, "exported.js")

_DATA_FILES = {
    "regions.js": ("regions", "regions", "regions.json"),
    "basemap-data.js": ("basemap", "basemap", "world.json"),
    "places.js": ("places", "basemap", "places.json"),
}

_STATE_OF_SOURCE = {
    Source.CAMERA: PhotoState.LOCATED,
    Source.MODEL: PhotoState.PREDICTED,
    Source.NEIGHBOUR: PhotoState.PREDICTED,
    Source.MODEL_CONFIRMED: PhotoState.ACCEPTED,
    Source.TRACK: PhotoState.ACCEPTED,
    Source.MANUAL: PhotoState.CORRECTED,
}


def load_builder() -> None:
    """Import what builds pages, which takes a quarter of a second; afterwards a page takes a few milliseconds."""
    import geotagger.core.folium_page  # noqa: F401


def asset_text(name: str) -> str:
    """Text of a script or style sheet of the page.

    Raises:
        ResourceError: there is no such asset.
    """
    if name in _DATA_FILES:
        variable, *parts = _DATA_FILES[name]
        data = resource_path(*parts).read_text(encoding="utf-8").strip()
        return f"window.geotagger.{variable} = {data};\n"
    return resource_path("map", *name.split("/")).read_text(encoding="utf-8")


def window_page(colours: Mapping[str, str], words: Mapping[str, str] = WORDS) -> str:
    """The window's page, which refers to its scripts and style sheets by relative addresses.

    Args:
        colours: ``#rrggbb`` by name of the CSS variable, such as ``map-land``.
        words: the texts of ``WORDS`` in the user's language.
    """
    from geotagger.core.folium_page import FoliumPage  # keeps folium out of the program's start

    root_style = ":root {" + "".join(f"--{name}: {value};" for name, value in colours.items()) + "}"
    page = FoliumPage(csp_source="'self'")
    page.start(words=dict(words))
    page.style(root_style)
    page.link(SERVED_SCRIPTS, STYLE_SHEETS)
    return page.render()


def export_page(rows: Sequence[ExportRow], words: Mapping[str, str] = WORDS) -> str:
    """A self-contained page that shows photos with positions; it fetches nothing and follows light or dark.

    Args:
        words: the texts of ``WORDS`` in the user's language; there are no keys to name on this page.
    """
    from geotagger.core.folium_page import FoliumPage  # keeps folium out of the program's start

    photos = [
        {
            "label": row.path.name,
            "lat": round(row.position.lat_deg, 6),
            "lon": round(row.position.lon_deg, 6),
            "position": format_position(row.position, radius_km=row.radius_km),
            "picture": _data_address(row.picture),
            "state": _STATE_OF_SOURCE[row.source].value,
            "radius_km": row.radius_km,
            "region": row.region,
            "probability": row.probability,
            "taken": row.taken.isoformat(sep=" ") if row.taken else None,
        }
        for row in rows
    ]
    page = FoliumPage(csp_source="")
    page.start(words={**words, "fit": words["fit"].removesuffix(" (F)")}, photos=photos)
    page.style(asset_text("exported.css"))
    for name in STYLE_SHEETS:
        page.style(asset_text(name))
    for name in _EXPORTED_SCRIPTS:
        page.script(asset_text(name))
    return page.render()


def _data_address(jpeg: bytes | None) -> str | None:
    """The picture as an address that holds it, so that the page needs no other file."""
    return None if jpeg is None else f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
