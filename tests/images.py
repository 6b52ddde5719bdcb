"""Photos that the tests make themselves: no real photo is ever in the repository."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def landscape(seed: int = 0, width: int = 320, height: int = 240) -> Image.Image:
    """A picture that looks a little like sky over land, different for each seed."""
    rng = np.random.default_rng(seed)
    sky, land = rng.integers(90, 255, 3), rng.integers(20, 160, 3)
    horizon = int(height * rng.uniform(0.3, 0.7))
    pixels = np.empty((height, width, 3), np.float64)
    pixels[:horizon] = sky + np.linspace(-40, 20, horizon)[:, None, None]
    pixels[horizon:] = land + np.linspace(30, -30, height - horizon)[:, None, None]
    pixels += rng.normal(0, 6, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def save_photo(
    path: Path, seed: int = 0, taken: str | None = None, camera: str = "Testmake One", **options: object
) -> Path:
    """Save a landscape as a photo file, with DateTimeOriginal (``YYYY:MM:DD HH:MM:SS``) if given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = camera.partition(" ")[0], camera
    if taken:
        exif[0x0132] = taken
        exif.get_ifd(0x8769)[0x9003] = taken
    landscape(seed).save(path, exif=exif, **options)
    return path


def huge_png(path: Path, width: int = 20_000, height: int = 15_000) -> Path:
    """A PNG of 300 megapixels that is small on disk: the header is all that a careful reader looks at."""
    rows = zlib.compressobj(9)
    line = b"\0" * (width // 8 + 1)
    data = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    return path


def bad_photos(folder: Path) -> dict[str, Path]:
    """Every kind of bad input that a user may drop, by what is wrong with it (folders and rights apart)."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = save_photo(folder / "whole.jpg", seed=1)
    bad = {
        name: folder / name
        for name in ("empty.jpg", "text.jpg", "truncated.jpg", "one-pixel.png", "huge.png", "gone.jpg")
    }
    bad["empty.jpg"].write_bytes(b"")
    bad["text.jpg"].write_text("This is a letter, not a photo.\n" * 20)
    bad["truncated.jpg"].write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    Image.new("RGB", (1, 1)).save(bad["one-pixel.png"])
    huge_png(bad["huge.png"])
    whole.unlink()
    return bad
