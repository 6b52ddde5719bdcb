"""The embedded map: a web page on a local URL scheme, behind one widget.

The page reaches no network. Online tiles, which the user may turn on, are fetched for it by ``tiles``.
"""

from geotagger.gui.map.cell_shape import CellShape
from geotagger.gui.map.marker import Marker
from geotagger.gui.map.scheme import register_scheme
from geotagger.gui.map.tiles import TILE_SOURCES, TileSource, tile_source
from geotagger.gui.map.view import MapView, photo_ids_in, photo_mime_data

__all__ = [
    "TILE_SOURCES",
    "CellShape",
    "MapView",
    "Marker",
    "TileSource",
    "photo_ids_in",
    "photo_mime_data",
    "register_scheme",
    "tile_source",
]
