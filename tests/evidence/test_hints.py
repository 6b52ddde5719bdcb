from datetime import datetime

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from geotagger.evidence.hints import HintError, folder_hint, parse_hint

BANFF = LatLon(51.18, -115.57)


def codes(text: str) -> set[str]:
    return {load_regions()[i].code for i in parse_hint(text).regions}


@pytest.mark.parametrize("text", ["Canada", "canada", "somewhere in Canada", "CANADA 2019"])
def test_a_country_means_all_its_regions(text):
    assert len(codes(text)) == 13
    assert codes(text) >= {"CA-BC", "CA-NU"}


@pytest.mark.parametrize("text", ["Québec", "quebec", "QC", "CA-QC", "Canada, QC"])
def test_a_region_is_known_by_name_and_code(text):
    assert codes(text) == {"CA-QC"}


def test_two_regions_mean_either():
    assert codes("Montana, Wyoming") == {"US-MT", "US-WY"}


def test_small_words_are_no_codes():
    """“in” is no Indiana, “me” no Maine."""
    with pytest.raises(HintError, match="names no country"):
        parse_hint("in me or")


def test_a_town_is_found_and_its_cells_are_the_likeliest(grid):
    likelihood = parse_hint("Banff, July 2019").likelihood(grid)
    assert grid.position(int(likelihood.argmax())).distance_km(BANFF) < 80
    assert likelihood.max() == pytest.approx(1.0)
    assert 0 < likelihood.min() < 1e-3


def test_a_region_tells_towns_of_one_name_apart(grid):
    for region, code in (("IL", "US-IL"), ("Missouri", "US-MO"), ("Oregon", "US-OR")):
        likelihood = parse_hint(f"Springfield, {region}").likelihood(grid)
        assert load_regions()[int(grid.region[likelihood.argmax()])].code == code
    everywhere = parse_hint("Springfield")
    assert len(everywhere.towns) > 3


def test_a_region_is_likelier_inside_than_outside(grid):
    likelihood = parse_hint("Montana").likelihood(grid)
    inside = grid.region == load_regions().by_code("US-MT").index
    assert likelihood[inside].min() == pytest.approx(1.0)
    known = likelihood * grid.area_km2
    assert 0.85 < known[inside].sum() / known.sum() < 0.99


def test_a_month_says_which_photos_are_meant():
    hint = parse_hint("Banff, July 2019")
    assert hint.speaks_of(datetime(2019, 7, 15))
    assert hint.speaks_of(None)
    assert not hint.speaks_of(datetime(2019, 9, 1))
    assert not hint.speaks_of(datetime(2018, 7, 15))
    assert parse_hint("Banff").speaks_of(datetime(1999, 1, 1))
    assert parse_hint("Banff 2019").speaks_of(datetime(2019, 12, 31))
    assert parse_hint("Banff, décembre 2019").speaks_of(datetime(2019, 12, 31))


def test_a_folder_name_is_believed_less(grid):
    hint = folder_hint("2019-07 Banff trip")
    assert hint is not None
    assert hint.is_from_folder
    known, said = (h.likelihood(grid) * grid.area_km2 for h in (hint, parse_hint("2019-07 Banff trip")))
    near = grid.distances_km([51.18], [-115.57])[0] < 300
    assert known[near].sum() / known.sum() == pytest.approx(0.77, abs=0.02)
    assert said[near].sum() / said.sum() > 0.93
    assert not hint.speaks_of(datetime(2019, 9, 1))
    assert "folder" in hint.words


@pytest.mark.parametrize("name", ["DCIM", "100CANON", "2019-07", "new folder", "", "IMG_2041"])
def test_a_folder_name_without_a_place_says_nothing(name):
    assert folder_hint(name) is None
