from dataclasses import replace

import numpy as np
import pytest

from geotagger.core.geo import LatLon
from geotagger.evidence.folders import Folder

BANFF = LatLon(51.18, -115.57)
DENVER = LatLon(39.74, -104.99)
VERMONT = LatLon(44.4, -72.0)
CANYON = LatLon(36.1, -112.1)
YUKON = LatLon(60.7, -135.1)
ALL_OVER = (
    BANFF,
    DENVER,
    VERMONT,
    CANYON,
    YUKON,
    LatLon(30.3, -97.7),
    LatLon(46.8, -71.2),
    LatLon(33.7, -84.4),
)


def answers(model, photos, **options):
    return list(model.predict(photos, "m", "cpu", **options))


def test_photos_without_clocks_help_one_another(model, simulation):
    """Half of the photos mislead the network; the rest of the folder sets most of these right."""
    right_alone = right_together = 0
    for place in (BANFF, DENVER, VERMONT, CANYON, YUKON):
        photos = [simulation.photo(place, None, blur_km=250) for _ in range(20)]
        for alone in answers(model, photos, kinds=frozenset()):
            right_alone += alone.position.distance_km(place) < 400
        for together in answers(model, photos):
            right_together += together.position.distance_km(place) < 400
            assert together.evidence[1].kind == "folder"
            assert together.evidence[1].reason == "the 19 other photos of this folder"
    assert right_together > 1.3 * right_alone


def test_one_located_photo_tells_the_region_of_a_folder(model, simulation):
    photos = [simulation.photo(BANFF, None, located=i == 0, blur_km=600) for i in range(12)]
    alone = answers(model, photos, kinds=frozenset())[1:]
    together = answers(model, photos)[1:]
    for one, other in zip(together, alone, strict=True):
        assert chance(one, "CA-AB") > chance(other, "CA-AB")
        assert one.evidence[1].kind == "folder-neighbour"
        assert one.evidence[1].reason == "the 11 other photos of this folder, 1 of them with GPS"
    assert np.median([one.position.distance_km(BANFF) for one in together]) < 150


@pytest.mark.parametrize("abroad", [LatLon(48.86, 2.35), LatLon(-33.86, 151.2)], ids=["Paris", "Sydney"])
def test_photos_located_abroad_do_not_draw_a_folder_to_the_edge_of_the_map(model, simulation, abroad):
    photos = [simulation.photo(DENVER, None, blur_km=600) for _ in range(3)]
    located = [replace(simulation.photo(BANFF, None), place=abroad) for _ in range(5)]
    together = answers(model, photos + located)
    for one, other in zip(together, answers(model, photos), strict=False):
        assert one.position == other.position
        assert one.evidence[1].reason == "the 2 other photos of this folder"
    assert all(len(one.evidence) == 1 for one in answers(model, photos[:1] + located))


def chance(prediction, code):
    return next(region.probability for region in prediction.regions if region.code == code)


@pytest.mark.parametrize("located", [0, 8], ids=["none located", "eight located"])
def test_a_folder_of_photos_from_everywhere_does_no_harm(model, simulation, located):
    truths = ALL_OVER * 5
    photos = [
        simulation.photo(truth, None, located=i < located, right=0.8, blur_km=250)
        for i, truth in enumerate(truths)
    ]
    alone = answers(model, photos, kinds=frozenset())[located:]
    together = answers(model, photos)[located:]
    errors, before = (
        [one.position.distance_km(truth) for one, truth in zip(found, truths[located:], strict=True)]
        for found in (together, alone)
    )
    assert np.median(errors) < 1.1 * np.median(before) + 20
    assert np.mean(np.array(errors) < 400) > np.mean(np.array(before) < 400) - 0.06
    inside = [error <= one.radius_km for error, one in zip(errors, together, strict=True)]
    assert np.mean(inside) > 0.7


