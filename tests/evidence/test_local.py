import numpy as np
import pytest

from geotagger.evidence.local import Anchors, anchors_of_others, clouds
from geotagger.evidence.motion import SCALES_KM, load_motion
from geotagger.evidence.sphere import between, positions, rings, unit_vectors, vector_distances_km


def anchors(gap_near_h: float, gap_far_h: float, far=(52.0, -117.0)) -> Anchors:
    near, other = unit_vectors([51.0], [-115.0]), unit_vectors([far[0]], [far[1]])
    return Anchors(near, other, np.array([gap_near_h]), np.array([gap_far_h]))


def test_the_law_of_motion_widens_with_time():
    law = load_motion()
    means = law.near_weights([0.05, 1.0, 24.0, 1000.0]) @ SCALES_KM
    assert (np.diff(means) > 0).all()
    assert np.allclose(law.near.sum(axis=1), 1)
    assert np.allclose(law.bridge.sum(axis=2), 1)


@pytest.mark.parametrize("gaps", [(0.2, np.inf), (30.0, np.inf), (5.0, 6.0), (100.0, 400.0)])
def test_a_radius_holds_the_share_of_the_cloud_that_it_states(gaps):
    """Photos drawn from the cloud itself lie inside the radius as often as stated."""
    cloud = clouds(anchors(*gaps), load_motion())
    assert cloud.weights.sum() == pytest.approx(1.0)
    centre = cloud.medians()
    rng = np.random.default_rng(0)
    drawn = cloud.points[0][rng.choice(cloud.points.shape[1], 4000, p=cloud.weights[0])]
    inside = vector_distances_km(drawn, centre) <= cloud.radii_km(centre, 0.8)[0]
    assert inside.mean() == pytest.approx(0.8, abs=0.08)


def test_the_median_has_the_smallest_expected_distance():
    cloud = clouds(anchors(4.0, 9.0), load_motion())
    centre = cloud.medians()

    def expected_km(place: np.ndarray) -> float:
        return float((vector_distances_km(cloud.points[0], place) * cloud.weights[0]).sum())

    best = expected_km(centre[0])
    for lat, lon in ((51.0, -115.0), (52.0, -117.0), (51.5, -116.0), (51.2, -115.5)):
        assert best <= expected_km(unit_vectors(lat, lon)) * 1.01


def test_neighbours_are_the_located_ones_before_and_after_but_never_oneself():
    hours = np.array([0.0, 1.0, 2.0, 5.0, 9.0])
    located = np.array([True, False, True, False, False])
    places = unit_vectors([50, 0, 51, 0, 0], [-110] * 5)
    near, far, found = anchors_of_others(hours, located, places)
    assert near.tolist() == [2, 0, 0, 2, 2]
    assert far.tolist() == [2, 2, 0, 2, 2]
    assert found.near_gap_h.tolist() == [2, 1, 2, 3, 7]
    assert np.isinf(found.far_gap_h).tolist() == [True, False, True, True, True]


def test_a_single_located_photo_has_no_neighbour():
    _, _, found = anchors_of_others([0.0, 1.0], [True, False], unit_vectors([50, 0], [-110, 0]))
    assert np.isinf(found.near_gap_h[0])
    assert found.near_gap_h[1] == 1.0


def test_the_way_between_crosses_the_date_line():
    middle = between(unit_vectors([52.0], [179.0]), unit_vectors([52.0], [-179.0]), np.array([0.5]))
    _, lon = positions(middle)
    assert abs(lon[0]) == pytest.approx(180.0)


def test_rings_have_their_radius_even_at_the_pole():
    for lat in (0.0, 51.0, 89.9):
        centre = unit_vectors([lat], [-115.0])
        distances = vector_distances_km(rings(centre, np.array([0.05, 10.0, 2000.0]), 6)[0], centre[0])
        assert np.allclose(distances, np.array([0.05, 10.0, 2000.0])[:, None], rtol=1e-6)
