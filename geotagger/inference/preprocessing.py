"""The one image transform, used by the application and the trainer alike: file → RGB pixels → network input."""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor

from geotagger.core.errors import UnreadablePhotoError
from geotagger.core.os_reason import os_reason

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3) RGB, one of ``INPUT_SIZES``."""

INPUT_SIZES = (
    (224, 480),
    (256, 448),
    (256, 384),
    (288, 384),
    (320, 320),
    (384, 288),
    (384, 256),
    (448, 256),
    (480, 224),
)
"""(height, width) that the network sees: the common aspect ratios, nearly equal areas, sides divisible by 32."""

MAX_PIXELS = 250_000_000
"""Pictures above this are refused before any pixel is decoded."""

MIN_SIDE_PX = 32

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "WEBP", "HEIF", "AVIF", "GIF", "BMP")
_ORIENTATION_TAG = 0x0112
_DRAFT_FACTOR = 2
"""JPEG is decoded at the smallest scale that is still this much larger than the input."""

# What Pillow and its plugins raise on damaged files, beside OSError.
_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
)

# Pillow raises at twice this number; from one time on it warns, where the size check below refuses the picture.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@cache
def _formats(heif: bool) -> tuple[str, ...]:
    """The formats that are accepted and that this Pillow can read."""
    Image.init()
    if heif:
        import pillow_heif  # late: 50 ms that most runs do not need

        pillow_heif.register_heif_opener()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def input_size(width_px: float, height_px: float) -> tuple[int, int]:
    """The (height, width) of ``INPUT_SIZES`` whose aspect ratio is nearest to that of a picture."""
    aspect = math.log(width_px / height_px)
    return min(INPUT_SIZES, key=lambda size: abs(math.log(size[1] / size[0]) - aspect))


def load_pixels(path: Path, preview: bytes | None = None) -> Pixels:
    """Read a photo as the network sees it: upright, sRGB, scaled and centre-cropped to one of ``INPUT_SIZES``.

    Args:
        preview: an encoded picture to decode in place of the file, for formats that hold one (camera RAW).

    Raises:
        UnreadablePhotoError: the file is missing, may not be read, is empty, damaged, too small or too large.
    """
    return np.asarray(_load(path, preview, _scaled))


def load_picture(path: Path, preview: bytes | None = None) -> Image.Image:
    """Read a photo in its own size, upright, as sRGB: what ``load_pixels`` sees before it scales.

    Args, Raises: as of ``load_pixels``.
    """
    return _load(path, preview, _whole)


def _load(path: Path, preview: bytes | None, finish: Callable[[Image.Image], Image.Image]) -> Image.Image:
    try:
        if preview is not None:
            return _decode(path, io.BytesIO(preview), finish)
        if path.is_dir():
            raise UnreadablePhotoError(path, "This is a folder, not a photo.")
        with path.open("rb") as file:
            return _decode(path, file, finish)
    except FileNotFoundError as error:
        raise UnreadablePhotoError(path, "The file is no longer there.") from error
    except PermissionError as error:
        raise UnreadablePhotoError(path, "You have no permission to read this file.") from error
    except OSError as error:
        raise UnreadablePhotoError(
            path, "The file cannot be read ({problem}).", problem=os_reason(error)
        ) from error


def _decode(path: Path, file: BinaryIO, finish: Callable[[Image.Image], Image.Image]) -> Image.Image:
    head = file.read(16)
    if not head:
        raise UnreadablePhotoError(path, "The file is empty.")
    file.seek(0)
    try:
        image = Image.open(file, formats=_formats(heif=head[4:8] == b"ftyp"))
    except Image.DecompressionBombError as error:
        raise UnreadablePhotoError(
            path,
            "The picture is far too large: at most {most} megapixels can be read.",
            most=MAX_PIXELS // 1_000_000,
        ) from error
    except UnidentifiedImageError as error:
        raise UnreadablePhotoError(path, "This is not a photo in a format that can be read.") from error
    except _DECODE_ERRORS as error:
        raise UnreadablePhotoError(path, "The picture is damaged.") from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise UnreadablePhotoError(
                path,
                "The picture is too large: {found} megapixels, where at most {most} can be read.",
                found=width * height // 1_000_000,
                most=MAX_PIXELS // 1_000_000,
            )
        if min(width, height) < MIN_SIDE_PX:
            raise UnreadablePhotoError(
                path,
                "The picture is too small: {width} × {height} pixels, where at least {least} × {least} are needed.",
                width=width,
                height=height,
                least=MIN_SIDE_PX,
            )
        try:
            return finish(image)
        except _DECODE_ERRORS as error:
            raise UnreadablePhotoError(path, "The picture is damaged or cut off.") from error
        except MemoryError as error:
            raise UnreadablePhotoError(path, "There is not enough memory for this picture.") from error


def _scaled(image: Image.Image) -> Image.Image:
    width, height = image.size
    wanted = max(input_size(width, height)) * _DRAFT_FACTOR
    image.draft(None, (min(width, wanted), min(height, wanted)))
    image.load()
    profile = image.info.get("icc_profile")
    image = _upright(image)
    image = fit(_without_alpha(_eight_bits(image)), input_size(*image.size))
    return _to_srgb(image, profile)


def _whole(image: Image.Image) -> Image.Image:
    image.load()
    profile = image.info.get("icc_profile")
    return _to_srgb(_without_alpha(_eight_bits(_upright(image))), profile)


def fit(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Image.Image:
    """Scale a picture, or the ``box`` (left, top, right, bottom) of it, so that it covers ``size``, centred.

    Args:
        size: (height, width) of the result.
    """
    left, top, right, bottom = box or (0.0, 0.0, float(image.width), float(image.height))
    height, width = size
    scale = min((right - left) / width, (bottom - top) / height)
    inset_x, inset_y = ((right - left) - width * scale) / 2, ((bottom - top) - height * scale) / 2
    return image.resize(
        (width, height),
        Image.Resampling.BICUBIC,
        box=(
            max(0.0, left + inset_x),
            max(0.0, top + inset_y),
            min(float(image.width), right - inset_x),
            min(float(image.height), bottom - inset_y),
        ),
    )


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DECODE_ERRORS:
        # A broken EXIF block says nothing of the pixels; the picture is taken as it is stored.
        return image
    if orientation not in range(2, 9):
        return image
    turned = ImageOps.exif_transpose(image)
    return image if turned is None else turned


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 or 32 bits lose their low bits; colour ones come from Pillow with 8 already."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image, np.float64)
        top = values.max(initial=0.0)
        scale = 255.0 / 65535.0 if top > 255.0 else 255.0 if image.mode == "F" and top <= 1.0 else 1.0
        return Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8))
    return image


def _without_alpha(image: Image.Image) -> Image.Image:
    if image.mode in ("RGB", "L", "CMYK", "LAB"):
        return image
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    if icc_profile and image.mode in ("RGB", "L", "CMYK", "LAB"):
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
            if "srgb" not in (profile.profile.profile_description or "").lower():
                converted = ImageCms.profileToProfile(image, profile, _srgb(), outputMode="RGB")
                return image.convert("RGB") if converted is None else converted
        except (ImageCms.PyCMSError, *_DECODE_ERRORS):
            # A broken or unfitting profile: the plain conversion below is the best guess.
            return image.convert("RGB")
    return image.convert("RGB")


def to_tensor(pixels: Sequence[Pixels]) -> Tensor:
    """n pictures of one size → (n, 3, height, width) float32, normalised, channels-last in memory."""
    batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    return normalise(batch)


def normalise(batch: Tensor) -> Tensor:
    """(n, 3, h, w) of 0…255 in any type → float32 with ImageNet's mean and deviation, channels-last."""
    mean = torch.tensor(_MEAN, device=batch.device).view(1, 3, 1, 1)
    std = torch.tensor(_STD, device=batch.device).view(1, 3, 1, 1)
    scaled = (batch.float() / 255.0 - mean) / std
    return scaled.contiguous(memory_format=torch.channels_last)