def test_a_located_photo_of_a_folder_is_not_its_own_witness(model, simulation):
    photos = [simulation.photo(DENVER, None, located=i == 0, right=1.0) for i in range(6)]
    photos[0] = replace(photos[0], place=VERMONT)
    first = answers(model, photos)[0]
    assert first.position.distance_km(DENVER) < first.position.distance_km(VERMONT)
    assert first.evidence[1].reason == "the 5 other photos of this folder"


def test_photos_with_clocks_speak_for_those_without_and_stay_as_they_are(model, simulation):
    timed = [simulation.photo(CANYON, i / 4, located=i == 0) for i in range(6)]
    scan = simulation.photo(CANYON, None, right=1.0, blur_km=2000)
    with_scan = answers(model, [*timed, scan])
    assert [p.position for p in with_scan[:6]] == [p.position for p in answers(model, timed)]
    alone = answers(model, [scan])[0]
    assert chance(with_scan[6], "US-AZ") > 2 * chance(alone, "US-AZ")


def test_a_photo_whose_clock_is_far_from_all_others_hears_its_folder(model, simulation):
    """Two dated photos, years apart, among scans: each is judged like the scans, not as if it were alone."""
    scans = [simulation.photo(CANYON, None, located=i == 0) for i in range(6)]
    dated = [simulation.photo(CANYON, hours, right=1.0, blur_km=2000) for hours in (0.0, -60_000.0)]
    found = answers(model, [*scans, *dated])[6:]
    for one, photo in zip(found, dated, strict=True):
        alone = answers(model, [photo])[0]
        assert chance(one, "US-AZ") > 2 * chance(alone, "US-AZ")
        assert one.evidence[1].reason == "the 7 other photos of this folder, 1 of them with GPS"


def test_folders_do_not_mix_and_can_be_switched_off(model, simulation):
    photos = [simulation.photo(BANFF, None, located=True, roll="a"), simulation.photo(DENVER, None, roll="b")]
    assert [e.kind for e in answers(model, photos)[1].evidence] == ["image"]
    together = [replace(photo, roll="a") for photo in photos]
    off = answers(model, together, kinds=frozenset({"track", "gallery", "hint"}))[1]
    assert [e.kind for e in off.evidence] == ["image"]
    assert len(answers(model, together)[1].evidence) == 2


def test_the_order_of_a_folder_is_of_no_matter(model, simulation):
    photos = [simulation.photo(DENVER, None, located=i % 7 == 3) for i in range(30)]
    forward, backward = answers(model, photos), answers(model, photos[::-1])[::-1]
    for one, other in zip(forward, backward, strict=True):
        assert one.position == other.position
        assert one.radius_km == pytest.approx(other.radius_km, rel=1e-3)
        assert sum(region.probability for region in one.regions) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("count", [2, 9, 300], ids=["two", "nine", "more than are judged at once"])
def test_the_rest_of_a_folder_is_what_the_plain_form_says(model, simulation, count):
    """Each photo by itself, in double precision and without the shortcuts of many at once."""
    pictures = [simulation.output(DENVER, blur_km=400).cell_probabilities for _ in range(count)]
    tuning = replace(
        model.tuning, folder_share=1 - 1e-12
    )  # where photos agree, the rest is all that is expected
    folder = Folder(model.spread, model.prior, tuning, pictures, np.array([], np.intp))
    found = np.concatenate(list(folder.of_pictures(range(count))))
    logs = [np.log((1 - tuning.floor) * p.astype(float) / model.prior + tuning.floor) for p in pictures]
    cells = np.argsort(np.sum(logs, axis=0))[-256:]
    for own in (0, 1, count - 1):
        others = [log for number, log in enumerate(logs) if number != own]
        weighted = (
            np.sum(others, axis=0)[cells] * tuning.image_weight * len(others) ** (tuning.stop_growth - 1)
        )
        rest = model.prior[cells] * np.exp(weighted - weighted.max())
        plain = rest / rest.sum() @ model.spread[cells].astype(float)
        share = (found[own] - model.prior) @ (plain - model.prior) / np.sum((plain - model.prior) ** 2)
        assert 0 < share <= 1
        assert found[own] == pytest.approx((1 - share) * model.prior + share * plain, rel=1e-4, abs=1e-9)
