"""Which sources may speak, and offsets of clocks in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from geotagger.core.settings import Settings
from geotagger.evidence.fusion import KINDS
from geotagger.session.sources import OffsetError, Sources, kinds_of, offset_text, parse_offset


@pytest.mark.parametrize(
    ("text", "hours"),
    [("UTC−07:00", -7), ("utc-7", -7), ("+5:30", 5.5), ("0", 0), (" -0545 ", -5.75), ("+1:00:36", 1.01)],
)
def test_offsets_are_understood(text: str, hours: float) -> None:
    assert parse_offset(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "seven", "+27:00", "7:61", "UTC"])
def test_what_is_no_offset_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(OffsetError, match=r"^An offset of a clock .*\.$"):
        parse_offset(text)


@pytest.mark.parametrize("seconds", [0, -25200, 20700, 3636, -30])
def test_an_offset_is_read_as_it_was_written(seconds: int) -> None:
    offset = timedelta(seconds=seconds)
    assert parse_offset(offset_text(offset)) == offset


def test_the_settings_say_who_may_speak() -> None:
    settings = Settings()
    every = {"time-neighbour", "track", "gallery", "hint", "place-names", "time-zone"}
    assert kinds_of(settings) == every == Sources().kinds == KINDS
    few = replace(settings, judge_together=False, use_gallery=False)
    assert kinds_of(few) == {"track", "hint", "place-names", "time-zone"}
    silent = replace(few, use_tracks=False, use_place_names=False, use_time_zones=False)
    assert Sources(kinds_of(silent)).image_alone
    assert not Sources(kinds_of(silent), image=False).image_alone
