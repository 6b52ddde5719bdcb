"""``python -m trainer collect streetview|mapillary|folder``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from geotagger.core.errors import GeotaggerError
from geotagger.core.regions import load_regions
from trainer.collect.data_list import LIST_NAME, LocatedPhoto, write_data_list
from trainer.collect.errors import CollectError
from trainer.collect.mapillary import BASE_URL as MAPILLARY_URL
from trainer.collect.mapillary import TOKEN_VARIABLE, Mapillary
from trainer.collect.run import (
    PHOTOS_PER_REGION,
    Service,
    Summary,
    Wanted,
    chosen_postals,
    collect,
)
from trainer.collect.streetview import BASE_URL as STREETVIEW_URL
from trainer.collect.streetview import KEY_VARIABLE, PRICE_USD, SECRET_VARIABLE, StreetView
from trainer.collect.web import WebClient
from trainer.files import NotWrittenError, file_ending

_STREETVIEW_TERMS = (
    "Note: Google's terms of service restrict storing Street View pictures and learning from them. "
    "Whether your use is allowed is yours to find out; see docs/collect.md."
)
_PROGRESS_EVERY = 25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the three collectors as subcommands; ``run`` takes what it parses."""
    kinds = parser.add_subparsers(dest="collector", required=True, metavar="streetview|mapillary|folder")
    streetview = kinds.add_parser("streetview", help="Google Street View, by the Static API (costs money)")
    _add_web_arguments(streetview, STREETVIEW_URL)
    streetview.add_argument(
        "--max-cost-usd",
        type=_positive,
        required=True,
        metavar="USD",
        help="what all runs into this folder may cost together",
    )
    streetview.add_argument(
        "--price-usd", type=_positive, default=PRICE_USD, help=f"price of one picture (default {PRICE_USD})"
    )
    streetview.add_argument(
        "--radius-m", type=int, default=5000, help="how far from a point a panorama may be (default 5000)"
    )
    mapillary = kinds.add_parser("mapillary", help="Mapillary, by its API v4 (free, CC BY-SA)")
    _add_web_arguments(mapillary, MAPILLARY_URL)
    folder = kinds.add_parser("folder", help="your own located photos, listed where they lie")
    folder.add_argument("folder", type=Path)
    folder.add_argument(
        "--out", type=file_ending(".csv"), required=True, metavar="FILE.csv", help="the data list to write"
    )
    folder.add_argument(
        "--photographer", help="the group of all photos (default: one group for each subfolder)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry out a collection.

    Returns:
        0 where everything wanted is there, 1 where something is missing, 2 where nothing could start.
    """
    try:
        if arguments.collector == "folder":
            return _run_folder(arguments)
        return _run_web(arguments)
    except NotWrittenError as error:
        kept = " What was collected is kept; the same command goes on from there."
        print(f"{error}{'' if arguments.collector == 'folder' else kept}", file=sys.stderr)
        return 1
    except GeotaggerError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"{error.filename or 'The folder'} cannot be written or read: {error.strerror or error}.",
            file=sys.stderr,
        )
        return 2


def _add_web_arguments(parser: argparse.ArgumentParser, base_url: str) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where photos and lists go")
    parser.add_argument("--per-region", type=_count, default=PHOTOS_PER_REGION, help="default 325")
    parser.add_argument("--regions", default="", help="postal codes such as CO,WY (default: all 63)")
    parser.add_argument(
        "--min-distance-km", type=_positive, default=1.0, help="between two photos; default 1"
    )
    parser.add_argument(
        "--max-tries", type=_count, default=5000, help="points before a region is given up; default 5000"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-requests", type=_count, help="requests that this run may make")
    parser.add_argument("--requests-per-second", type=_positive, default=5.0, help="default 5")
    parser.add_argument("--base-url", default=base_url, help=argparse.SUPPRESS)


def _run_web(arguments: argparse.Namespace) -> int:
    is_streetview = arguments.collector == "streetview"
    key = _from_environment(KEY_VARIABLE if is_streetview else TOKEN_VARIABLE)
    secret = os.environ.get(SECRET_VARIABLE) if is_streetview else None
    client = WebClient(
        max_requests=arguments.max_requests,
        requests_per_second=arguments.requests_per_second,
    )
    service: Service
    max_cost_usd = None
    if is_streetview:
        print(_STREETVIEW_TERMS, file=sys.stderr)
        max_cost_usd = arguments.max_cost_usd
        service = StreetView(
            client, key, secret, arguments.radius_m, arguments.price_usd, arguments.base_url.rstrip("/")
        )
    else:
        service = Mapillary(client, key, arguments.base_url.rstrip("/"))
    wanted = Wanted(
        arguments.per_region,
        chosen_postals(arguments.regions),
        arguments.min_distance_km,
        arguments.max_tries,
        arguments.seed,
        max_cost_usd,
    )
    try:
        summary = collect(service, wanted, load_regions(), arguments.out, _progress())
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on from here.", file=sys.stderr)
        return 1
    _say_summary(summary, client, arguments.out / LIST_NAME)
    return 0 if summary.is_complete else 1


def _run_folder(arguments: argparse.Namespace) -> int:
    # Here, not above: the web collectors need nothing of the metadata room.
    from trainer.collect.folder import collect_folder

    found = collect_folder(arguments.folder, load_regions(), arguments.out, arguments.photographer)
    for sentence in found.unreadable:
        print(sentence, file=sys.stderr)
    for reason, number in sorted(found.refused.items()):
        print(f"{number} left out: {reason}.", file=sys.stderr)
    if not found.photos:
        raise CollectError(f"No located photo was found in {arguments.folder}.")
    write_data_list(arguments.out, found.photos)
    print(f"Listed {len(found.photos)} photos in {arguments.out}.")
    return 1 if found.unreadable else 0


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise CollectError(
            f"Please put the key into the environment variable {variable}; see docs/collect.md."
        )
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise CollectError(f"The environment variable {variable} holds no key, but other signs as well.")
    return value


def _progress() -> Callable[[LocatedPhoto], None]:
    numbers = count(1)

    def say(photo: LocatedPhoto) -> None:
        if (number := next(numbers)) % _PROGRESS_EVERY == 0:
            print(f"{number} photos in this run; the last in {photo.region}.", file=sys.stderr)

    return say


def _say_summary(summary: Summary, client: WebClient, list_path: Path) -> None:
    for reason, number in sorted(summary.refused.items()):
        print(f"{number} points led to nothing: {reason}.", file=sys.stderr)
    for postal in summary.short:
        print(
            f"{postal} has {summary.photos[postal]} photos, fewer than wanted: its tries are used up.",
            file=sys.stderr,
        )
    if summary.stopped:
        print(f"Stopped: {summary.stopped}", file=sys.stderr)
    cost = f", {summary.spent_usd:.2f} USD by all runs" if summary.spent_usd else ""
    print(
        f"{sum(summary.photos.values())} photos of {len(summary.photos)} regions listed in {list_path} "
        f"({client.requests_made} requests in this run{cost})."
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
