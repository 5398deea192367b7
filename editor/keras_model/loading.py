"""Opens a model file with Keras, safe mode on, and says in a plain sentence why one cannot be opened."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import keras

from editor.errors import EditorError, FileError, MissingCodeError, ModelError
from editor.files.keras_archive import is_hdf5, reading
from editor.files.zip_members import open_weights
from editor.keras_model.changed_config import load_from_config
from editor.keras_model.error_text import first_sentence
from editor.keras_model.lambdas import unmarshalling_forbidden
from editor.keras_model.tables import holds_state
from editor.keras_model.walk import store_keys

_OLD_ARGUMENT = re.compile(r"Unrecognized keyword arguments passed to (\w+): \{'(\w+)'")
_UNKNOWN_CLASS = re.compile(r"(?:Unknown (?:layer|object)|Could not locate (?:class|function)):? '([^']+)'")
_LAMBDA = re.compile(r"deserialization of a `?Lambda`? layer|`Lambda` layer whose `function`|Python lambda")
_MADE = re.compile(r"deserializing class '(\w+)' using\s+config=\{'name': '([^']+)'")
MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")
"""Endings by which Keras tells the format."""


def is_named_for_keras(path: Path) -> bool:
    """Whether a model file's name tells Keras what is in it."""
    return path.suffix in MODEL_SUFFIXES and is_hdf5(path) == (path.suffix != ".keras")


def load_model(
    path: Path, custom_objects: dict[str, Any] | None = None, config: dict[str, Any] | None = None
) -> keras.Model:
    """Loads a model uncompiled, running no code from the file.

    Args:
        path: A `.keras`, `.h5` or `.hdf5` file that a reader found sound.
        custom_objects: Classes that the model needs, by name.
        config: The configuration of the file that was checked; None lets Keras read it itself, which is for files
            that were written here.

    Raises:
        FileError: The file's name does not tell Keras its format.
        ModelError: Keras cannot build the model.
    """
    if path.suffix not in MODEL_SUFFIXES:
        raise FileError(
            f"{path.name!r} does not end in .keras, .h5 or .hdf5.",
            hint="Rename the file so that its ending tells the format.",
        )
    try:
        with warnings.catch_warnings(), unmarshalling_forbidden():
            # Old files bring arguments that Keras only warns about; nothing follows from it here.
            warnings.simplefilter("ignore")
            if config is None:
                model = keras.saving.load_model(path, custom_objects, compile=False, safe_mode=True)
            else:
                model = load_from_config(path, config, custom_objects or {})
    except EditorError:
        raise
    # Keras raises whatever it met: ValueError, TypeError, KeyError, OSError, and what a custom class raises.
    except Exception as error:
        raise explain(error, path) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"{path.name!r} holds a {type(model).__name__}, not a model.", hint="Choose a model file.")
    if path.suffix == ".keras":
        _check_all_loaded(model, path)
    return model


def _check_all_loaded(model: keras.Model, path: Path) -> None:
    """Refuses a model of which Keras, without a word, left weights in the file: their layers were not built."""
    stores = store_keys(model)
    # A table inside of a TextVectorization is never built, and yet loaded.
    layers = [layer for layer in model._flatten_layers() if not layer.built and not holds_state(layer)]
    unbuilt = [(layer, stores.get(id(layer), "")) for layer in layers]
    if not unbuilt:
        return
    with reading(path), open_weights(path) as weights:
        left = [layer.name for layer, store in unbuilt if len(weights.get(f"{store}/vars", ()))]
    if left:
        raise ModelError(
            f"{path.name!r} holds weights of {left[0]!r} that Keras does not load"
            + (f", and of {len(left) - 1} more layers." if len(left) > 1 else "."),
            hint="The build() of the class that holds the layer must build it, or be left out; then open it again.",
        )


def explain(error: Exception, path: Path) -> ModelError:
    """Keras's error as one plain sentence. Its text is the only sign of the cause that Keras gives."""
    text = str(error)
    details = f"{type(error).__name__}: {text}"
    if _LAMBDA.search(text):
        return ModelError(
            f"{path.name!r} holds a Lambda layer, and opening it would run Python code from the file.",
            hint="It was not opened. Replace the Lambda by a built-in layer or by a custom class.",
            details=details,
        )
    if match := _UNKNOWN_CLASS.search(text):
        return MissingCodeError(
            f"{path.name!r} needs the class {match[1]!r}, which Keras does not know.",
            hint="Open it together with the Python file that defines it.",
            details=details,
        )
    match = _OLD_ARGUMENT.search(text)
    if match and not hasattr(keras.layers, match[1]):
        return ModelError(
            f"The class {match[1]!r} that was given does not take {match[2]!r}, which {path.name!r} sets.",
            hint="Add the argument to the class, or give the file that defines the class as it was.",
            details=details,
        )
    if match:
        return ModelError(
            f"{path.name!r} was written by an older Keras: {match[1]} no longer takes {match[2]!r}.",
            hint="Save it again with the Keras that wrote it, without that argument.",
            details=details,
        )
    if isinstance(error, KeyError | IndexError | AttributeError) or (
        type(error) is TypeError and "deserializ" not in text
    ):
        # What Python says where a part of a file is not what it should be helps nobody.
        return ModelError(
            f"What {path.name!r} says of its layers does not fit together.",
            hint="It may be damaged or edited; ask whoever made it for another one.",
            details=details,
        )
    made = _MADE.findall(text)
    what = f"the {made[-1][0]} {made[-1][1]!r}" if made else "the model"
    return ModelError(
        f"Keras could not build {what} in {path.name!r}: {first_sentence(error)}",
        hint="Try the version of Keras that wrote it, or ask whoever made it.",
        details=details,
    )
