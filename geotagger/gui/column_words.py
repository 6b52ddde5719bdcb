"""The words of the list's rows: what stands in each column of the table, and over each group."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from geotagger.core.coordinates import Notation, format_position, format_radius
from geotagger.core.regions import load_regions
from geotagger.gui.language import localized, said, tr
from geotagger.gui.names import shown, shown_name
from geotagger.gui.wording import percent, source_name, state_name
from geotagger.session.arrangement import Heading, SortKey, Trip, best_region, taken
from geotagger.session.photo import Photo


class Column(IntEnum):
    """The columns of the table view."""

    NAME = 0
    TAKEN = 1
    STATE = 2
    REGION = 3
    PROBABILITY = 4
    RADIUS = 5
    POSITION = 6


NUMBERS = (Column.PROBABILITY, Column.RADIUS)

COLUMN_SORT: dict[Column, SortKey] = {
    Column.NAME: SortKey.NAME,
    Column.TAKEN: SortKey.TAKEN,
    Column.STATE: SortKey.STATE,
    Column.REGION: SortKey.REGION,
    Column.PROBABILITY: SortKey.PROBABILITY,
    Column.RADIUS: SortKey.RADIUS,
    Column.POSITION: SortKey.POSITION,
}


def column_title(column: Column) -> str:
    """What stands over a column."""
    return {
        Column.NAME: tr("Name"),
        Column.TAKEN: tr("Taken"),
        Column.STATE: tr("State"),
        Column.REGION: tr("Best region"),
        Column.PROBABILITY: tr("Chance"),
        Column.RADIUS: tr("Radius"),
        Column.POSITION: tr("Position"),
    }[column]


def column_text(photo: Photo, column: Column, notation: Notation) -> str:
    """What stands in a column of a photo's row."""
    fix = photo.shown_fix
    if column is Column.NAME:
        return shown_name(photo.path)
    if column is Column.TAKEN:
        time = taken(photo)
        return "" if time is None else f"{time:%Y-%m-%d %H:%M}"
    if column is Column.STATE:
        return said(photo.error) if photo.error else state_name(photo.state)
    if column is Column.REGION:
        best = best_region(photo)
        if best is None:
            # Where the user placed it, the state tells as much.
            return "" if fix is None or photo.edited is not None else source_name(fix.source)
        return tr(load_regions().by_code(best[0]).name)
    if column is Column.PROBABILITY:
        best = best_region(photo)
        return "" if best is None else percent(best[1])
    if column is Column.RADIUS:
        return "" if fix is None or fix.radius_km is None else localized(format_radius(fix.radius_km))
    return "" if fix is None else format_position(fix.position, notation, fix.radius_km)


def heading_text(heading: Heading) -> str:
    """The words of a heading."""
    value = heading.value
    if value is None:
        return tr("No time known")
    if isinstance(value, Trip):
        first, last = f"{value.start:%Y-%m-%d}", f"{value.end:%Y-%m-%d}"
        return first if first == last else f"{first} – {last}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return shown_name(value)


def heading_detail(heading: Heading) -> str:
    """What more there is to say of a group: of a trip, its folder and where it probably led."""
    trip = heading.value
    if not isinstance(trip, Trip):
        return ""
    names = load_regions()
    shares = [f"{tr(names.by_code(code).name)} {percent(share)}" for code, share in trip.regions]
    return " · ".join(part for part in (shown(trip.name), *shares) if part)
