"""The embedded map: a web page on a local URL scheme, behind one widget. Nothing it does reaches the network."""

from geotagger.gui.map.marker import Marker
from geotagger.gui.map.scheme import register_scheme
from geotagger.gui.map.view import MapView

__all__ = ["MapView", "Marker", "register_scheme"]
