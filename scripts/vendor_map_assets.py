"""Copies Leaflet and its markercluster from npm into ``resources/map/vendor``, with their licences.

    python scripts/vendor_map_assets.py [LEAFLET_FOLDER MARKERCLUSTER_FOLDER]

Without folders, the packages are fetched with ``npm pack``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from topojson import fetch_npm_package

TARGET = Path(__file__).resolve().parents[1] / "resources" / "map" / "vendor"
PACKAGES = {
    "leaflet@1.9.4": ("LICENSE", "dist/leaflet.js", "dist/leaflet.css"),
    "leaflet.markercluster@1.5.3": (
        "MIT-LICENCE.txt",
        "dist/leaflet.markercluster.js",
        "dist/MarkerCluster.css",
    ),
}


def main(arguments: list[str]) -> None:
    """Copy the files, leaving out pointers to source maps, which are not shipped."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(argument) for argument in arguments] or [
            fetch_npm_package(spec, Path(scratch)) for spec in PACKAGES
        ]
        for (spec, files), folder in zip(PACKAGES.items(), folders, strict=True):
            target = TARGET / spec.split("@")[0]
            target.mkdir(parents=True, exist_ok=True)
            for name in files:
                lines = (folder / name).read_text(encoding="utf-8").rstrip("\n").split("\n")
                kept = [line for line in lines if not line.startswith("//# sourceMappingURL=")]
                (target / Path(name).name).write_text("\n".join(kept) + "\n", encoding="utf-8")
            print(f"{target}: {spec}")


if __name__ == "__main__":
    main(sys.argv[1:])
