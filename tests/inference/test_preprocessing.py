"""The one image transform: what it accepts, what it makes of it, and what it says of bad files."""

from __future__ import annotations

import hashlib
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from geotagger.core.errors import UnreadablePhotoError
from geotagger.inference.preprocessing import INPUT_SIZES, fit, input_size, load_pixels, to_tensor


def _scene(width: int = 640, height: int = 480) -> Image.Image:
    """Blue sky over green land with a red house on the left."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 2] = 255 - 200 * y // height
    pixels[..., 1] = 200 * y // height
    pixels[height // 2 : height * 3 // 4, width // 8 : width // 4] = (200, 30, 20)
    pixels[..., 0] += ((x * 7 + y * 3) % 16).astype(np.uint8)
    return Image.fromarray(pixels)


def _reason(path: Path) -> str:
    with pytest.raises(UnreadablePhotoError) as caught:
        load_pixels(path)
    assert caught.value.reason[0].isupper()
    assert caught.value.reason.endswith(".")
    return caught.value.reason


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_golden_pixels_of_a_png(tmp_path: Path) -> None:
    # PNG is lossless, so only the resampling can differ between versions of Pillow.
    _scene().save(tmp_path / "a.png")
    pixels = load_pixels(tmp_path / "a.png")
    assert pixels.shape == (288, 384, 3)
    assert pixels.dtype == np.uint8
    expected = [
        [[6, 25, 230], [8, 25, 230], [8, 25, 230]],
        [[7, 75, 180], [9, 75, 180], [8, 75, 180]],
        [[206, 30, 20], [8, 125, 130], [8, 125, 130]],
        [[7, 175, 80], [9, 175, 80], [8, 175, 80]],
    ]
    assert pixels[36::72, 64::128].astype(int).ravel().tolist() == pytest.approx(np.ravel(expected), abs=1)


def test_golden_tensor_is_normalised_as_imagenet_is() -> None:
    white, black = np.full((32, 32, 3), 255, np.uint8), np.zeros((32, 32, 3), np.uint8)
    tensor = to_tensor([white, black])
    assert tensor.shape == (2, 3, 32, 32)
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([2.2489, 2.4286, 2.64], abs=1e-3)
    assert tensor[1, :, 0, 0].tolist() == pytest.approx([-2.1179, -2.0357, -1.8044], abs=1e-3)


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (4000, 3000, (288, 384)),
        (3000, 4000, (384, 288)),
        (1920, 1080, (256, 448)),
        (6000, 4000, (256, 384)),
        (1000, 1000, (320, 320)),
        (9000, 1500, (224, 480)),
    ],
)
def test_size_follows_the_shape_of_the_photo(width: int, height: int, size: tuple[int, int]) -> None:
    assert input_size(width, height) == size


def test_sizes_are_divisible_by_32_and_alike_in_area() -> None:
    areas = [h * w for h, w in INPUT_SIZES]
    assert all(h % 32 == 0 and w % 32 == 0 for h, w in INPUT_SIZES)
    assert max(areas) / min(areas) < 1.2


def test_fit_crops_the_middle() -> None:
    image = Image.new("RGB", (300, 100), "black")
    image.paste("white", (100, 0, 200, 100))
    assert np.asarray(fit(image, (50, 50)))[:, 1:-1].min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = _scene()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.jpg", quality=95, exif=exif)
    upright.save(tmp_path / "upright.png")
    turned, plain = load_pixels(tmp_path / "turned.jpg"), load_pixels(tmp_path / "upright.png")
    assert turned.shape == plain.shape
    assert _difference(turned, plain) < 4


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA", "I;16"])
def test_other_modes_give_rgb(tmp_path: Path, mode: str) -> None:
    grey = _scene().convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = (grey if mode in ("L", "1", "LA") else _scene()).convert(mode)
    suffix = "tif" if mode == "CMYK" else "png"
    image.save(tmp_path / f"a.{suffix}")
    pixels = load_pixels(tmp_path / f"a.{suffix}")
    assert pixels.shape == (288, 384, 3)
    if mode in ("L", "LA", "I;16"):
        grey.convert("RGB").save(tmp_path / "plain.png")
        assert _difference(pixels, load_pixels(tmp_path / "plain.png")) < 2


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert load_pixels(tmp_path / "clear.png").min() == 255


def test_embedded_profile_is_converted(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    image = _scene()
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "broken.png", icc_profile=b"not a profile")
    image.save(tmp_path / "unfitting.png", icc_profile=lab)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(tmp_path / "srgb.png", icc_profile=srgb)
    plain = load_pixels(tmp_path / "plain.png")
    assert np.array_equal(plain, load_pixels(tmp_path / "broken.png"))
    assert np.array_equal(plain, load_pixels(tmp_path / "srgb.png"))
    assert load_pixels(tmp_path / "unfitting.png").shape == plain.shape


def test_wide_gamut_profile_makes_colours_stronger(tmp_path: Path) -> None:
    pillow_profile = _profile_with_swapped_red_and_blue()
    Image.new("RGB", (100, 100), (220, 40, 40)).save(tmp_path / "a.png", icc_profile=pillow_profile)
    red, _, blue = load_pixels(tmp_path / "a.png").reshape(-1, 3).mean(axis=0)
    assert blue > red + 100


def _profile_with_swapped_red_and_blue() -> bytes:
    """sRGB with another description and its red and blue primaries exchanged: easy to tell from sRGB."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", data, 128)[0]
    tags = {}
    for i in range(count):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * i)
        tags[name] = (132 + 12 * i, offset, size)
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    struct.pack_into(">II", data, red[0] + 4, blue[1], blue[2])
    struct.pack_into(">II", data, blue[0] + 4, red[1], red[2])
    _, offset, size = tags[b"desc"]
    data[offset : offset + size] = bytes(data[offset : offset + size]).replace(
        "sRGB".encode("utf-16-be"), "test".encode("utf-16-be")
    )
    return bytes(data)


