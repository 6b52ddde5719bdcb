"""Coordinates there and back, and the loss of two heads."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainer.networks.answers import Answer, answer_loss, to_degrees, to_network


def test_degrees_survive_the_way_through_the_network() -> None:
    lats, lons = to_degrees(to_network([21.3, 64.8, 45.5], [-157.8, -147.7, -73.6]))
    np.testing.assert_allclose(lats, [21.3, 64.8, 45.5], atol=1e-5)
    np.testing.assert_allclose(lons, [-157.8, -147.7, -73.6], atol=1e-5)


def test_north_america_is_about_one_wide() -> None:
    assert float(to_network([25.0, 75.0], [-160.0, -55.0]).abs().max()) <= 2.0


def test_wild_answers_stay_on_earth() -> None:
    lats, lons = to_degrees(torch.tensor([[50.0, 50.0], [-50.0, -50.0]]))
    assert lats.tolist() == [90.0, -90.0]
    assert lons.tolist() == [180.0, -180.0]


def test_the_loss_is_cross_entropy_and_squared_error() -> None:
    answer = Answer(torch.zeros(2, 63), torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    truth = torch.tensor([[0.0, 0.0], [1.0, 3.0]])
    loss = answer_loss(answer, torch.tensor([0, 5]), truth, coordinate_weight=0.5)
    assert float(loss) == pytest.approx(np.log(63) + 0.5 * 1.0)


def test_photos_without_a_position_count_for_their_region_alone() -> None:
    answer = Answer(torch.zeros(2, 63), torch.tensor([[9.0, 9.0], [1.0, 1.0]], requires_grad=True))
    truth = torch.tensor([[float("nan"), float("nan")], [1.0, 1.0]])
    loss = answer_loss(answer, torch.tensor([0, 5]), truth, coordinate_weight=1.0)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(np.log(63))
    assert torch.isfinite(answer.coordinates.grad).all()
    none = answer_loss(answer, torch.tensor([0, 5]), torch.full((2, 2), float("nan")), 1.0)
    assert float(none) == pytest.approx(np.log(63))
