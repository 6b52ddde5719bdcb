"""Copies Leaflet from npm into ``resources/map/vendor``, with its licence.

    python scripts/vendor_leaflet.py [PACKAGE_FOLDER]

Without a folder, the package is fetched with ``npm pack``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from topojson import fetch_npm_package

PACKAGE = "leaflet@1.9.4"
FILES = ("LICENSE", "dist/leaflet.js", "dist/leaflet.css")
TARGET = Path(__file__).resolve().parents[1] / "resources" / "map" / "vendor" / "leaflet"


def main(arguments: list[str]) -> None:
    """Copy the files, leaving out the pointer to a source map, which is not shipped."""
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(arguments[0]) if arguments else fetch_npm_package(PACKAGE, Path(scratch))
        TARGET.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            lines = (package / name).read_text(encoding="utf-8").rstrip("\n").split("\n")
            kept = [line for line in lines if not line.startswith("//# sourceMappingURL=")]
            (TARGET / Path(name).name).write_text("\n".join(kept) + "\n", encoding="utf-8")
    print(f"{TARGET}: {PACKAGE}")


if __name__ == "__main__":
    main(sys.argv[1:])
