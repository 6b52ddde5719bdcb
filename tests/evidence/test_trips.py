from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from geotagger.core.geo import LatLon
from geotagger.evidence import predict_from_image
from geotagger.evidence.hints import HintOrigin, parse_hint
from geotagger.evidence.trips import CellFactor, chains, trips

BANFF = LatLon(51.18, -115.57)
BOSTON = LatLon(42.36, -71.06)
DENVER = LatLon(39.74, -104.99)


def answers(model, photos, **options):
    return list(model.predict(photos, "m", "cpu", **options))


def test_a_photo_alone_is_judged_as_by_its_image(model, simulation, grid, calibration):
    photo = simulation.photo(BANFF, None)
    (prediction,) = answers(model, [photo])
    alone = predict_from_image(photo.output, grid, calibration, "m", "cpu")
    assert prediction.position == alone.position
    assert prediction.radius_km == pytest.approx(alone.radius_km)
    assert [r.code for r in prediction.regions] == [r.code for r in alone.regions]
    assert [e.kind for e in prediction.evidence] == ["image"]


def test_a_near_located_photo_places_its_neighbour_sharply(model, simulation):
    photos = [simulation.photo(BANFF, 0.0, located=True), simulation.photo(BANFF, 0.15, right=0.0)]
    prediction = answers(model, photos)[1]
    assert prediction.position.distance_km(BANFF) < 1.0
    assert prediction.radius_km < 15.0
    assert prediction.best.code == "CA-AB"
    neighbour = next(e for e in prediction.evidence if e.kind == "time-neighbour")
    assert neighbour.photo == photos[0].name
    assert neighbour.weight > 1.0
    stem = photos[0].name.removesuffix(".jpg")
    weightiest = max(prediction.evidence, key=lambda evidence: evidence.weight)
    assert weightiest.reason == f"9 min after {stem}, which has GPS"


def test_between_two_located_photos_the_place_lies_between(model, simulation):
    there = LatLon(51.43, -116.18)
    photos = [
        simulation.photo(BANFF, 0.0, located=True),
        simulation.photo(BANFF, 2.0),
        simulation.photo(there, 4.0, located=True),
    ]
    prediction = answers(model, photos)[1]
    assert prediction.position.distance_km(BANFF) + prediction.position.distance_km(there) < 62.0
    assert prediction.radius_km < 60.0
    assert {e.photo for e in prediction.evidence if e.photo} == {photos[0].name, photos[2].name}


def test_the_radius_grows_with_the_time_to_the_located_photo(model, simulation):
    radii = []
    for hours in (0.05, 1.0, 10.0, 100.0):
        photos = [simulation.photo(DENVER, 0.0, located=True), simulation.photo(DENVER, hours)]
        radii.append(answers(model, photos)[1].radius_km)
    assert radii == sorted(radii)
    assert radii[0] < 10 < 50 < radii[-1]


def test_sets_hold_more_of_the_probability_the_less_the_located_photos_say(model, simulation):
    """Hours away one region is enough; years away nearly all of what is possible is named."""
    held = []
    for hours in (1.0, 2000.0, 40000.0):
        photos = [simulation.photo(DENVER, 0.0, located=True), simulation.photo(DENVER, hours)]
        prediction = answers(model, photos)[1]
        told = {region.code: region.probability for region in prediction.regions}
        held.append((len(prediction.region_set), sum(told[code] for code in prediction.region_set)))
        assert prediction.region_set_coverage == 0.8
    assert held[0][0] == 1
    assert held[1][0] > 3
    assert held[2][0] > 8
    assert held[1][1] < held[2][1]
    assert held[2][1] >= model.tuning.far_set_mass > 0.95


def test_a_located_photo_is_not_its_own_witness(model, simulation):
    photos = [simulation.photo(DENVER, 0.0, located=True), simulation.photo(BANFF, 0.1, located=True)]
    predictions = answers(model, photos)
    assert predictions[0].position.distance_km(BANFF) < predictions[0].position.distance_km(DENVER)


def test_simulated_trips_are_found_and_their_radii_hold(model, simulation):
    """With a tenth located, nearly all photos of slow journeys are right to 25 km, inside their radii as stated."""
    errors, inside, alone = [], [], []
    for start in (BANFF, DENVER, LatLon(44.4, -72.0), LatLon(36.1, -112.1)):
        journey = simulation.walk(60, start)
        photos = [
            simulation.photo(place, hours, located=i % 10 == 4) for i, (place, hours) in enumerate(journey)
        ]
        singles = answers(model, photos, kinds=frozenset())
        for i, (prediction, single) in enumerate(zip(answers(model, photos), singles, strict=True)):
            if i % 10 != 4:
                errors.append(prediction.position.distance_km(journey[i][0]))
                inside.append(errors[-1] <= prediction.radius_km)
                alone.append(single.position.distance_km(journey[i][0]))
    assert np.median(errors) < 10
    assert np.median(errors) < np.median(alone) / 10
    assert np.mean(inside) > 0.75


