"""Makes `applications.json` and `application_shapes.json` from Keras itself: `python -m resources.make_applications`.

It builds each model of `keras.applications` some times over, with random weights and no network, which takes some
minutes and gigabytes of memory. With names, such as `MobileNetV2 VGG16`, it prints what it finds for those instead.
"""

from __future__ import annotations

import gc
import inspect
import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras.src.applications import imagenet_utils
from keras.src.utils import file_utils

from resources import resource_path

FACTS_FILE, SHAPES_FILE = "applications.json", "application_shapes.json"
NUM_CLASSES, FEW_CLASSES = 1000, 7
IMAGENET_SIZES = (96, 128, 160, 192)
ALPHAS = {
    "MobileNet": (0.25, 0.5, 0.75, 1.0),
    "MobileNetV2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
    "MobileNetV3Large": (0.75, 1.0),
    "MobileNetV3Small": (0.75, 1.0),
}
USUAL_SIZE, LEAST_SIZE = 224, 32
"""Of MobileNetV3, which does not hold its sizes against the function that all others do."""
CHANNELS, CLASSES, FEATURES = "c", "n", "f"
"""What stands in a shape for the number of input channels, of classes, and of flattened features."""

Shape = tuple[int, ...]


def names() -> list[str]:
    """The functions in `keras.applications` that make a model."""
    made = {name: getattr(keras.applications, name) for name in dir(keras.applications) if name[0].isupper()}
    return sorted(name for name, make in made.items() if "include_top" in inspect.signature(make).parameters)


