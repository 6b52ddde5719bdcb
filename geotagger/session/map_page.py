"""Builds the map page with folium: once for the window, once as a file that one can mail. Needs no network, no Qt.

folium writes the page and the map in it; its references to content delivery networks are replaced by the files in
``resources/map``, either served beside the page (the window) or written into it (an export). All text reaches the
page as JSON and is shown through ``textContent``, so no file name can become HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import folium
from branca.element import Element, Figure, MacroElement
from jinja2 import Template

from geotagger.core.fix import Source
from geotagger.core.paths import resource_path
from geotagger.session.photo import PhotoState

if TYPE_CHECKING:
    from geotagger.session.exports import ExportRow

WORDS: Mapping[str, str] = {
    "probability": "Probability, from %",
    "ring": "{percent} % within {radius}",
    "cluster": "{count} photos",
    "fit": "Show all photos (F)",
    "unlocated": "no position",
    "reading": "being read",
    "predicting": "being predicted",
    "predicted": "predicted",
    "accepted": "accepted",
    "corrected": "set by hand",
    "located": "position in the file",
    "written": "written",
    "skipped": "left out",
    "failed": "failed",
}
"""The texts of the page in English; the window passes them in the user's language."""

STYLE_SHEETS = ("vendor/leaflet/leaflet.css", "page.css")
_VENDOR_SCRIPTS = ("vendor/leaflet/leaflet.js",)
_DATA_SCRIPTS = ("regions.js", "basemap-data.js", "places.js")
_OWN_SCRIPTS = (
    "basemap.js",
    "prediction.js",
    "marks.js",
    "clusters.js",
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

_UNSAFE = re.compile("[<>&\u2028\u2029]|{(?=[{%#])")

_STATE_OF_SOURCE = {
    Source.CAMERA: PhotoState.LOCATED,
    Source.MODEL: PhotoState.PREDICTED,
    Source.NEIGHBOUR: PhotoState.PREDICTED,
    Source.MODEL_CONFIRMED: PhotoState.ACCEPTED,
    Source.TRACK: PhotoState.ACCEPTED,
    Source.MANUAL: PhotoState.CORRECTED,
}


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
    root_style = ":root {" + "".join(f"--{name}: {value};" for name, value in colours.items()) + "}"
    page = _Page(words=dict(words), csp_source="'self'")
    page.style(root_style)
    page.link(SERVED_SCRIPTS, STYLE_SHEETS)
    return page.render()


def export_page(rows: Sequence[ExportRow]) -> str:
    """A self-contained page that shows photos with positions; it fetches nothing and follows light or dark."""
    photos = [
        {
            "label": row.path.name,
            "lat": round(row.position.lat_deg, 6),
            "lon": round(row.position.lon_deg, 6),
            "position": f"{row.position.lat_deg:.5f}, {row.position.lon_deg:.5f}",
            "state": _STATE_OF_SOURCE[row.source].value,
            "radius_km": row.radius_km,
            "region": row.region,
            "probability": row.probability,
            "taken": row.taken.isoformat(sep=" ") if row.taken else None,
        }
        for row in rows
    ]
    page = _Page(words={**WORDS, "fit": "Show all photos"}, csp_source="", photos=photos)
    page.style(asset_text("exported.css"))
    for name in STYLE_SHEETS:
        page.style(asset_text(name))
    for name in _EXPORTED_SCRIPTS:
        page.script(asset_text(name))
    return page.render()


class _Page:
    """A folium map whose head is ours; ``options`` are handed to ``geotagger.start`` in the page."""

    def __init__(self, csp_source: str, **options: Any) -> None:
        self._map = folium.Map(
            tiles=None,
            location=(48.0, -100.0),
            zoom_start=3,
            control_scale=True,
            minZoom=2,
            maxZoom=16,
            attributionControl=False,
            worldCopyJump=False,
            maxBoundsViscosity=0.6,
            wheelPxPerZoomLevel=90,
        )
        self._map._id = "photos"
        self._map.default_js = []
        self._map.default_css = []
        self._map.add_child(_Start(options))
        figure = self._map.get_root()
        assert isinstance(figure, Figure)
        self._figure = figure
        self._figure.title = "Geotagger"
        policy = (
            f"default-src 'none'; script-src {csp_source} 'unsafe-inline'; "
            f"style-src {csp_source} 'unsafe-inline'; img-src {csp_source} data:"
        )
        self._head(f'<meta http-equiv="Content-Security-Policy" content="{policy}">')

    def _head(self, html: str) -> None:
        self._figure.header.add_child(_Raw(html))

    def link(self, scripts: Sequence[str], style_sheets: Sequence[str]) -> None:
        """Refer to files beside the page, in place of those folium would fetch."""
        self._map.default_js = [(name, name) for name in scripts]
        self._map.default_css = [(name, name) for name in style_sheets]

    def style(self, css: str) -> None:
        """Write a style sheet into the page."""
        self._head(f"<style>\n{css}</style>")

    def script(self, code: str) -> None:
        """Write a script into the page."""
        self._head("<script>\n" + code.replace("</script", "<\\/script") + "</script>")

    def render(self) -> str:
        """The page as HTML."""
        return str(self._figure.render())


class _Raw(Element):
    """HTML that folium puts into the head as it stands."""

    _template = Template("{{ this.html }}")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html


class _Start(MacroElement):
    """The call that dresses folium's map, once that exists."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "geotagger.start({{ this._parent.get_name() }}, {{ this.options }});"
        "{% endmacro %}"
    )

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.options = json_for_script(options)


def json_for_script(value: Any) -> str:
    """JSON that is safe inside a script element and a jinja template.

    Nothing in it can end the script, begin a comment, or be taken for a template expression: branca compiles what
    folium has rendered a second time.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