def test_large_jpeg_gives_nearly_the_pixels_of_its_png(tmp_path: Path) -> None:
    scene = _scene(2400, 1800)
    scene.save(tmp_path / "a.jpg", quality=95)
    scene.save(tmp_path / "a.png")
    assert _difference(load_pixels(tmp_path / "a.jpg"), load_pixels(tmp_path / "a.png")) < 3


def test_heic_is_read(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(_scene()).save(tmp_path / "a.heic", quality=90)
    _scene().save(tmp_path / "a.png")
    assert _difference(load_pixels(tmp_path / "a.heic"), load_pixels(tmp_path / "a.png")) < 5


def test_preview_takes_the_place_of_the_file(tmp_path: Path) -> None:
    data = io.BytesIO()
    _scene().save(data, "PNG")
    _scene().save(tmp_path / "a.png")
    taken = load_pixels(tmp_path / "not-there.nef", data.getvalue())
    assert np.array_equal(taken, load_pixels(tmp_path / "a.png"))


def test_missing_file(tmp_path: Path) -> None:
    assert "no longer there" in _reason(tmp_path / "gone.jpg")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows other limits")
def test_a_name_that_the_system_refuses(tmp_path: Path) -> None:
    assert "The file cannot be read (" in _reason(tmp_path / ("x" * 300 + ".jpg"))


def test_folder(tmp_path: Path) -> None:
    assert "folder" in _reason(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert "empty" in _reason(tmp_path / "a.jpg")


def test_text_file_named_jpg(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("This is no photo. " * 50)
    assert "not a photo" in _reason(tmp_path / "a.jpg")


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_cut_off_picture_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    data = io.BytesIO()
    _scene(1600, 1200).save(data, kind, quality=90)
    whole = data.getvalue()
    (tmp_path / "a.jpg").write_bytes(whole[: int(len(whole) * share)])
    reason = _reason(tmp_path / "a.jpg")
    assert "damaged" in reason or "not a photo" in reason


def test_tiny_picture(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "a.png")
    assert "1 × 1" in _reason(tmp_path / "a.png")


def _png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    idat = b"IDAT" + zlib.compress(b"")
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", len(idat) - 4) + idat + struct.pack(">I", zlib.crc32(idat))
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), [(20_000, 15_000), (60_000, 60_000)])
def test_huge_png_is_refused_before_decoding(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "a.png").write_bytes(_png_header(width, height))
    assert "too large" in _reason(tmp_path / "a.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_huge_jpeg_is_refused_before_decoding(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("RGB", (64, 64)).save(data, "JPEG")
    jpeg = bytearray(data.getvalue())
    frame = jpeg.index(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, frame + 5, 20_000, 15_000)
    (tmp_path / "a.jpg").write_bytes(jpeg)
    assert "too large: 300 megapixels" in _reason(tmp_path / "a.jpg")


def test_refused_rights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _scene().save(tmp_path / "a.png")

    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "permission" in _reason(tmp_path / "a.png")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_does_not_matter(tmp_path: Path) -> None:
    _scene().save(tmp_path / "a.jpg", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert load_pixels(tmp_path / "a.jpg").shape == (288, 384, 3)


def test_same_file_gives_the_same_pixels(tmp_path: Path) -> None:
    _scene(1600, 1200).save(tmp_path / "a.jpg")
    digests = {hashlib.sha256(load_pixels(tmp_path / "a.jpg").tobytes()).hexdigest() for _ in range(3)}
    assert len(digests) == 1
