"""Photo files that the tests make themselves: one for each way in which files have been damaged by other programs."""

from __future__ import annotations

from collections.abc import Callable

from tests.metadata.samples.boxes import box, cr3, heic
from tests.metadata.samples.exif_blocks import (
    MAKER_NOTE_MAGIC,
    RATIONAL,
    Row,
    block,
    camera_gps,
    default_exif,
    exif_with_packet,
    text,
)
from tests.metadata.samples.jpeg_files import JPEGS, REFUSED
from tests.metadata.samples.jpeg_parts import (
    XMP_HEADER,
    after_soi,
    app1,
    extended_xmp,
    segment,
    without_jfif,
    xmp_segment,
)
from tests.metadata.samples.multi_picture import second_image_of, two_images
from tests.metadata.samples.packets import RICH_BODY, xmp
from tests.metadata.samples.pictures import jpeg, saved
from tests.metadata.samples.png_files import PNGS, PNGS_REFUSED, itxt, png
from tests.metadata.samples.read_only_files import READ_ONLY, mrw, raf
from tests.metadata.samples.tiff_files import TIFFS, TIFFS_REFUSED, layered, many_pages, tiff, two_pages
from tests.metadata.samples.webp_files import WEBPS, WEBPS_REFUSED

__all__ = [
    "JPEGS",
    "MAKER_NOTE_MAGIC",
    "OTHERS",
    "OTHERS_REFUSED",
    "RATIONAL",
    "READ_ONLY",
    "REFUSED",
    "RICH_BODY",
    "Row",
    "XMP_HEADER",
    "after_soi",
    "app1",
    "block",
    "box",
    "camera_gps",
    "cr3",
    "default_exif",
    "exif_with_packet",
    "extended_xmp",
    "heic",
    "itxt",
    "jpeg",
    "layered",
    "many_pages",
    "mrw",
    "png",
    "raf",
    "saved",
    "second_image_of",
    "segment",
    "text",
    "tiff",
    "two_images",
    "two_pages",
    "without_jfif",
    "xmp",
    "xmp_segment",
]

OTHERS: dict[str, Callable[[], bytes]] = {**TIFFS, **PNGS, **WEBPS}
"""Files of other formats than JPEG that must be written."""

OTHERS_REFUSED: dict[str, Callable[[], bytes]] = {**TIFFS_REFUSED, **PNGS_REFUSED, **WEBPS_REFUSED}
"""Files of other formats than JPEG that cannot be changed safely."""
