"""Says whether downloaded bytes are a picture worth keeping."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from trainer.collect.errors import BadAnswerError

MAX_BYTES = 8_000_000
_MAX_PIXELS = 50_000_000
_MIN_SIDE_PX = 200
_MIN_CONTRAST = 24
"""Between the darkest and the brightest grey; "no imagery here" pictures are one flat colour."""


def check_picture(body: bytes, content_type: str, size: tuple[int, int] | None = None) -> tuple[int, int]:
    """Decode a downloaded JPEG whole.

    Args:
        size: the (width, height) it must have; None for any that is large enough.

    Returns:
        Its (width, height) in pixels.

    Raises:
        BadAnswerError: not a JPEG, damaged, cut off, blank, or not of the right size.
    """
    if content_type != "image/jpeg":
        raise BadAnswerError(f"The answer is {content_type}, not a JPEG picture.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=["JPEG"]) as image:
                width, height = image.size
                if width * height > _MAX_PIXELS:
                    raise BadAnswerError(f"The picture is too large: {width} × {height} pixels.")
                darkest, brightest = image.convert("L").getextrema()
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise BadAnswerError("The picture is damaged or cut off.") from error
    if size is not None and (width, height) != size:
        raise BadAnswerError(
            f"The picture is {width} × {height} pixels, where {size[0]} × {size[1]} were asked for."
        )
    if min(width, height) < _MIN_SIDE_PX:
        raise BadAnswerError(f"The picture is too small: {width} × {height} pixels.")
    if float(brightest) - float(darkest) < _MIN_CONTRAST:
        raise BadAnswerError("The picture is blank.")
    return width, height
