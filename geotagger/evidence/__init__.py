"""Turns what is known about a photo into one posterior over cells, and that into a prediction."""

from geotagger.evidence.posterior import predict_from_image, predict_from_posterior

__all__ = ["predict_from_image", "predict_from_posterior"]
