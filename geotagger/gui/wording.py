"""How the window puts things into words: no fake precision, the same words everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geotagger.core.coordinates import format_radius
from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.places import load_places
from geotagger.core.prediction import Prediction
from geotagger.core.regions import load_regions
from geotagger.gui.language import localized, said, tr, trn
from geotagger.session.map_page import WORDS
from geotagger.session.photo import Photo, PhotoState, source_of

CLEAR_ENOUGH = 0.30
"""Under this probability of the best region the summary speaks of a wider area instead."""

_AREAS: tuple[tuple[str, frozenset[str]], ...] = (
    ("the Pacific Northwest", frozenset({"US-WA", "US-OR", "CA-BC"})),
    ("the northern Rockies", frozenset({"US-MT", "US-WY", "US-ID", "CA-AB"})),
    ("the southern Rockies", frozenset({"US-CO", "US-UT", "US-NM"})),
    ("the desert Southwest", frozenset({"US-AZ", "US-NM", "US-NV", "US-UT"})),
    ("California or Nevada", frozenset({"US-CA", "US-NV"})),
    ("the far north", frozenset({"US-AK", "CA-YT", "CA-NT", "CA-NU"})),
    ("the Prairies", frozenset({"CA-AB", "CA-SK", "CA-MB"})),
    ("the Great Plains", frozenset({"US-ND", "US-SD", "US-NE", "US-KS", "US-OK"})),
    ("the upper Midwest", frozenset({"US-MN", "US-WI", "US-MI", "US-IA"})),
    ("the Great Lakes", frozenset({"US-MI", "US-OH", "US-IN", "US-IL", "US-WI", "CA-ON"})),
    ("New England", frozenset({"US-ME", "US-NH", "US-VT", "US-MA", "US-RI", "US-CT"})),
    ("the Mid-Atlantic", frozenset({"US-NY", "US-NJ", "US-PA", "US-DE", "US-MD"})),
    ("Atlantic Canada", frozenset({"CA-NL", "CA-NS", "CA-NB", "CA-PE"})),
    ("the Appalachians", frozenset({"US-WV", "US-VA", "US-KY", "US-TN", "US-NC"})),
    ("the Southeast", frozenset({"US-GA", "US-SC", "US-NC", "US-FL", "US-AL"})),
    ("the Gulf Coast", frozenset({"US-TX", "US-LA", "US-MS", "US-AL", "US-FL"})),
    ("the western mountains", frozenset({"US-MT", "US-WY", "US-ID", "CA-AB", "CA-BC", "US-CO", "US-UT"})),
    ("the West Coast", frozenset({"US-WA", "US-OR", "US-CA", "CA-BC"})),
    (
        "the Northeast",
        frozenset(
            {
                "US-ME",
                "US-NH",
                "US-VT",
                "US-MA",
                "US-RI",
                "US-CT",
                "US-NY",
                "US-NJ",
                "US-PA",
                "CA-QC",
                "CA-NB",
            }
        ),
    ),
)
_AREA_CERTAINTY = 0.60


def page_words() -> dict[str, str]:
    """The texts of the map page in the user's language."""
    return {key: tr(text) for key, text in WORDS.items()}


def percent(probability: float) -> str:
    """A probability as a whole per cent; never 0 % or 100 % for what is neither impossible nor sure."""
    return f"{whole_percent(probability)} %"


def whole_percent(probability: float) -> int:
    """The number that :func:`percent` shows."""
    if 0 < probability < 1:
        return min(99, max(1, round(100 * probability)))
    return round(100 * probability)


def place_summary(prediction: Prediction) -> str:
    """Where a photo was probably taken, in a few words."""
    best = prediction.best
    if best.probability >= CLEAR_ENOUGH:
        return tr("Probably {region}").format(region=tr(best.name))
    by_code = {region.code: region.probability for region in prediction.regions}
    for name, codes in _AREAS:
        if sum(by_code.get(code, 0.0) for code in codes) >= _AREA_CERTAINTY:
            return tr("Somewhere in {area}").format(area=tr(name))
    names = [tr(region.name) for region in prediction.regions[:3]]
    return tr("Hard to say: perhaps {first}, {second} or {third}").format(
        first=names[0], second=names[1], third=names[2]
    )


def region_set_text(prediction: Prediction) -> str:
    """How many regions it takes to be fairly sure: ``one of 4 (80 %)``; nothing where the best is enough."""
    coverage = percent(prediction.region_set_coverage)
    if len(prediction.region_set) == 1:
        return ""
    return tr("one of {count} ({coverage})").format(count=len(prediction.region_set), coverage=coverage)


def state_name(state: PhotoState) -> str:
    """The name of a state as the user reads it."""
    return {
        PhotoState.READING: tr("reading"),
        PhotoState.LOCATED: tr("position in the file"),
        PhotoState.UNLOCATED: tr("no position"),
        PhotoState.PREDICTING: tr("predicting"),
        PhotoState.PREDICTED: tr("predicted"),
        PhotoState.ACCEPTED: tr("accepted"),
        PhotoState.CORRECTED: tr("placed by you"),
        PhotoState.SKIPPED: tr("rejected"),
        PhotoState.WRITTEN: tr("written"),
        PhotoState.FAILED: tr("failed"),
    }[state]


def source_name(source: Source) -> str:
    """Who says where a photo was taken, as the user reads it."""
    return {
        Source.CAMERA: tr("from the camera"),
        Source.MODEL: tr("estimate"),
        Source.MODEL_CONFIRMED: tr("estimate, agreed by you"),
        Source.MANUAL: tr("placed by you"),
        Source.NEIGHBOUR: tr("estimate from neighbours"),
        Source.TRACK: tr("from a track"),
    }[source]


