"""Small images, and the files that Pillow makes of them."""

from __future__ import annotations

import io

from PIL import Image


def picture(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A small image with something on it."""
    gradient = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (gradient, gradient.rotate(90).resize(size), gradient.transpose(1)))
    return image.convert(mode)


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    """A JPEG file as Pillow makes it: JFIF header, no metadata."""
    out = io.BytesIO()
    picture(mode).save(out, "JPEG", quality=80, **options)
    return out.getvalue()


def saved(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (image or picture()).save(out, kind, **options)
    return out.getvalue()


def large_profile() -> bytes:
    """A colour profile that does not fit into one JPEG segment."""
    return b"\0\2\0\0" + bytes(124) + bytes(i * 7 % 251 for i in range((2 << 16) - 128))