def test_photos_without_any_position_help_one_another(model, simulation):
    """Half of the photos mislead the network; together they do not."""
    right_alone = right_together = 0
    for start in (BANFF, DENVER, LatLon(44.4, -72.0), LatLon(36.1, -112.1), LatLon(60.7, -135.1)):
        photos = [simulation.photo(start, 6.0 * i, blur_km=250) for i in range(20)]
        for prediction in answers(model, photos, kinds=frozenset()):
            right_alone += prediction.position.distance_km(start) < 400
        for prediction in answers(model, photos):
            right_together += prediction.position.distance_km(start) < 400
    assert right_together > 1.3 * right_alone


def test_a_burst_of_equal_photos_counts_about_once(model, simulation):
    """Ten copies of one misleading photo must not become ten witnesses."""
    true = [simulation.photo(DENVER, 5.0 * i, right=1.0, blur_km=300) for i in range(4)]
    wrong = simulation.photo(LatLon(44.0, -70.0), 8.0, right=1.0, blur_km=300)
    once = answers(model, [*true, wrong])[0]
    burst = [replace(wrong, name=f"b{i}", clock=wrong.clock + timedelta(seconds=i)) for i in range(9)]
    often = answers(model, [*true, *burst])[0]
    assert once.position.distance_km(often.position) < 200


@pytest.mark.parametrize(
    "clocks",
    [
        [datetime(1970, 1, 1)] * 12,
        [datetime(2020, 1, 1, 0, 0, 0)] * 12,
        [datetime(2095, 5, 5, 12, i) for i in range(12)],
        [datetime(2019, 7, 5, 12, 30, 1)] * 12,
        [datetime(2019, 7, 1 + i % 2) for i in range(12)],
    ],
    ids=["1970", "never set", "future", "all equal", "dates only"],
)
def test_nonsense_clocks_do_no_harm(model, simulation, clocks):
    """Photos from all over, one of them located: they are judged like photos without any clock."""
    truths = [BANFF, DENVER, LatLon(44.4, -72.0), LatLon(36.1, -112.1)] * 3
    photos = [
        replace(simulation.photo(truth, 0.0, located=i == 0), clock=clock)
        for i, (truth, clock) in enumerate(zip(truths, clocks, strict=True))
    ]
    without = [replace(photo, clock=None) for photo in photos]
    assert answers(model, photos) == answers(model, without)


def test_clocks_that_make_their_owner_fly_impossibly_are_not_believed(model, simulation):
    """Import times: photos of a continent within minutes, some of them located."""
    truths = [BANFF, DENVER, LatLon(44.4, -72.0), LatLon(36.1, -112.1)] * 3
    photos = [simulation.photo(truth, i / 60, located=i % 2 == 0) for i, truth in enumerate(truths)]
    assert chains(photos) == []


def hinted(model, photo, text, origin=HintOrigin.USER):
    hint = parse_hint(text, origin)
    return replace(photo, factors=(CellFactor("hint", hint.words, hint.likelihood(model.grid)),))


@pytest.mark.parametrize(("hours", "code"), [(0.15, "US-MA"), (240.0, "US-CO"), (8000.0, "US-CO")])
def test_a_hint_is_heard_where_located_photos_are_far_in_time(model, simulation, hours, code):
    """Minutes from a photo in Boston, “Colorado” is a mistake; days or a year from it, it is not."""
    photo = hinted(model, simulation.photo(DENVER, hours, blur_km=1e6), "Colorado")
    told = answers(model, [simulation.photo(BOSTON, 0.0, located=True), photo])[1]
    assert told.best.code == code
    assert told.position.distance_km(BOSTON if code == "US-MA" else DENVER) < 250
    words = "you said “Colorado”" + (", but the rest speaks against it" if code == "US-MA" else "")
    assert words in [evidence.reason for evidence in told.evidence]
    assert sum(region.probability for region in told.regions) == pytest.approx(1.0)


