import json
from datetime import datetime

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.paths import resource_path
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
        ((None, "Calif.", "U.S.A."), {"US-CA"}),
        (("Québec", "Québec", "Canada"), {"CA-QC"}),
        ((None, "Colombie-Britannique", "canada"), {"CA-BC"}),
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
    hint = hint_in_file(None, "Somewhere", "US")
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


def test_every_region_is_known_by_the_french_name_that_the_window_shows():
    french = json.loads(resource_path("languages", "fr.json").read_text(encoding="utf-8"))
    for region in load_regions():
        assert codes(french[region.name]) == {region.code}, region.name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Calif.", {"US-CA"}),
        ("N.Y.", {"US-NY"}),
        ("B.C.", {"CA-BC"}),
        ("PEI", {"CA-PE"}),
        ("Newfoundland", {"CA-NL"}),
        ("Etats Unis, Alaska", {"US-AK"}),
        ("washington state", {"US-WA"}),
        ("Hawai’i", {"US-HI"}),
        ("New England", {"US-ME", "US-NH", "US-VT", "US-MA", "US-RI", "US-CT"}),
    ],
)
def test_regions_are_known_by_abbreviation_and_other_names(text, expected):
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("London, ON", LatLon(42.98, -81.25)),
        ("London ON", LatLon(42.98, -81.25)),
        ("london ontario", LatLon(42.98, -81.25)),
        ("montreal qc", LatLon(45.5, -73.57)),
        ("Billings MT", LatLon(45.78, -108.5)),
        ("Springfield IL", LatLon(39.8, -89.64)),
        ("Portland, Me.", LatLon(43.66, -70.26)),
        ("Paris, Texas", LatLon(33.66, -95.56)),
        ("Calgary AB Canada", LatLon(51.05, -114.07)),
        ("New York City, NY", LatLon(40.71, -74.0)),
        ("Québec, QC", LatLon(46.81, -71.21)),
        ("St John NB", LatLon(45.27, -66.06)),
        ("Trois Rivieres", LatLon(46.35, -72.55)),
        ("Coeur d’Alene", LatLon(47.68, -116.78)),
        ("Mt. Rainier", LatLon(46.85, -121.76)),
        ("Grand Canyon 2019", LatLon(36.1, -112.1)),
        ("Washington, D.C.", LatLon(38.9, -77.04)),
        ("Niagara Falls, Canada", LatLon(43.08, -79.07)),
    ],
)
def test_towns_are_found_in_odd_spelling_and_beside_their_region(grid, text, place):
    likelihood = parse_hint(text).likelihood(grid)
    assert grid.position(int(likelihood.argmax())).distance_km(place) < 80


def test_washington_is_the_state_or_the_capital(grid):
    likelihood = parse_hint("Washington, July 2019").likelihood(grid)
    near = grid.distances_km([38.9], [-77.04])[0] < 60
    assert likelihood[near].max() > 0.4
    assert likelihood[grid.region == load_regions().by_code("US-WA").index].min() > 0.4
    assert likelihood[grid.region == load_regions().by_code("US-TX").index].max() < 0.1


def test_two_towns_of_one_sentence_both_count():
    assert {
        round(place.lat_deg) for place, weight in parse_hint("From Denver to Moab").towns if weight == 1
    } == {40, 39}


@pytest.mark.parametrize("text", ["John Denver", "Paul Jackson", "our Sunday School"])
def test_the_second_half_of_a_name_is_no_town(text):
    assert folder_hint(text) is None


@pytest.mark.parametrize("text", ["Paris, France", "Rome, Italy", "Mexico", "Japan 2019"])
def test_what_lies_abroad_is_said_to(text):
    with pytest.raises(HintError, match="outside the states, provinces"):
        parse_hint(text)
    assert folder_hint(text) is None


def test_a_town_that_is_called_like_a_country_is_found_in_its_state():
    assert len(parse_hint("Lebanon, Oregon").towns) == 1


def test_a_long_text_is_not_repeated_in_full():
    with pytest.raises(HintError) as caught:
        parse_hint("x" * 5000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text", ["", "  ", ",;", "'", "’", "-", ".", "🍁", "<b>Canada</b>", "a\x00b", "2019"]
)
def test_odd_texts_name_no_place(text):
    with pytest.raises(HintError):
        parse_hint(text)
