"""The map page holds everything it needs and nothing from outside."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from geotagger.core.errors import ResourceError
from geotagger.core.fix import Source
from geotagger.core.folium_page import json_for_script
from geotagger.core.geo import LatLon
from geotagger.core.paths import resource_path
from geotagger.gui.theme import DARK, LIGHT, Palette
from geotagger.session.exports import ExportRow, write_export
from geotagger.session.map_page import (
    SERVED_SCRIPTS,
    STYLE_SHEETS,
    WORDS,
    asset_text,
    export_page,
    window_page,
)


class Elements(HTMLParser):
    """All elements of a page, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def row(name: str) -> ExportRow:
    return ExportRow(Path(name), LatLon(46.9, -110.4), Source.MODEL, 310.0, "US-MT", 0.41)


def addresses(page: str) -> list[str]:
    return [
        value or ""
        for _, attributes in Elements(page).tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset", "data")
    ]


def test_the_window_page_refers_to_local_files_only() -> None:
    page = window_page({"map-land": "#ffffff"})
    assert addresses(page) == [*SERVED_SCRIPTS, *STYLE_SHEETS]
    assert not re.search(r"https?:|//cdn", page)
    assert "default-src 'none'" in page


def test_every_asset_of_the_window_page_is_there() -> None:
    for name in (*SERVED_SCRIPTS, *STYLE_SHEETS):
        if name != "qwebchannel.js":
            assert asset_text(name).strip()
    with pytest.raises(ResourceError):
        asset_text("no-such-file.js")


def test_an_exported_page_refers_to_nothing() -> None:
    page = export_page([row("a.jpg")])
    assert addresses(page) == []
    assert not re.search(r"@import|url\(\s*['\"]?https?:", page)
    assert "default-src 'none'; script-src  'unsafe-inline'" in page
    assert len(page) < 2_000_000


def test_no_name_can_break_out_of_an_exported_page() -> None:
    plain = [tag for tag, _ in Elements(export_page([row("a.jpg")])).tags]
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}\u2028.jpg"
    page = export_page([row(hostile)])
    assert [tag for tag, _ in Elements(page).tags] == plain
    assert "<script>alert" not in page


def test_the_same_photos_give_the_same_file(tmp_path: Path) -> None:
    assert export_page([row("a.jpg")]) == export_page([row("a.jpg")])
    write_export([row("a\udcff.jpg")], tmp_path / "map.html")
    assert "a\\udcff.jpg" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_json_for_scripts_holds_no_markup() -> None:
    text = json_for_script({"a": "<!--<script>&\u2028"})
    assert not set("<>&\u2028") & set(text)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_exported_pages_have_the_colours_of_the_window(palette: Palette) -> None:
    css = asset_text("exported.css")
    light, dark = css.split("@media")
    for name in (
        "window",
        "surface",
        "text",
        "accent",
        "success",
        "warning",
        "error",
        "map_water",
        "map_land",
    ):
        declared = f"--{name.replace('_', '-')}: {getattr(palette, name)};"
        assert declared.lower() in (dark if palette.dark else light).lower()


def test_every_text_of_the_page_has_its_words() -> None:
    used = set()
    for script in resource_path("map").glob("*.js"):
        code = script.read_text(encoding="utf-8")
        used |= set(re.findall(r"words\.(\w+)", code))
    assert used <= WORDS.keys()


def test_scripts_put_no_text_in_as_html() -> None:
    for script in resource_path("map").glob("*.js"):
        code = script.read_text(encoding="utf-8")
        assert not re.search(r"(inner|outer)HTML\s*[+=]|insertAdjacentHTML|document\.write|\beval\(", code), (
            script.name
        )


def test_shipped_libraries_and_data_come_with_their_licences() -> None:
    assert "Agafonkin" in resource_path("map", "vendor", "leaflet", "LICENSE").read_text(encoding="utf-8")
    for folder in ("basemap", "regions"):
        assert "Natural Earth" in resource_path(folder, "LICENSE").read_text(encoding="utf-8")
    assert "GeoNames" in resource_path("basemap", "LICENSE-places").read_text(encoding="utf-8")


def test_importing_the_map_does_not_load_folium() -> None:
    """folium takes half a second; the window must not wait for it."""
    code = "import sys, geotagger.gui.map; print('folium' in sys.modules, 'requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