def test_the_name_of_a_folder_is_heard_less_than_the_user(model, simulation):
    photo = simulation.photo(DENVER, 30.0, blur_km=1e6)
    near = simulation.photo(BOSTON, 0.0, located=True)
    shares = []
    for origin in (HintOrigin.USER, HintOrigin.FILE, HintOrigin.FOLDER):
        told = answers(model, [near, hinted(model, photo, "Colorado", origin)])[1]
        shares.append(next(region.probability for region in told.regions if region.code == "US-CO"))
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 2 * shares[2]


def test_a_hint_that_agrees_with_a_located_photo_changes_little(model, simulation):
    photos = [simulation.photo(DENVER, 0.0, located=True), simulation.photo(DENVER, 2.0)]
    plain = answers(model, photos)[1]
    told = answers(model, [photos[0], hinted(model, photos[1], "Denver")])[1]
    assert told.position.distance_km(plain.position) < 1
    assert told.radius_km <= 1.01 * plain.radius_km


def test_one_wrong_position_does_not_spoil_a_trip(model, simulation):
    """A photo put on the other side of the world by mistake: its neighbours in time do not follow it there."""
    photos = [simulation.photo(BANFF, hours, located=i % 2 == 0) for i, hours in enumerate(np.arange(11) / 5)]
    photos[4] = replace(photos[4], place=LatLon(-33.9, 151.2))
    for prediction in answers(model, photos)[3:6]:
        assert prediction.position.distance_km(BANFF) < 5
        assert prediction.best.code == "CA-AB"


def test_photos_at_the_ends_of_the_earth_are_judged(model, simulation):
    """Poles, the date line, the other side of the world: numbers stay finite, and the nearest photo is near."""
    for first, second in (
        (LatLon(52.0, 179.9), LatLon(52.0, -179.9)),
        (LatLon(90.0, 0.0), LatLon(89.9, 180.0)),
        (LatLon(-90.0, 10.0), LatLon(-89.9, -170.0)),
    ):
        photos = [
            simulation.photo(first, 0.0, located=True),
            simulation.photo(first, 0.5),
            simulation.photo(second, 1.0, located=True),
        ]
        prediction = answers(model, photos)[1]
        assert prediction.position.distance_km(first) < 30
        assert prediction.radius_km < 100
        assert sum(region.probability for region in prediction.regions) == pytest.approx(1.0)


def test_photos_copied_in_one_go_still_know_their_trip(model, simulation):
    """Clocks of the copying, a second apart, and a few located photos: near one of them, one knows not which."""
    rng = np.random.default_rng(3)
    places = [LatLon(44.0 + rng.normal(0, 1.5), -105.0 + rng.normal(0, 2)) for _ in range(30)]
    photos = [simulation.photo(place, i / 3600, located=i % 6 == 0) for i, place in enumerate(places)]
    predictions = answers(model, photos)
    errors = [p.position.distance_km(place) for p, place in zip(predictions, places, strict=True)]
    hidden = [i for i in range(30) if i % 6]
    assert np.median([errors[i] for i in hidden]) < 400
    assert np.median([predictions[i].radius_km for i in hidden]) > 100
    assert np.mean([errors[i] <= predictions[i].radius_km for i in hidden]) > 0.7
    reasons = [evidence.reason or "" for i in hidden for evidence in predictions[i].evidence]
    assert any("copied together with" in reason for reason in reasons)
    assert not any(" min " in reason or "same time" in reason for reason in reasons)


def test_people_come_back_to_where_they_were_years_ago(model, simulation):
    """A located photo of three years before still says something; nothing else does."""
    old = [simulation.photo(BANFF, float(i), located=True) for i in range(3)]
    late = simulation.photo(BANFF, 3 * 8766.0, blur_km=900)
    alone = answers(model, [late])[0]
    together = answers(model, [*old, late])[3]
    assert together.position.distance_km(BANFF) < alone.position.distance_km(BANFF) + 1
    assert "GPS" in together.evidence[1].reason


TEXAS = LatLon(31.5, -97.2)
MONTH_H = 730.0


def afternoon(simulation, every_min: float, hours: float = 19 * MONTH_H):
    """Photos of Texas, which look like it, and so much later an afternoon in California with a position every so often."""
    texas = [simulation.photo(TEXAS, float(h), right=1.0, blur_km=150) for h in (0, 1, 3)]
    first = simulation.photo(
        LatLon(36.6, -121.9), hours, located=True, blur_km=1e6
    )  # the picture says nothing
    count = round(6 * 60 / every_min)
    walked = [
        replace(
            first,
            name=f"{i}.jpg",
            clock=first.clock + timedelta(minutes=i * every_min),
            place=LatLon(36.6 + 0.1 * i / count, -121.9),
        )
        for i in range(count + 1)
    ]
    return texas, walked


