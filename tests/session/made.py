"""Values for tests of the session: photos without files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from geotagger.core.fix import Fix
from geotagger.core.geo import LatLon
from geotagger.core.prediction import Evidence, Prediction, RegionProbability
from geotagger.metadata import FileIdentity, PhotoMetadata
from geotagger.session.photo import Photo


def metadata(path: Path, fix: Fix | None = None, taken: datetime | None = None) -> PhotoMetadata:
    return PhotoMetadata(
        path=path,
        format="JPEG",
        width_px=640,
        height_px=480,
        orientation=1,
        taken=taken,
        camera="Test Camera",
        fix=fix,
        sidecar=None,
        fix_from_sidecar=False,
        identity=FileIdentity(100, 1, 1, "00"),
    )


def prediction(best: str = "Montana", probability: float = 0.41) -> Prediction:
    code = {"Montana": "US-MT", "Alberta": "CA-AB", "Wyoming": "US-WY"}[best]
    rest = (1 - probability) / 2
    return Prediction(
        regions=(
            RegionProbability(code, best, probability),
            RegionProbability("US-ID", "Idaho", rest),
            RegionProbability("US-UT", "Utah", rest),
        ),
        position=LatLon(46.9, -110.4),
        radius_km=310.0,
        radius_coverage=0.8,
        region_set=(code, "US-ID"),
        region_set_coverage=0.8,
        evidence=(Evidence("image", 1.0),),
        model="geotagger-test",
        device="cpu",
    )


def make_photo(
    photo_id: int = 1,
    name: str | None = None,
    fix: Fix | None = None,
    taken: datetime | None = None,
    **attributes: Any,
) -> Photo:
    """A photo that was read; ``fix`` and ``taken`` are in its file."""
    path = Path("/photos") / (name or f"IMG_{photo_id:04}.jpg")
    return replace(Photo(photo_id, path, metadata(path, fix, taken)), **attributes)
