"""From a photo to what the network says of it."""

from geotagger.inference.bundle import ModelBundle, load_bundle
from geotagger.inference.device import DEVICES
from geotagger.inference.predictor import Predictor

__all__ = ["DEVICES", "ModelBundle", "Predictor", "load_bundle"]
