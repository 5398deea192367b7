"""Folders of images and functions that cannot be trained on, and what a person is told about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from tests.training.image_files import RED, write_bomb, write_classes, write_image

HEAD = "import numpy as np\nimport tensorflow as tf\nx, y = np.zeros((8, 10, 12, 3)), np.arange(8) % 2\n"
PAIRS = "tf.data.Dataset.from_tensor_slices((x, y))"


@dataclass(frozen=True)
class BadData:
    """Data that are refused.

    Attributes:
        name: Of the test.
        make: Writes them into a folder; gives what `--data` would get.
        text: What is said, in part.
        options: Fields of `DataOptions`.
    """

    name: str
    make: Callable[[Path], Path | str]
    text: str
    options: dict[str, Any] = field(default_factory=dict)


def _images(folder: Path, *names: str) -> Path:
    for name in names:
        write_image(folder / name)
    return folder


def _texts(folder: Path) -> Path:
    for name in ("a/1.png", "b/2.png"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("no picture")
    return folder


def _bombs(folder: Path) -> Path:
    for name in ("a", "b"):
        (folder / name).mkdir()
        write_bomb(folder / name / "big.png")
    return folder


def _parts(folder: Path, *names: str) -> Path:
    write_classes(folder / "train")
    for name in names:
        write_image(folder / "val" / name / "1.png")
    return folder


def _documents(folder: Path) -> Path:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "words.txt").write_text("no picture")
    return folder


def _code(code: str) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        (folder / "given.py").write_text(HEAD + code)
        return f"{folder / 'given.py'}:load"

    return make


def _empty_classes(folder: Path) -> Path:
    for name in ("a", "b"):
        (folder / name).mkdir()
    return folder


def _circle(folder: Path) -> Path:
    (folder / "a").mkdir()
    (folder / "a" / "round").symlink_to(folder / "a", target_is_directory=True)
    return folder


def _one_that_can_be_read(folder: Path) -> Path:
    """Both classes have images by their names, but those of one cannot be read."""
    _texts(folder)
    (folder / "a" / "1.png").unlink()
    return _images(folder, "a/1.png", "a/2.png")


def _file(folder: Path) -> Path:
    Image.new("RGB", (4, 4), RED).save(folder / "picture.png")
    return folder / "picture.png"


BAD_IMAGES = (
    BadData("empty folder", lambda folder: folder, "holds no images and no subfolders"),
    BadData("no subfolders", lambda folder: _images(folder, "1.png", "2.png"), "holds 2 images but no subfolders"),
    BadData("one class", lambda folder: _images(folder, "cat/1.png", "cat/2.png"), "of one class only, cat"),
    BadData("empty classes", _empty_classes, "hold no images that can be read. Make a folder"),
    BadData("circle of links", _circle, "a/round is a link to a folder that was read already"),
    BadData("texts called png", _texts, "None of the 2 images in .* a/1.png is not an image, whatever its name says"),
    BadData("one class that can be read", _one_that_can_be_read, "only a has images that can be read"),
    BadData("bombs", _bombs, "a/big.png has too many pixels to be read safely"),
    BadData("documents", _documents, "a/words.txt is no image by its name: .txt"),
    BadData(
        "no training part", lambda folder: _images(folder, "val/a/1.png"), "has a folder val .* but no folder train"
    ),
    BadData(
        "other classes to validate on", lambda folder: _parts(folder, "red", "green"), "a class that the .*: green"
    ),
    BadData(
        "nothing to validate on", lambda folder: _parts(folder) / "train", "There is no folder", {"validation": "no"}
    ),
    BadData("a file to validate on", write_classes, "is a file; a folder of images", {"validation": __file__}),
    BadData("unknown preprocessing", write_classes, "no preprocessing called 'best'", {"preprocessing": "best"}),
)

BAD_FUNCTIONS = (
    BadData("missing file", lambda folder: f"{folder}/gone.py:load", "there is no such file"),
    BadData("missing module", lambda _: "no_such_module.data:load", "there is no such module: no_such_module.data"),
    BadData("no consent", _code(f"def load(): return {PAIRS}"), "nobody has agreed to that", {"consent": ""}),
    BadData("syntax error", _code("def load(: pass"), "given.py.* SyntaxError"),
    BadData("missing function", _code("def lead(): pass"), "no function load .* Use one of: lead."),
    BadData("needed argument", _code(f"def load(path): return {PAIRS}"), r"needs arguments \(path\)"),
    BadData("raises", _code("def load():\n    raise OSError('no disk')"), "in line 5: OSError: no disk"),
    BadData("exits", _code("def load():\n    raise SystemExit(3)"), "given.py:load failed in line 5: SystemExit: 3"),
    BadData("returns nothing", _code("def load(): pass"), "returns nothing, and no tf.data.Dataset"),
    BadData("returns arrays", _code("def load(): return x, y"), "returns tuple of ndarray, ndarray"),
    BadData("no targets", _code("def load(): return tf.data.Dataset.from_tensor_slices(x)"), "samples without targets"),
    BadData("no end", _code(f"def load(): return {PAIRS}.repeat()"), "never ends. Leave .repeat"),
    BadData("no samples", _code(f"def load(): return {PAIRS}.take(0)"), "gives no samples"),
    BadData(
        "fails on the way",
        _code(f"def load(): return {PAIRS}.map(lambda a, b: (a, tf.strings.to_number('words')))"),
        "failed in batch 1: .*convert string: words",
    ),
    BadData(
        "generator that raises",
        _code(
            "def make():\n    yield x[0], y[0]\n    raise KeyError('label')\n"
            "def load(): return tf.data.Dataset.from_generator(make, output_signature=("
            "tf.TensorSpec((10, 12, 3)), tf.TensorSpec((), tf.int64)))"
        ),
        "failed in batch 1: KeyError: 'label'",
    ),
    BadData(
        "two inputs for one",
        _code("def load(): return tf.data.Dataset.from_tensor_slices(((x, x), y))"),
        "has 2 tensors, but the model has 1",
    ),
    BadData(
        "text for classes",
        _code("def load(): return tf.data.Dataset.from_tensor_slices((x, ['a', 'b'] * (len(x) // 2)))"),
        "y of given.py:load is text.* Number the classes",
    ),
    BadData(
        "NaN far behind",
        _code(f"def load(): return {PAIRS}.concatenate({PAIRS}.map(lambda a, b: (a / tf.zeros_like(a), b))).batch(8)"),
        "x of given.py:load holds NaN or infinity in batch 2 of",
    ),
    BadData(
        "one class", _code("def load(): return tf.data.Dataset.from_tensor_slices((x, 0 * y))"), "one class only, 0"
    ),
    BadData("validation beside it", _code(f"def load(): return {PAIRS}"), "gives all data itself", {"validation": "a"}),
)
