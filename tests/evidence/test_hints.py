from datetime import datetime

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from geotagger.evidence.hints import HintError, HintOrigin, folder_hint, hint_in_file, parse_hint

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
    assert hint.origin is HintOrigin.FOLDER
    known, said = (h.likelihood(grid) * grid.area_km2 for h in (hint, parse_hint("2019-07 Banff trip")))
    near = grid.distances_km([51.18], [-115.57])[0] < 300
    assert known[near].sum() / known.sum() == pytest.approx(0.77, abs=0.02)
    assert said[near].sum() / said.sum() > 0.93
    assert not hint.speaks_of(datetime(2019, 9, 1))
    assert "folder" in hint.words


@pytest.mark.parametrize("name", ["DCIM", "100CANON", "2019-07", "new folder", "", "IMG_2041"])
def test_a_folder_name_without_a_place_says_nothing(name):
    assert folder_hint(name) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Springfield", "Illinois", "United States"), {"US-IL"}),
        ((None, "QC", None), {"CA-QC"}),
        ((None, "Québec", "Canada"), {"CA-QC"}),
        ((None, "us-mt", "USA"), {"US-MT"}),
        (("Nowhere at all", "Montana", None), {"US-MT"}),
    ],
)
def test_what_a_file_names_is_understood(names, expected):
    hint = hint_in_file(*names)
    assert hint is not None
    assert {load_regions()[i].code for i in hint.regions} == expected
    assert hint.words == "the file names “" + ", ".join(n for n in names if n) + "”"


def test_the_town_that_a_file_names_is_looked_for_in_its_region(grid):
    hint = hint_in_file("London", "Ontario", "Canada")
    assert hint is not None
    assert grid.position(int(hint.likelihood(grid).argmax())).distance_km(LatLon(42.98, -81.25)) < 80


def test_near_a_town_of_a_named_region_the_other_side_of_the_border_is_less_probable(grid):
    """Banff is 25 km from British Columbia."""
    shares = []
    for text in ("Banff", "Banff, AB"):
        known = parse_hint(text).likelihood(grid) * grid.area_km2
        shares.append(known[grid.region == load_regions().by_code("CA-BC").index].sum() / known.sum())
    assert shares[1] < 0.4 * shares[0]


def test_a_state_that_is_not_known_counts_for_nothing_beside_its_country():
    hint = hint_in_file(None, "Calif.", "US")
    assert hint is not None
    assert len(hint.regions) == 50


def test_california_is_no_country():
    """“CA” is Canada among countries, and California among states."""
    country, state = hint_in_file(None, None, "CA"), hint_in_file(None, "CA", None)
    assert country is not None
    assert state is not None
    assert len(country.regions) == 13
    assert [load_regions()[i].code for i in state.regions] == ["US-CA"]


@pytest.mark.parametrize(
    "names",
    [("Paris", "Île-de-France", "France"), ("Paris", None, None), (None, "Ontario", "Brazil"), (None,) * 3],
)
def test_a_place_abroad_or_a_town_alone_is_no_hint(names):
    assert hint_in_file(*names) is None
