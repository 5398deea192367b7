"""Builds the models of `keras.applications` without any network: random weights, or those in Keras's cache.

Not one of Keras's functions may reach the network: with `weights="imagenet"` they ask `get_file` for a file, and
that one is answered from the cache here or refused. Leaving `weights` to None and loading the file afterwards would
not do: EfficientNet has one more layer with ImageNet's weights.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras.src.utils import file_utils

from editor.errors import EditorError, FileError, ModelError
from editor.files.applications import cached_path
from editor.files.options import Application
from editor.keras_model.error_text import first_sentence

_replacing = threading.Lock()


def build(application: Application) -> keras.Model:
    """The model as its function in `keras.applications` makes it, not compiled; asks no network for anything.

    A classifier with one class ends in a sigmoid, as a softmax over one unit is always 1; else in a softmax.

    Raises:
        FileError: ImageNet's weights are not in Keras's cache, or not as Keras expects them.
        ModelError: Keras has no such application, or refuses the arguments.
    """
    function = getattr(keras.applications, application.name, None)
    if not callable(function):
        raise ModelError(
            f"Keras {keras.__version__} has no application {application.name!r}.",
            hint="Its names are those of keras.io/api/applications, such as MobileNetV2.",
        )
    try:
        with warnings.catch_warnings(), _offline():
            # About sizes and channels that are unusual for ImageNet; whoever chose them knows.
            warnings.simplefilter("ignore")
            return function(**_arguments(application))
    except EditorError:
        raise
    # Keras refuses sizes, channels and classes by ValueError mostly, and by whatever its layers raise.
    except Exception as error:
        raise ModelError(
            f"Keras cannot build {application.name} like this: {first_sentence(error)}",
            hint="Try its own input size, 3 channels, or random weights.",
            details=f"{type(error).__name__}: {error}",
        ) from error


def _arguments(application: Application) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "include_top": application.include_top,
        "input_shape": application.input_shape,
        "weights": "imagenet" if application.weights == "imagenet" else None,
    }
    if application.include_top:
        arguments["classes"] = application.num_classes
        arguments["classifier_activation"] = "softmax" if application.num_classes > 1 else "sigmoid"
    if application.alpha != 1.0:
        arguments["alpha"] = application.alpha
    return arguments


@contextmanager
def _offline() -> Iterator[None]:
    """Answers `get_file`, which all applications call for their weights, from the cache alone."""
    with _replacing:
        original: Callable[..., str] = file_utils.get_file
        file_utils.get_file = _from_cache
        try:
            yield
        finally:
            file_utils.get_file = original


def _from_cache(fname: str, origin: str = "", *, file_hash: str | None = None, **_options: Any) -> str:
    path = cached_path(fname)
    if not path.is_file():
        raise FileError(
            f"ImageNet's weights are not in Keras's cache, and nothing is downloaded: there is no file {path}.",
            hint=f"Download {origin or fname} yourself and put it there, or take random weights.",
        )
    if file_hash and not file_utils.validate_file(str(path), file_hash):
        raise FileError(
            f"{path} is not the file that Keras expects: it is incomplete or another version.",
            hint=f"Download {origin or fname} again and put it there, or take random weights.",
        )
    return str(path)