@pytest.mark.parametrize("every_min", [60.0, 2.0])
def test_a_dense_track_of_one_afternoon_says_little_of_another_year(model, simulation, every_min):
    texas, walked = afternoon(simulation, every_min)
    for prediction in answers(model, [*texas, *walked])[: len(texas)]:
        assert prediction.best.code == "US-TX"
        assert prediction.radius_km > 500
        assert sum(r.probability for r in prediction.regions if r.code == "US-CA") < 0.35


@pytest.mark.parametrize("hours", [10.0, 100.0, 19 * MONTH_H])
def test_hundreds_of_positions_of_one_outing_say_what_two_say(model, simulation, hours):
    texas, walked = afternoon(simulation, 1.0, hours)
    sparse = answers(model, [*texas, walked[0], walked[-1]])[0]
    for dense in (walked, walked[::2]):
        other = answers(model, [*texas, *dense])[0]
        assert sparse.position.distance_km(other.position) < max(0.1 * sparse.radius_km, 20)
        assert other.radius_km == pytest.approx(sparse.radius_km, rel=0.1)
        told = {r.code: r.probability for r in other.regions}
        assert all(abs(told[r.code] - r.probability) < 0.05 for r in sparse.regions)


def test_who_was_at_home_for_years_is_at_home(model, simulation):
    """Located photos in one town, on sixty days of four years: another day between them is there too."""
    home = [simulation.photo(DENVER, 24.0 * 25 * i, located=True) for i in range(60)]
    photo = simulation.photo(DENVER, 24.0 * 25 * 30 + 250, right=0.0)
    prediction = answers(model, [*home, photo])[-1]
    assert prediction.position.distance_km(DENVER) < 5
    assert prediction.best.code == "US-CO"
    assert prediction.best.probability > 0.6


def test_pictures_are_named_where_located_photos_say_little(model, simulation):
    """Three photos of one hour, and one with a position from years later: the three decide, so they are told of."""
    later = simulation.photo(DENVER, 30 * MONTH_H, located=True)
    photos = [simulation.photo(TEXAS, hours, right=1.0, blur_km=150) for hours in (0.0, 0.2, 0.4)]
    told = [evidence.reason for evidence in answers(model, [*photos, later])[0].evidence[1:]]
    names = [photo.name.partition(".")[0] for photo in photos]
    assert told[:2] == [
        f"12 min before {names[1]}; their pictures are judged together",
        f"24 min before {names[2]}; their pictures are judged together",
    ]
    assert told[2] == f"2 years before {later.name.partition('.')[0]}, which has GPS"


def test_rolls_do_not_mix(model, simulation):
    photos = [
        simulation.photo(BANFF, 0.0, located=True, roll="a"),
        simulation.photo(DENVER, 0.1, roll="b"),
        simulation.photo(DENVER, 0.0, located=True, roll="b"),
    ]
    assert answers(model, photos)[1].position.distance_km(DENVER) < 5


def test_trips_end_where_the_roll_pauses(simulation):
    photos = [simulation.photo(BANFF, hours) for hours in (0.0, 5.0, 100.0, 101.0, 30.0)]
    assert trips(photos) == [[0, 1, 4], [2, 3]]


def test_every_source_can_be_switched_off(model, simulation):
    photos = [simulation.photo(BANFF, 0.0, located=True), simulation.photo(BANFF, 0.1)]
    prediction = answers(model, photos, kinds=frozenset({"track", "gallery"}))[1]
    assert [e.kind for e in prediction.evidence] == ["image"]


def test_probabilities_sum_to_one_and_the_order_of_photos_is_of_no_matter(model, simulation):
    journey = simulation.walk(30, DENVER)
    photos = [simulation.photo(place, hours, located=i % 7 == 0) for i, (place, hours) in enumerate(journey)]
    forward = answers(model, photos)
    order = np.random.default_rng(1).permutation(len(photos))
    shuffled = answers(model, [photos[i] for i in order])
    for position, i in enumerate(order):
        assert shuffled[position].position.distance_km(forward[i].position) < 1e-6
    for prediction in forward:
        assert sum(r.probability for r in prediction.regions) == pytest.approx(1.0, abs=1e-9)
        assert len(prediction.regions) == 63
        assert set(prediction.region_set) <= {r.code for r in prediction.regions}
