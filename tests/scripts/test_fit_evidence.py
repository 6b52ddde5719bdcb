"""The law of motion is learned from trips with a known law."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from geotagger.evidence.anchoring import SCALES_KM, SHAPES, AnchorLaw
from geotagger.evidence.motion import MotionLaw

SCRIPT = Path(__file__).parents[2] / "scripts" / "fit_evidence.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("fit_evidence", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fit_evidence"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fit_evidence"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Six travellers who stay within a village for a day, and move some 100 km each night."""
    rng = np.random.default_rng(0)
    file = tmp_path_factory.mktemp("trips") / "photos.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["file", "lat", "lon", "label", "taken", "photographer"])
        for traveller in range(6):
            lat, lon = 45.0, -110.0
            for day in range(12):
                lat, lon = lat + rng.normal(0, 0.7), lon + rng.normal(0, 0.9)
                for _ in range(6):
                    taken = datetime(2019, 7, 1, 9) + timedelta(days=day, hours=float(rng.uniform(0, 9)))
                    near = (lat + rng.normal(0, 0.003), lon + rng.normal(0, 0.004))
                    rows.writerow(["x.jpg", *near, "exif", f"{taken:%Y:%m:%d %H:%M:%S}", f"p{traveller}"])
        rows.writerow(["x.jpg", "", "", "exif", "2019:07:01 10:00:00", "p0"])
        rows.writerow(["x.jpg", "1", "1", "exif", "0000:00:00 00:00:00", "p0"])
    return file


@pytest.fixture(scope="module")
def law(script, table):
    """What the script writes and the program reads, after a few of the many steps of its gradient descent."""
    file = table.with_name("motion.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "STEPS", 30)
        script.main([str(table), "--out", str(file)])
    return MotionLaw.from_json(json.loads(file.read_text()))


def test_days_in_a_village_and_nights_on_the_road_are_told_apart(law):
    hours, nights = law.near_weights([1.0, 24.0])
    assert hours[SCALES_KM <= 3].sum() > 0.9
    assert nights[SCALES_KM >= 10].sum() > 0.7
    assert law.facts["photographers"] == 6
    assert law.facts["photos"] == 6 * 12 * 6


def test_a_law_that_was_written_is_read_back(law):
    assert np.allclose(law.near.sum(axis=1), 1.0)
    assert {name: value.shape for name, value in law.anchors.parameters.items()} == dict(SHAPES)


def test_a_table_of_another_shape_is_refused():
    anchors = AnchorLaw({name: np.zeros(shape) for name, shape in SHAPES.items()})
    with pytest.raises(ValueError, match="wrong shape"):
        MotionLaw(np.ones((2, 2)), anchors, {})
    with pytest.raises(ValueError, match="wrong shape"):
        AnchorLaw({**anchors.parameters, "gap": np.zeros(3)})
