"""Google Street View, through its Static API: metadata first (free), then the 600 × 600 picture (paid).

Reference: Google Maps Platform, "Street View Static API": request and response, image metadata, digital signature.
Google's terms restrict what may be done with the pictures; docs/collect.md says so plainly.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import h3
import numpy as np

from geotagger.core.errors import CoordinateError
from geotagger.core.geo import LatLon
from trainer.collect.errors import BadAnswerError, CollectError, ServiceError, TransientError
from trainer.collect.pictures import MAX_BYTES, check_picture
from trainer.collect.run import Candidate, Picture
from trainer.collect.web import WebClient

BASE_URL = "https://maps.googleapis.com"
KEY_VARIABLE = "GOOGLE_MAPS_API_KEY"
SECRET_VARIABLE = "GOOGLE_MAPS_SIGNING_SECRET"
PRICE_USD = 0.007
"""List price of one picture (7 USD per 1000); metadata requests are free."""

SIZE_PX = 600
_PLACE_RESOLUTION = 4
"""H3 cells of about 1 770 km²: the places that stay on one side of a split."""


@dataclass(frozen=True)
class StreetView:
    """The service as seen by ``run.collect``.

    Attributes:
        signing_secret: signs every request where given (Google asks for it above 25 000 a day).
        radius_m: how far from a point a panorama may be; most of a region's area has no road within the
            service's own 50 m.
    """

    client: WebClient
    key: str = field(repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    radius_m: int = 5000
    price_usd: float = PRICE_USD
    base_url: str = BASE_URL
    name: str = "streetview"
    licence: str = "Google Maps Platform Terms of Service"

    def __post_init__(self) -> None:
        """Keep the key out of messages, and refuse a secret that cannot sign before any request is made."""
        self.client.secrets += (self.key, self.signing_secret or "")
        if self.signing_secret is not None:
            _decode_secret(self.signing_secret)

    def candidates(self, point: LatLon) -> Sequence[Candidate]:
        """The panorama nearest to a point, marked as refused where it was not taken outdoors by Google."""
        url = self._url(
            "/maps/api/streetview/metadata",
            {
                "location": f"{point.lat_deg:.6f},{point.lon_deg:.6f}",
                "radius": str(self.radius_m),
                "source": "outdoor",
            },
        )
        document = self.client.get_json(url, check=self._raise_for_status)
        if document["status"] != "OK":
            return ()
        return (_candidate(document),)

    def picture(
        self, candidate: Candidate, generator: np.random.Generator, charge: Callable[[float], None]
    ) -> Picture:
        """The picture of a panorama, in a random direction."""
        url = self._url(
            "/maps/api/streetview",
            {
                "pano": candidate.request,
                "size": f"{SIZE_PX}x{SIZE_PX}",
                "heading": str(int(generator.integers(360))),
                "fov": "90",
                "pitch": "0",
                "return_error_code": "true",
            },
        )
        answer = self.client.get(url, max_bytes=MAX_BYTES, before_attempt=lambda: charge(self.price_usd))
        width, height = check_picture(answer.body, answer.content_type, (SIZE_PX, SIZE_PX))
        return Picture(answer.body, width, height)

    def describe(self, candidate: Candidate) -> dict[str, str]:
        """Google is one photographer of all roads, so the place takes the part of the group."""
        position = candidate.position
        cell = h3.latlng_to_cell(position.lat_deg, position.lon_deg, _PLACE_RESOLUTION)
        return {
            "photographer": f"streetview-{cell}",
            "source": f"https://www.google.com/maps/@?api=1&map_action=pano&pano={candidate.request}",
            "attribution": f"{candidate.author}, Street View, {candidate.captured}".rstrip(", "),
        }

    def _url(self, path: str, parameters: dict[str, str]) -> str:
        query = f"{path}?{urlencode({**parameters, 'key': self.key})}"
        if self.signing_secret is not None:
            query += f"&signature={sign(query, self.signing_secret)}"
        return self.base_url + query

    def _raise_for_status(self, document: dict[str, Any]) -> None:
        status = document.get("status")
        said = self.client.redact(str(document.get("error_message", ""))).rstrip(".")
        if status in ("OK", "ZERO_RESULTS", "NOT_FOUND"):
            return
        if status == "OVER_QUERY_LIMIT":
            raise TransientError("Google says that the quota of this key is used up (OVER_QUERY_LIMIT).")
        if status == "UNKNOWN_ERROR":
            raise TransientError("Google reports a fault of its own (UNKNOWN_ERROR).")
        if status == "REQUEST_DENIED":
            raise ServiceError(
                f"Google refuses the key (REQUEST_DENIED){': ' + said if said else ''}. The Street View Static "
                "API and billing must be switched on for it."
            )
        if status == "INVALID_REQUEST":
            raise ServiceError(
                f"Google does not understand the request (INVALID_REQUEST){': ' + said if said else ''}."
            )
        raise BadAnswerError(f"Google answers with an unknown status, {self.client.redact(str(status))!r}.")


def sign(path_and_query: str, secret: str) -> str:
    """The ``signature`` parameter of a request: HMAC-SHA1 of path and query, in URL-safe Base64.

    Raises:
        CollectError: the secret is not URL-safe Base64.
    """
    digest = hmac.new(_decode_secret(secret), path_and_query.encode("ascii"), hashlib.sha1).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")


def _decode_secret(secret: str) -> bytes:
    try:
        decoded = base64.b64decode(secret.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CollectError(f"{SECRET_VARIABLE} is not a URL signing secret (URL-safe Base64).") from error
    if not decoded:
        raise CollectError(f"{SECRET_VARIABLE} is empty.")
    return decoded


def _candidate(document: dict[str, Any]) -> Candidate:
    try:
        identifier = document["pano_id"]
        location = document["location"]
        position = LatLon(float(location["lat"]), float(location["lng"]))
        author = str(document.get("copyright", ""))
        if not isinstance(identifier, str) or not identifier:
            raise TypeError(identifier)
    except (KeyError, TypeError, ValueError, CoordinateError) as error:
        raise BadAnswerError("Google's metadata lack the panorama's id or position.") from error
    # Panoramas that users contribute are often taken indoors, whatever ``source=outdoor`` promises.
    refused = None if "google" in author.lower() else "not by Google"
    return Candidate(
        identifier, position, str(document.get("date", "")), author, "google", identifier, refused
    )