def variants(wanted: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Each name with each width that Keras has ImageNet's weights for."""
    for name in wanted:
        for alpha in ALPHAS.get(name, (1.0,)):
            yield name, alpha


class Maker:
    """Builds one application in several ways, and notes what Keras asks for meanwhile.

    Attributes:
        file: The file of weights that Keras asked for last.
        size: The size that Keras takes if none is asked for.
        least_size: The smallest size that Keras takes.
    """

    def __init__(self, name: str, alpha: float) -> None:
        self._make: Callable[..., keras.Model] = getattr(keras.applications, name)
        self._arguments = {} if alpha == 1.0 else {"alpha": alpha}
        self.file = ""
        self.size, self.least_size = USUAL_SIZE, LEAST_SIZE

    def build(self, *, weights: str | None = None, **arguments: Any) -> keras.Model:
        """A model with random weights, also where ImageNet's are asked for."""
        gc.collect()
        keras.backend.clear_session()
        with self._listening(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._make(weights=weights, **self._arguments, **arguments)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        get_file, obtain = file_utils.get_file, imagenet_utils.obtain_input_shape
        load_weights = keras.Model.load_weights

        def note_file(fname: str, *_arguments: Any, **_options: Any) -> str:
            self.file = fname
            return fname

        def note_size(*arguments: Any, **options: Any) -> Any:
            bound = inspect.signature(obtain).bind(*arguments, **options).arguments
            self.size, self.least_size = bound["default_size"], bound["min_size"]
            return obtain(*arguments, **options)

        file_utils.get_file, imagenet_utils.obtain_input_shape = note_file, note_size
        keras.Model.load_weights = lambda *_arguments, **_options: None
        try:
            yield
        finally:
            file_utils.get_file, imagenet_utils.obtain_input_shape = get_file, obtain
            keras.Model.load_weights = load_weights


def describe(name: str, alpha: float = 1.0) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entries of one application in the two files."""
    maker = Maker(name, alpha)
    whole = maker.build(weights="imagenet")
    size, top_file, least_size = maker.size, maker.file, maker.least_size
    whole_shapes, whole_num = shapes(whole), whole.count_params()
    hidden, has_preprocessing = _hidden(whole, size), _has_preprocessing(whole)
    del whole
    few = maker.build(classes=FEW_CLASSES)
    few_shapes, few_num = shapes(few), few.count_params()
    del few
    bare = maker.build(weights="imagenet", include_top=False, input_shape=(size, size, 3))
    bare_file, bare_shapes, bare_num = maker.file, shapes(bare), bare.count_params()
    del bare
    gray = maker.build(include_top=False, input_shape=(size, size, 1))
    gray_shapes, gray_num = shapes(gray), gray.count_params()
    num_per_class = (whole_num - few_num) // (NUM_CLASSES - FEW_CLASSES)
    num_hidden = _num_flat(hidden, size) * hidden["units"] + hidden["units"] if hidden else 0
    files = {size: (top_file, bare_file)}
    others = _other_files(maker, size)
    # Keras takes the one file for all sizes, or has a file for each.
    is_top_of_any_size = bool(others) and {top for top, _ in others.values()} == {top_file}
    files |= {} if is_top_of_any_size else others
    facts = {
        "name": name,
        "alpha": alpha,
        "module": getattr(keras.applications, name).__module__.rpartition(".")[2],
        "size": size,
        "least_size": least_size,
        "has_preprocessing": has_preprocessing,
        "num_without_top": bare_num,
        "num_per_channel": (bare_num - gray_num) // 2,
        "num_in_top": whole_num - bare_num - NUM_CLASSES * num_per_class - num_hidden,
        "num_per_class": num_per_class,
        "hidden": hidden,
        "is_top_of_any_size": is_top_of_any_size,
        "top_files": {str(key): files[key][0] for key in sorted(files)},
        "no_top_files": {str(key): files[key][1] for key in sorted(files)},
    }
    base = _marked(bare_shapes, gray_shapes, CHANNELS)
    top = _marked(whole_shapes, few_shapes, CLASSES) - Counter(map(_text, bare_shapes))
    if hidden:
        flat = _num_flat(hidden, size)
        top = Counter({text.replace(f"{flat}x", f"{FEATURES}x"): number for text, number in top.items()})
    return facts, {"name": name, "alpha": alpha, "base": dict(base), "top": dict(top)}


def shapes(model: keras.Model) -> list[Shape]:
    """The shapes of a model's weights; single numbers, such as a count, are left out."""
    return [tuple(weight.shape) for weight in model.weights if len(weight.shape)]


def _marked(one: list[Shape], other: list[Shape], mark: str) -> Counter[str]:
    """How often each shape of `one` occurs, with `mark` in the place of a number that is another one in `other`."""
    counts: Counter[str] = Counter()
    for shape, changed in zip(one, other, strict=True):
        counts[_text(mark if number != new else number for number, new in zip(shape, changed, strict=True))] += 1
    return counts


def _text(shape: Iterable[int | str]) -> str:
    return "x".join(map(str, shape))


def _other_files(maker: Maker, size: int) -> dict[int, tuple[str, str]]:
    """Files of ImageNet's weights for other sizes than the usual one: the older MobileNets have some."""
    files = {}
    for other in IMAGENET_SIZES:
        shape = (other, other, 3)
        try:
            maker.build(weights="imagenet", input_shape=shape)
        except ValueError:
            continue  # Keras takes its usual size alone.
        top_file = maker.file
        maker.build(weights="imagenet", include_top=False, input_shape=shape)
        files[other] = (top_file, maker.file)
    files.pop(size, None)
    return files


def _has_preprocessing(model: keras.Model) -> bool:
    kinds = (keras.layers.Rescaling, keras.layers.Normalization)
    return any(isinstance(layer, kinds) for layer in model._flatten_layers())


def _hidden(model: keras.Model, size: int) -> dict[str, int] | None:
    """The layer on the flattened features, if the top begins with flattening them."""
    for flatten, dense in zip(model.layers, model.layers[1:], strict=False):
        if isinstance(flatten, keras.layers.Flatten) and isinstance(dense, keras.layers.Dense):
            _, height, _, channels = flatten.input.shape
            return {"stride": size // height, "channels": channels, "units": dense.units}
    return None


def _num_flat(hidden: dict[str, int], size: int) -> int:
    return (size // hidden["stride"]) ** 2 * hidden["channels"]


def main(wanted: list[str]) -> None:
    """Writes both files, or prints the entries of some."""
    entries = []
    for name, alpha in variants(wanted or names()):
        sys.stderr.write(f"{name} {alpha}\n")
        entries.append(describe(name, alpha))
    if wanted:
        sys.stdout.write(json.dumps(entries, indent=1) + "\n")
        return
    for number, file_name in enumerate((FACTS_FILE, SHAPES_FILE)):
        lines = ",\n".join(json.dumps(entry[number], separators=(",", ":")) for entry in entries)
        text = f'{{"keras_version":"{keras.__version__}","applications":[\n{lines}\n]}}\n'
        resource_path(file_name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
