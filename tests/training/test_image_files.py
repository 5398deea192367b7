from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from editor.errors import DataError
from editor.training.data.images.decoding import (
    ImageForm,
    UnreadableImageError,
    form_of,
    image_size,
    read_image,
    reading_images,
)
from editor.training.data.images.listing import readable_formats
from tests.training import image_files as files

FORM = ImageForm(10, 12, 3)


@pytest.fixture(autouse=True)
def _reading() -> object:
    with reading_images():
        yield


def colors(path: Path, form: ImageForm = FORM) -> set[tuple[int, ...]]:
    pixels = read_image(path, form)
    assert pixels.shape == form.shape
    assert pixels.dtype == np.uint8
    return {tuple(pixel) for pixel in pixels.reshape(-1, max(form.channels, 1)).tolist()}


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "ppm", "tga", "gif"])
def test_that_an_image_of_any_exact_format_keeps_its_color(tmp_path: Path, ending: str) -> None:
    assert colors(files.write_image(tmp_path / f"a.{ending}")) == {files.RED}


@pytest.mark.parametrize(("ending", "name"), [("jpg", "JPEG"), ("webp", "WEBP"), ("avif", "AVIF"), ("jp2", "JPEG2000")])
def test_that_an_image_of_any_lossy_format_keeps_about_its_color(tmp_path: Path, ending: str, name: str) -> None:
    if name not in readable_formats():
        pytest.skip(f"this Pillow has no {name}")
    (color, *_) = colors(files.write_image(tmp_path / f"a.{ending}"))
    assert np.abs(np.subtract(color, files.RED)).max() <= 4


@pytest.mark.parametrize(
    ("writer", "ending", "color"),
    [
        (files.write_16_bits, "png", (156, 156, 156)),
        (files.write_palette, "png", files.RED),
        (files.write_clear_palette, "png", (255, 255, 255)),
        (files.write_clear, "png", (255, 255, 255)),
        (files.write_cmyk, "tif", files.RED),
        (files.write_floats, "tif", (128, 128, 128)),
        (files.write_frames, "gif", files.RED),
    ],
)
def test_that_any_kind_of_image_becomes_what_people_see(
    tmp_path: Path, writer: files.Writer, ending: str, color: tuple[int, ...]
) -> None:
    path = tmp_path / f"a.{ending}"
    writer(path)
    (seen,) = colors(path)
    assert np.abs(np.subtract(seen, color)).max() <= 1


def test_that_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    files.write_turned(tmp_path / "a.jpg")
    pixels = read_image(tmp_path / "a.jpg", ImageForm(10, 10, 3))
    assert pixels[0, 5, 2] > 180 > pixels[9, 5, 2]
    files.write_image(tmp_path / "b.png", size=(20, 10))
    assert image_size(tmp_path / "b.png") == (10, 20)


@pytest.mark.parametrize(("channels", "color"), [(0, (86,)), (1, (86,)), (3, files.RED), (4, (*files.RED, 255))])
def test_that_an_image_has_the_channels_that_the_model_takes(
    tmp_path: Path, channels: int, color: tuple[int, ...]
) -> None:
    assert colors(files.write_image(tmp_path / "a.png"), ImageForm(10, 12, channels)) == {color}


@pytest.mark.parametrize(("fitting", "has_black"), [("stretch", False), ("crop", False), ("pad", True)])
def test_that_an_image_of_another_shape_is_fitted_as_chosen(tmp_path: Path, fitting: str, has_black: bool) -> None:
    path = files.write_image(tmp_path / "a.png", size=(30, 6))
    assert ((0, 0, 0) in colors(path, ImageForm(10, 12, 3, fitting))) is has_black


@pytest.mark.parametrize(
    ("writer", "text"),
    [
        (files.write_bomb, "too many pixels"),
        (files.write_cut_off, "is damaged: "),
        (lambda path: path.write_text("not a picture"), "is not an image"),
        (lambda path: path.write_bytes(b""), r"is empty \(0 bytes\)"),
        (lambda path: path.symlink_to("nowhere"), "a link to nowhere"),
    ],
)
def test_that_what_cannot_be_read_says_why(tmp_path: Path, writer: files.Writer, text: str) -> None:
    writer(tmp_path / "a.png")
    with pytest.raises(UnreadableImageError, match=text):
        read_image(tmp_path / "a.png", FORM)


def test_that_the_model_decides_the_form() -> None:
    assert form_of((8, 9, 1), (0, 0), "stretch").shape == (8, 9, 1)
    assert form_of((28, 28), (0, 0), "stretch").shape == (28, 28)
    assert form_of((None, None, 3), (64, 32), "stretch").shape == (64, 32, 3)
    assert form_of(None, (64, 32), "stretch").shape == (64, 32, 3)
    for shape in ((64,), (8, 8, 6), (3, 8, 8, 1), (150, 1)):
        with pytest.raises(DataError, match="no images of 1, 3 or 4 channels"):
            form_of(shape, (0, 0), "stretch")
