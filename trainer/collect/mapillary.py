"""Mapillary, through its API v4: the pictures in a small box around a point, and one of them as a 1024-pixel JPEG.

Reference: Mapillary API documentation, "Image". Pictures are CC BY-SA 4.0, so the author is kept with each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from geotagger.core.errors import CoordinateError
from geotagger.core.geo import LatLon
from trainer.collect.errors import BadAnswerError, CollectError, ServiceError, TransientError
from trainer.collect.pictures import MAX_BYTES, check_picture
from trainer.collect.run import Candidate, Picture
from trainer.collect.web import WebClient

BASE_URL = "https://graph.mapillary.com"
TOKEN_VARIABLE = "MAPILLARY_TOKEN"

_FIELDS = "id,thumb_1024_url,computed_geometry,geometry,captured_at,creator,is_pano"
_HALF_BOXES_DEG = (0.045, 0.01, 0.002)
"""Half a side of the box: under the service's limit of 0.01 square degrees, then smaller where that is too much."""
_PICTURES_PER_BOX = 100


class _TooMuchError(BadAnswerError):
    """The box holds more pictures than the service can look through."""


def _read_fault(error: dict[str, Any]) -> CollectError | None:
    """What an error object of the API means, for ``WebClient.read_fault``.

    Source of the codes: Meta's Graph API, "Handle Errors", on which Mapillary's API stands.
    """
    code = error.get("code")
    if code == 190:
        return ServiceError(f"Mapillary refuses the access token; please check {TOKEN_VARIABLE}.")
    if code in (4, 17, 32, 613):
        return TransientError("Mapillary says that this token asks too often.")
    if "reduce the amount of data" in str(error.get("message", "")):
        return _TooMuchError("Mapillary has too many pictures around a point to search them.")
    return None


@dataclass(frozen=True)
class Mapillary:
    """The service as seen by ``run.collect``."""

    client: WebClient
    token: str = field(repr=False)
    base_url: str = BASE_URL
    name: str = "mapillary"
    licence: str = "CC BY-SA 4.0"

    def __post_init__(self) -> None:
        """Teach the client the service's own errors, and keep the token out of messages."""
        self.client.secrets += (self.token,)
        self.client.read_fault = _read_fault

    def candidates(self, point: LatLon) -> Sequence[Candidate]:
        """Flat pictures around a point, in an order that is random but the same every time."""
        entries = self._entries(point)
        found = [candidate for entry in entries if (candidate := _candidate(entry)) is not None]
        return sorted(found, key=lambda c: hashlib.sha256(f"{point}{c.identifier}".encode()).digest())

    def _entries(self, point: LatLon) -> list[Any]:
        for half_deg in _HALF_BOXES_DEG:
            try:
                return self._search(point, half_deg)
            except _TooMuchError as error:
                too_much = error
        raise too_much

    def _search(self, point: LatLon, half_deg: float) -> list[Any]:
        box = (
            max(-180.0, point.lon_deg - half_deg),
            max(-90.0, point.lat_deg - half_deg),
            min(180.0, point.lon_deg + half_deg),
            min(90.0, point.lat_deg + half_deg),
        )
        query = {
            "bbox": ",".join(f"{value:.6f}" for value in box),
            "fields": _FIELDS,
            "is_pano": "false",
            "limit": str(_PICTURES_PER_BOX),
        }
        document = self.client.get_json(
            f"{self.base_url}/images?{urlencode(query)}",
            # A header, not a parameter: addresses end up in logs on the way.
            headers={"Authorization": f"OAuth {self.token}"},
        )
        entries = document.get("data")
        if not isinstance(entries, list):
            raise BadAnswerError("Mapillary's answer holds no list of pictures.")
        return entries

    def picture(
        self, candidate: Candidate, generator: np.random.Generator, charge: Callable[[float], None]
    ) -> Picture:
        """The 1024-pixel version; its address came with the search and works for some time without a token."""
        if not candidate.request.startswith(("https://", f"{urlsplit(self.base_url).scheme}://")):
            raise BadAnswerError("Mapillary gives an address for the picture that is not https.")
        # The picture server knows no token: 403 means that the address has expired or the picture was withdrawn.
        answer = self.client.get(
            candidate.request, max_bytes=MAX_BYTES, gone_statuses=frozenset({403, 404, 410})
        )
        width, height = check_picture(answer.body, answer.content_type)
        return Picture(answer.body, width, height)

    def describe(self, candidate: Candidate) -> dict[str, str]:
        """The creator is the photographer that a split keeps together."""
        source = f"https://www.mapillary.com/app/?pKey={candidate.identifier}"
        return {
            "photographer": f"mapillary-{candidate.author_id}",
            "source": source,
            "attribution": f"{candidate.author} on Mapillary, {self.licence}, {source}",
        }


def _candidate(entry: Any) -> Candidate | None:
    """A picture of an answer; None where it lacks what is needed: position, creator, time or address."""
    try:
        # The computed position is the better one, but young pictures have only what the device said.
        lon, lat = (entry.get("computed_geometry") or entry["geometry"])["coordinates"]
        captured = datetime.fromtimestamp(int(entry["captured_at"]) / 1000, timezone.utc)
        identifier, address = entry["id"], entry["thumb_1024_url"]
        author, author_id = entry["creator"]["username"], entry["creator"]["id"]
        if not (isinstance(identifier, str) and identifier.isalnum() and isinstance(address, str)):
            return None
        return Candidate(
            identifier,
            LatLon(float(lat), float(lon)),
            captured.strftime("%Y-%m-%dT%H:%M:%SZ"),
            str(author),
            str(author_id),
            address,
            "panorama" if entry.get("is_pano") else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError, CoordinateError):
        return None
