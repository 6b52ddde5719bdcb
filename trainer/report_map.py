"""The class project's demo map for the report: made with folium, self-contained, fetches nothing."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import folium
import numpy as np
import shapely

from geotagger.core.cells import CellGrid
from geotagger.core.folium_page import FoliumPage
from geotagger.core.paths import resource_path
from geotagger.core.regions import load_regions
from trainer.answers import Judged
from trainer.shards import Sample

_OUTLINE_TOLERANCE_DEG = 0.05
_CSS = """
html, body, .folium-map { height: 100%; margin: 0 } .leaflet-container { background: #dfe6ec }
.leaflet-tooltip { font: 13px/1.4 system-ui, sans-serif }
"""


def map_frame(judged: Judged, samples: Sequence[Sample], grid: CellGrid) -> str:
    """The map as an element of the report: a page of its own in a frame that may run scripts and nothing else."""
    page = html.escape(map_page(judged, samples, grid), quote=True)
    return f'<iframe class="map" title="Map" sandbox="allow-scripts" srcdoc="{page}"></iframe>'


def map_page(judged: Judged, samples: Sequence[Sample], grid: CellGrid) -> str:
    """The map as a page: true places yellow, guesses light blue with a dark blue rim, right ones in a green circle.

    Photos of unknown place are left out. The texts at the marks are names of regions alone, never of files.
    """
    page = FoliumPage(csp_source="")
    page.style(resource_path("map", "vendor", "leaflet", "leaflet.css").read_text(encoding="utf-8"))
    page.style(_CSS)
    page.script(resource_path("map", "vendor", "leaflet", "leaflet.js").read_text(encoding="utf-8"))
    page.add(_outlines())
    photos = _photos(judged, samples, grid)
    page.add(_lines(photos))
    page.add(
        _marks([p for p in photos if p["right"]], "guess", radius=13, color="#1e7b45", weight=2, fill=False)
    )
    page.add(
        _marks(photos, "guess", radius=5, color="#00008b", weight=2, fill_color="#add8e6", fill_opacity=1.0)
    )
    page.add(
        _marks(photos, "true", radius=4, color="#8a6d00", weight=1, fill_color="#ffff00", fill_opacity=1.0)
    )
    return page.render()


def _photos(judged: Judged, samples: Sequence[Sample], grid: CellGrid) -> list[dict[str, Any]]:
    names = load_regions().names
    first = judged.probabilities.argmax(axis=1)
    photos = []
    for i, sample in enumerate(samples):
        if sample.lat_deg is None or sample.lon_deg is None:
            continue
        point = judged.points[i]
        text = (
            f"{names[judged.regions[i]]}; guess {names[first[i]]} "
            f"({100 * judged.probabilities[i, first[i]]:.0f} %), {judged.distances_km[i]:.0f} km away"
        )
        photos.append(
            {
                "true": (round(sample.lon_deg, 3), round(sample.lat_deg, 3)),
                "guess": (round(float(grid.lon_deg[point]), 3), round(float(grid.lat_deg[point]), 3)),
                "right": bool(first[i] == judged.regions[i]),
                "text": text,
            }
        )
    return photos


def _outlines() -> folium.GeoJson:
    regions = load_regions()
    shapes = []
    for region in regions:
        simple = shapely.simplify(regions.polygon(region.index), _OUTLINE_TOLERANCE_DEG)
        rings = [
            np.round(np.array(part.exterior.coords), 2).tolist()
            for part in shapely.get_parts(simple)
            if not part.is_empty
        ]
        shapes.append(
            _feature({"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}, region.name)
        )
    return _layer(shapes, {"fillColor": "#f7f6f2", "fillOpacity": 1, "color": "#b9bec6", "weight": 1})


def _lines(photos: Sequence[dict[str, Any]]) -> folium.GeoJson:
    lines = [
        _feature({"type": "LineString", "coordinates": [p["true"], p["guess"]]}, p["text"]) for p in photos
    ]
    return _layer(lines, {"color": "#5b6472", "weight": 1, "opacity": 0.2})


def _marks(photos: Sequence[dict[str, Any]], place: str, **look: Any) -> folium.GeoJson:
    points = [_feature({"type": "Point", "coordinates": p[place]}, p["text"]) for p in photos]
    return _layer(points, None, marker=folium.CircleMarker(**look))


def _feature(geometry: dict[str, Any], text: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"text": text}, "geometry": geometry}


def _layer(
    features: list[dict[str, Any]], style: dict[str, Any] | None, marker: folium.CircleMarker | None = None
) -> folium.GeoJson:
    look: Callable[[dict[str, Any]], dict[str, Any]] | None = (lambda feature: style) if style else None
    layer = folium.GeoJson(
        {"type": "FeatureCollection", "features": features}, style_function=look, marker=marker
    )
    if features and marker is not None:
        layer.add_child(folium.GeoJsonTooltip(["text"], labels=False))
    return layer