@dataclass(frozen=True, slots=True)
class RowWords:
    """The words under a photo's name in the list: what is known of its place, how likely, how near."""

    place: str
    share: str = ""
    detail: str = ""


def row_words(photo: Photo) -> RowWords:
    """What the list says of a photo."""
    if photo.error is not None:
        return RowWords(said(photo.error))
    if photo.edited is not None:
        return _words_of_edit(photo, photo.edited)
    if photo.skipped:
        return RowWords(tr("Guess rejected"))
    if photo.prediction is not None:
        best = photo.prediction.best
        radius = localized(format_radius(photo.prediction.radius_km))
        lead = {Source.TRACK: tr("from a track"), Source.NEIGHBOUR: tr("from neighbours")}
        told_by = lead.get(source_of(photo.prediction))
        detail = radius if told_by is None else f"{radius} · {told_by}"
        return RowWords(tr(best.name), percent(best.probability), detail)
    if photo.predicting:
        return RowWords(tr("Predicting…"))
    if photo.metadata is None:
        return RowWords(tr("Reading…"))
    if photo.on_disk is not None:
        return RowWords(tr("Position in the file"), detail=source_name(photo.on_disk.source))
    return RowWords(tr("No position"))


def shown_probability(photo: Photo, prediction: Prediction) -> float:
    """How likely the region is that the row names: the one that was accepted, or the best guess."""
    if photo.edited is not None and photo.edited.candidates:
        return photo.edited.candidates[0][1]
    return prediction.best.probability


def accepted_words(photo: Photo, prediction: Prediction) -> str | None:
    """What was accepted, where that is another place than the guess of now; None otherwise."""
    edited = photo.edited
    if edited is None or not edited.candidates or edited.position == prediction.position:
        return None
    code, probability = edited.candidates[0]
    return tr("Accepted: {region}, {share}").format(
        region=tr(load_regions().by_code(code).name), share=percent(probability)
    )


def _words_of_edit(photo: Photo, edited: Fix) -> RowWords:
    radius = "" if edited.radius_km is None else localized(format_radius(edited.radius_km))
    if edited.source is Source.MANUAL:
        return RowWords(tr("Placed by you"), detail=radius)
    if edited.candidates:  # not the prediction, which can be another one since
        code, probability = edited.candidates[0]
        return RowWords(tr(load_regions().by_code(code).name), percent(probability), radius)
    return RowWords(tr("Estimate"), detail=radius)


def evidence_heading(prediction: Prediction) -> str:
    """What stands above the lines: whether the rest decided, or only had a say beside the picture."""
    rest = sum(evidence.weight for evidence in prediction.evidence if evidence.kind != "image")
    image = sum(evidence.weight for evidence in prediction.evidence if evidence.kind == "image")
    return tr("Decided by:") if rest > image else tr("Also considered:")


def evidence_lines(prediction: Prediction) -> list[str]:
    """What had a say in a guess besides the picture itself, the weightiest first."""
    names = {
        "time-neighbour": tr("taken close in time to a located photo"),
        "folder": tr("the other photos of the folder"),
        "folder-neighbour": tr("the other photos of the folder"),
        "track": tr("a recorded track"),
        "gallery": tr("looks like one of your located photos"),
        "hint": tr("your hint"),
        "place-names": tr("a place named in the file"),
        "time-zone": tr("the time zone of the camera"),
    }
    lines = []
    for evidence in sorted(prediction.evidence, key=lambda one: -one.weight):
        if evidence.reason is not None and evidence.kind in names:
            lines.append(said(evidence.reason))
        elif evidence.kind in names:
            photo = "" if evidence.photo is None else f": {Path(evidence.photo).name}"
            lines.append(names[evidence.kind] + photo)
    return lines


def point_text(prediction: Prediction) -> str:
    """Why the marked point lies outside the region that is named first; empty where it does not, or is near it."""
    from geotagger.evidence.words import point_words  # takes too long to import for the window's start

    words = point_words(prediction)
    return "" if words is None else said(words)


_IN_TOWN_KM = 5.0
_IN_SIGHT_KM = 25.0
_DIRECTIONS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


def near_words(position: LatLon) -> str:
    """Where a place is, told from the nearest town: in it, near it, or so far to the north of it."""
    town, distance_km = load_places().nearest(position)
    name = town.name
    if distance_km <= _IN_TOWN_KM:
        return tr("in {town}").format(town=name)
    if distance_km <= _IN_SIGHT_KM:
        return tr("near {town}").format(town=name)
    compass = _DIRECTIONS[round(town.position.bearing_deg(position) / 45) % 8]
    away = round(distance_km, -1 if distance_km < 1000 else -2)
    words = tr("{distance} km {direction} of {town}")
    return words.format(distance=f"{away:.0f}", direction=tr(compass), town=name)


def time_left(seconds: float | None) -> str:
    """The remaining time, rounded as coarsely as the estimate deserves."""
    if seconds is None:
        return ""
    if seconds < 60:
        return tr("{n} s left").format(n=max(1, round(seconds)))
    if seconds < 3600:
        return tr("{n} min left").format(n=round(seconds / 60))
    return tr("{n} h left").format(n=localized(f"{seconds / 3600:.1f}"))


def some_names(names: Sequence[str], limit: int = 3) -> str:
    """A few names and how many more there are."""
    if len(names) <= limit:
        return ", ".join(names)
    more = len(names) - limit
    return ", ".join(names[:limit]) + " " + trn("and {n} more", "and {n} more", more)
