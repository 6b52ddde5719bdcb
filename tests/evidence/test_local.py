import numpy as np
import pytest

from geotagger.evidence.anchoring import EACH_SIDE, NEIGHBOURS, SCALES_KM, surroundings
from geotagger.evidence.local import placed
from geotagger.evidence.motion import load_motion
from geotagger.evidence.sphere import between, positions, rings, unit_vectors, vector_distances_km

BANFF = (51.18, -115.57)


def around_one(hours, known, places, doubt_h=None):
    """What lies around photos; ``places`` are of the located ones, in order of time."""
    known = np.asarray(known, bool)
    every = np.zeros((len(hours), 3))
    every[known] = unit_vectors(*zip(*places, strict=True))
    doubt = np.zeros(len(hours)) if doubt_h is None else np.full(len(hours), doubt_h)
    return surroundings(np.asarray(hours, float), known, every, doubt), every[known]


def answers(hours, known, places, doubt_h=None):
    around, spots = around_one(hours, known, places, doubt_h)
    shares = load_motion().anchors.shares(around)
    cells = unit_vectors([30.0, 45.0, 60.0], [-85.0, -75.0, -135.0])
    found = placed(around, shares, spots, cells, np.full((len(hours), 3), 1 / 3))
    return found, shares


def test_the_law_of_motion_widens_with_time():
    law = load_motion()
    means = law.near_weights([0.05, 1.0, 24.0, 1000.0]) @ SCALES_KM
    assert (np.diff(means) > 0).all()
    assert np.allclose(law.near.sum(axis=1), 1)


def test_neighbours_are_the_located_ones_before_and_after_but_never_oneself():
    hours = [0.0, 1.0, 2.0, 5.0, 9.0]
    around, _ = around_one(hours, [True, False, True, False, False], [(50, -110), (51, -110)])
    before, after = around.index[:, 0], around.index[:, EACH_SIDE]
    assert before[around.is_there[:, 0]].tolist() == [0, 0, 1, 1]
    assert after[around.is_there[:, EACH_SIDE]].tolist() == [1, 1]
    assert around.is_there.sum(axis=1).tolist() == [1, 2, 1, 2, 2]
    assert around.gap_h[3][around.is_there[3]].tolist() == [3.0, 5.0]
    assert around.has_two.tolist() == [False, True, False, False, False]
    assert around.share[1] == 0.5


def test_shares_sum_to_one_and_what_is_not_there_has_none():
    around, _ = around_one(np.arange(30.0), np.arange(30) % 7 == 3, [(50 + i, -110) for i in range(4)])
    shares = load_motion().anchors.shares(around)
    assert np.allclose(shares.near.sum(axis=1) + shares.way + shares.away, 1)
    assert np.allclose(shares.near_scales.sum(axis=2), 1)
    assert shares.near[~around.is_there].max() < 1e-12
    assert shares.way[~around.has_two].max() < 1e-12


def test_the_nearer_in_time_counts_more():
    _, shares = answers([0.0, 0.2, 9.0], [True, False, True], [BANFF, (52.0, -117.0)])
    assert shares.near[1, 0] > 5 * shares.near[1, EACH_SIDE]
    assert shares.near.shape == (3, NEIGHBOURS)


def test_elsewhere_grows_more_probable_with_time():
    _, shares = answers([0.0, 0.1, 1.0, 24.0, 2000.0], [True] + [False] * 4, [BANFF])
    assert (np.diff(shares.away[[1, 3, 4]]) > 0).all()
    assert shares.away[1] < 0.05
    assert shares.away[4] > 0.2


def test_what_was_taken_together_is_one_witness_to_a_photo_far_from_it():
    """A hundred points of one hour, seen from a day later: one; from minutes later: several, each further off."""
    hours = [*np.linspace(0, 1, 100), 1.05, 30.0]
    around, _ = around_one(hours, [True] * 100 + [False] * 2, [BANFF] * 100)
    near, far = around.gap_h[100][:EACH_SIDE], around.gap_h[101][:EACH_SIDE]
    assert (np.diff(near) > 0.01).all()
    assert far[0] == 29.0
    two, _ = around_one([0, 1, 30], [True, True, False], [BANFF] * 2)
    assert np.allclose(around.traveller[101], two.traveller[2])


def test_clocks_in_doubt_say_little():
    hours, known = [0.0, 0.01, 0.02], [True, False, True]
    sure, _ = answers(hours, known, [BANFF, BANFF])
    doubted, _ = answers(hours, known, [BANFF, BANFF], doubt_h=96.0)
    mass = np.full(3, 0.8)
    assert doubted.radii_km(mass)[1] > 10 * sure.radii_km(mass)[1]


@pytest.mark.parametrize("hours", [[0.0, 0.2, 50.0], [0.0, 5.0, 11.0], [0.0, 30.0, 70.0]])
def test_a_radius_holds_the_share_that_it_states(hours):
    """Places drawn from the law itself lie inside the radius as often as stated, whatever the share."""
    spots = [BANFF, (52.0, -117.0)]
    found, shares = answers(hours, [True, False, True], spots)
    rng = np.random.default_rng(0)
    count = 3000
    parts = np.concatenate((shares.near[1], shares.way[1:2]))
    drawn = []
    for part in rng.choice(NEIGHBOURS + 1, count, p=parts / parts.sum()).tolist():
        if part < NEIGHBOURS:
            centre = unit_vectors(*spots[0 if part < EACH_SIDE else 1])
            scale = SCALES_KM[rng.choice(len(SCALES_KM), p=shares.near_scales[1, part])]
        else:
            centre, scale = found.way_points[1], rng.choice(shares.way_scales_km[1], p=shares.way_scales[1])
        radius = max(float(rng.gamma(2.0, scale)), 1e-3)
        circle = rings(centre[None], np.array([min(radius, 9000.0)]), 360)[0, 0]
        drawn.append(circle[rng.integers(360)])
    errors = vector_distances_km(np.array(drawn), found.centres[1])
    here = 1 - shares.away[1]
    for share in (0.5, 0.7, 0.85):
        radius = found.radii_km(np.full(3, share * here))[1]
        assert (errors <= radius).mean() == pytest.approx(share, abs=0.09)


def test_the_mass_within_a_radius_is_the_share_that_it_was_made_for():
    found, _ = answers([0.0, 5.0, 11.0], [True, False, True], [BANFF, (52.0, -117.0)])
    for share in (0.3, 0.6, 0.8):
        radii = found.radii_km(np.full(3, share))
        assert found.mass_within(radii)[1] == pytest.approx(share, abs=0.01)


def test_the_way_between_crosses_the_date_line():
    middle = between(unit_vectors([52.0], [179.0]), unit_vectors([52.0], [-179.0]), np.array([0.5]))
    _, lon = positions(middle)
    assert abs(lon[0]) == pytest.approx(180.0)


def test_rings_have_their_radius_even_at_the_pole():
    for lat in (0.0, 51.0, 89.9):
        centre = unit_vectors([lat], [-115.0])
        distances = vector_distances_km(rings(centre, np.array([0.05, 10.0, 2000.0]), 6)[0], centre[0])
        assert np.allclose(distances, np.array([0.05, 10.0, 2000.0])[:, None], rtol=1e-6)
