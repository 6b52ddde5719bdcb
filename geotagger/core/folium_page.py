"""A page around a map, as folium writes it, with our head in place of its own. Slow to import: folium is.

So it is imported only when a page is wanted: by the session's map page and by the trainer's report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from jinja2 import Template

_UNSAFE = re.compile("[<>&\u2028\u2029]|{(?=[{%#])")


class FoliumPage:
    """A folium map of North America whose head is ours; it fetches nothing that it is not told to.

    Args:
        csp_source: where scripts, styles and pictures may come from, besides the page itself: ``'self'`` or nothing.
    """

    def __init__(self, csp_source: str) -> None:
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
            # Where frames come late, Leaflet forgets to clear faded-out tiles away, and old names stay under new ones.
            fadeAnimation=False,
        )
        self._map._id = "photos"
        self._map.default_js = []
        self._map.default_css = []
        figure = self._map.get_root()
        assert isinstance(figure, Figure)
        self._figure = figure
        self._figure.title = "Geotagger"
        policy = (
            f"default-src 'none'; script-src {csp_source} 'unsafe-inline'; "
            f"style-src {csp_source} 'unsafe-inline'; img-src {csp_source} data:"
        )
        self._head(f'<meta http-equiv="Content-Security-Policy" content="{policy}">')

    def start(self, **options: Any) -> None:
        """Call ``geotagger.start`` of our scripts with the map and these options, once the page has loaded."""
        self._map.add_child(_Start(options))

    def add(self, layer: Element) -> None:
        """Lay something of folium's over the map. Texts in it are HTML, so only our own may be given."""
        self._map.add_child(layer)

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
