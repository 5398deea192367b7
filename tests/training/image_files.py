"""Image files as people have them, written for tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

RED, BLUE, CLEAR = (220, 30, 20), (20, 30, 220), (0, 0, 0, 0)


def write_image(path: Path, color: tuple[int, ...] = RED, size: tuple[int, int] = (12, 10), mode: str = "RGB") -> Path:
    """An image of one color; size is width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color if len(color) > 1 else color[0]).save(path)
    return path


def write_classes(root: Path, num_each: int = 4) -> Path:
    """A folder of red and blue images with a subfolder for each color."""
    for name, color in (("blue", BLUE), ("red", RED)):
        for number in range(num_each):
            write_image(root / name / f"{number}.png", color)
    return root


def write_16_bits(path: Path) -> None:
    Image.fromarray(np.full((10, 12), 40_000, np.uint16)).save(path)


def write_palette(path: Path) -> None:
    Image.new("RGB", (12, 10), RED).convert("P", palette=Image.Palette.ADAPTIVE).save(path)


def write_clear_palette(path: Path) -> None:
    image = Image.new("P", (12, 10), 0)
    image.putpalette([1, 2, 3] * 256)
    image.save(path, transparency=0)


def write_clear(path: Path) -> None:
    Image.new("RGBA", (12, 10), CLEAR).save(path)


def write_cmyk(path: Path) -> None:
    Image.new("RGB", (12, 10), RED).convert("CMYK").save(path)


def write_turned(path: Path) -> None:
    """Blue on top and red below, stored on its side with a note to turn it."""
    image = Image.new("RGB", (10, 10), RED)
    image.paste(BLUE, (0, 0, 5, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90° clockwise to show it
    image.save(path, exif=exif, quality=95)


def write_floats(path: Path) -> None:
    Image.fromarray(np.full((10, 12), 0.5, np.float32)).save(path)


def write_frames(path: Path) -> None:
    frames = [Image.new("RGB", (12, 10), color) for color in (RED, BLUE)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def write_bomb(path: Path) -> None:
    """A PNG of some bytes that says it has 20,000 × 20,000 pixels."""
    Image.new("RGB", (2, 2)).save(path)
    content = path.read_bytes()
    head = b"IHDR" + struct.pack(">II", 20_000, 20_000) + content[24:29]
    path.write_bytes(content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:])


def write_cut_off(path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    path.write_bytes(path.read_bytes()[:4000])


Writer = Callable[[Path], None]
