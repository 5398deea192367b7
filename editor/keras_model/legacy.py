"""Rebuilds models of Keras 2 in Keras 3: SavedModel folders, and old HDF5 files that Keras 3 cannot read.

Layers from the configuration, weights by their places; then the outputs are held against those of tf_keras.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
import tensorflow as tf

from editor.errors import EditorError, FileError, ModelError
from editor.files.code_needs import code_needs
from editor.files.facts import Repair
from editor.files.keras_archive import is_hdf5
from editor.files.model_config import read_model_config
from editor.files.options import OpenOptions
from editor.files.origins import without_origins
from editor.files.preview.saved_model import NO_KERAS, model_config
from editor.files.preview.saved_objects import alike, layer_places, variables_in
from editor.files.repair import RepairedConfig, repair_config
from editor.files.saved_model.objects import SavedObjects, is_graph, is_keras, read_objects
from editor.files.saved_model.place import saved_model_folder
from editor.keras_model.checkpoint import checkpoint_prefix, read_weights
from editor.keras_model.consent import consented
from editor.keras_model.error_text import first_sentence
from editor.keras_model.legacy_reference import INSTALL_HINT, LegacyProcess, LegacyReference, ask_tf_keras, has_tf_keras
from editor.keras_model.loading import MODEL_SUFFIXES, explain
from editor.keras_model.opening import LoadedModel
from editor.keras_model.precision import in_single_precision
from editor.keras_model.repaired import build
from editor.keras_model.saved_classes import apply_saved_flags, build_own_class
from editor.keras_model.saved_tables import with_tables, without_tables
from editor.keras_model.stored_places import Places, StoredWeight, set_weights
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree

TOLERANCE = 1e-5
"""Greatest difference of an output, absolute and relative, to that of tf_keras: the issue's word for "equal"."""

_NOT_INSTALLED = f"tf_keras, which would prove it, is not installed. {INSTALL_HINT}"


def open_saved_model(path: Path, options: OpenOptions | None = None) -> LoadedModel:
    """Rebuilds the model in a SavedModel folder that a reader has found sound; nothing in it is run, nor its graph.

    Args:
        path: The folder, or the `saved_model.pb` in it.
        options: What was given and allowed for it.

    Raises:
        FileError: A file of it cannot be read.
        ModelError: It was written without Keras's description, needs code that was not given, or computes otherwise.
    """
    options = options or OpenOptions()
    folder = saved_model_folder(path)
    if folder is None:
        raise FileError(f"{path.name!r} is no SavedModel: it has no saved_model.pb.", hint="Choose the whole folder.")
    objects = read_objects(folder)
    if not is_keras(objects):
        raise ModelError(NO_KERAS)
    if not is_graph(objects.root):
        agreed = consented(model_config(objects), options, folder.name)
        return _of_own_class(objects, agreed.custom_objects, folder)
    with _tf_keras(options) as tf_keras:
        return _of_graph(objects, folder, options, tf_keras)


def _tf_keras(options: OpenOptions) -> contextlib.AbstractContextManager[LegacyProcess | str]:
    """The process that will prove the model, started at once, as its imports take longer than all else; or why not."""
    if options.custom_code or options.module:
        return contextlib.nullcontext("the classes that were given are of Keras 3, and tf_keras has none.")
    try:
        return LegacyProcess()
    except ModelError as error:
        return contextlib.nullcontext(error.summary if has_tf_keras() else _NOT_INSTALLED)


def _of_graph(objects: SavedObjects, folder: Path, options: OpenOptions, tf_keras: LegacyProcess | str) -> LoadedModel:
    weights = read_weights(folder, objects)
    config = with_tables(model_config(objects), objects, folder, weights)
    agreed = consented(config, options, folder.name)
    custom_objects = agreed.custom_objects
    with ThreadPoolExecutor(1) as threads:
        # Both take seconds, and neither waits for the other.
        reference = threads.submit(_reference, in_single_precision(config), folder, tf_keras)
        repaired = repair_config(agreed.config, objects.keras_version, given=frozenset(custom_objects))
        stored = without_tables(weights, objects)
        model = _build(repaired, custom_objects, folder)
        set_weights(model, stored, folder.name, repaired.stored)
        compared = model
        if (single := in_single_precision(repaired.config)) != repaired.config:
            # Half precision rounds otherwise in either Keras.
            compared = _build(replace(repaired, config=single), custom_objects, folder)
            set_weights(compared, stored, folder.name, repaired.stored)
        proof = _proof(compared, reference, folder.name)
    if compared is not model and proof.is_proven:
        proof = Repair(text=f"{proof.text.removesuffix('.')}, both in single precision.")
    repairs = (*_marked(repaired.repairs, proof), proof)
    return LoadedModel(model, custom_objects, repairs, _no_longer_shared(model, objects))


def _no_longer_shared(model: keras.Model, objects: SavedObjects) -> tuple[str, ...]:
    """Says which layers are one in the file and several now: a configuration does not hold them together."""
    live = {alike(layer.path): layer.record.layer_id for layer in LayerTree(walk_model(model).root).walk_layers()}
    places: dict[int, list[str]] = {}
    for path, number in layer_places(objects):
        if alike(path) in live and variables_in(objects, number):
            places.setdefault(number, []).append(path)
    parted = [paths for paths in places.values() if len({live[alike(path)] for path in paths}) > 1]
    return tuple(
        f"One layer of the file is several in the rebuilt model, with equal weights: {', '.join(map(repr, paths))}."
        for paths in parted
    )


def _of_own_class(objects: SavedObjects, custom_objects: dict[str, Any], folder: Path) -> LoadedModel:
    model = build_own_class(objects, custom_objects, folder)
    set_weights(model, read_weights(folder, objects), folder.name)
    apply_saved_flags(model, objects)
    text = f"Built in Keras 3 by the class that was given, with the weights in {folder.name!r}"
    repair = Repair(text=f"{text}; what it computes was not compared.", is_proven=False)
    return LoadedModel(model, custom_objects, (repair,))


def _build(repaired: RepairedConfig, custom_objects: dict[str, Any], path: Path) -> keras.Model:
    try:
        model = build(without_origins(repaired.config), custom_objects)
    # Keras raises whatever it met, and what a custom class raises.
    except Exception as error:
        raise explain(error, path) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"{path.name!r} holds a {type(model).__name__}, not a model.", hint="Choose a model file.")
    return model


def _marked(repairs: tuple[Repair, ...], proof: Repair) -> tuple[Repair, ...]:
    """Repairs of a configuration count as proven where the whole model was compared."""
    return tuple(msgspec.structs.replace(repair, is_proven=repair.is_proven or proof.is_proven) for repair in repairs)


# -- the proof --------------------------------------------------------------------------------------------------------


def _reference(config: dict[str, Any], folder: Path, tf_keras: LegacyProcess | str) -> LegacyReference | str:
    """What tf_keras computes, or why it does not."""
    if isinstance(tf_keras, str):
        return tf_keras
    return _told(lambda: tf_keras.ask(config=json.dumps(config), checkpoint=checkpoint_prefix(folder)))


def _told(ask: Callable[[], LegacyReference]) -> LegacyReference | str:
    try:
        found = ask()
    except EditorError as error:
        return error.summary
    return found if found.outputs else f"tf_keras cannot run it here: {found.answer.obstacle}"


def _proof(model: keras.Model, asked: Future[LegacyReference | str], name: str) -> Repair:
    """Holds the outputs against those of tf_keras.

    Raises:
        ModelError: They differ.
    """
    rebuilt = f"Rebuilt in Keras 3 from the configuration and the weights in {name!r}"
    reference = asked.result()
    if isinstance(reference, str):
        return Repair(text=f"{rebuilt}; its outputs were not compared: {reference}", is_proven=False)
    inputs = _arranged(model, [tf.constant(value) for value in reference.inputs], reference.answer.input_names)
    _check_outputs(_outputs(model, inputs, name), list(reference.outputs), name)
    return Repair(text=f"{rebuilt}; on random inputs it computes what tf_keras computes.")


def _arranged(model: keras.Model, inputs: list[Any], names: tuple[str, ...]) -> Any:
    """The inputs in the structure that the model takes, each by its name; tf_keras takes a list of any model."""
    structure = getattr(model, "_inputs_struct", None)
    if structure is None or len(inputs) == 1:
        return inputs if len(inputs) > 1 else inputs[0]
    by_name = dict(zip(names, inputs, strict=True))
    tensors = keras.tree.flatten(structure)
    values = [by_name.get(tensor.name, inputs[at]) for at, tensor in enumerate(tensors)]
    return keras.tree.pack_sequence_as(structure, values)


def _outputs(model: keras.Model, inputs: Any, name: str) -> list[Any]:
    try:
        outputs = model(inputs, training=False)
        # Recurrent layers may go on from call to call; the model is to begin anew.
        for layer in model._flatten_layers():
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
                layer.reset_state()
    # What an input meets in the layers may raise anything.
    except Exception as error:
        raise ModelError(
            f"{name!r} rebuilt in Keras 3 does not take what it takes in tf_keras: {first_sentence(error)}",
            hint="It was not opened. Save it as a .keras file with the Keras that wrote it.",
            details=repr(error),
        ) from error
    return [_array(output) for output in keras.tree.flatten(outputs)]


def _array(output: Any) -> Any:
    """Texts as bytes of a fixed length, as tf_keras's process gives them."""
    value = np.asarray(output)
    return value.astype(np.bytes_) if value.dtype == object else value


def _check_outputs(found: list[Any], expected: list[Any], name: str) -> None:
    if [value.shape for value in found] != [value.shape for value in expected]:
        raise ModelError(
            f"{name!r} rebuilt in Keras 3 gives outputs of shape {[value.shape for value in found]}, in tf_keras"
            f" {[value.shape for value in expected]}.",
            hint="It was not opened. Save it as a .keras file with the Keras that wrote it.",
        )
    for ours, theirs in zip(found, expected, strict=True):
        if theirs.dtype.kind == "S":
            _check_texts(ours, theirs, name)
        elif not np.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            difference = float(np.max(np.abs(ours.astype("float64") - theirs.astype("float64"))))
            raise ModelError(
                f"{name!r} rebuilt in Keras 3 computes something else than tf_keras: outputs differ by up to"
                f" {difference:.3g}.",
                hint="It was not opened. Save it as a .keras file with the Keras that wrote it.",
            )


def _check_texts(found: Any, expected: Any, name: str) -> None:
    if not np.array_equal(found, expected):
        raise ModelError(
            f"{name!r} rebuilt in Keras 3 gives other texts than tf_keras.",
            hint="It was not opened. Save it as a .keras file with the Keras that wrote it.",
        )


# -- HDF5 -------------------------------------------------------------------------------------------------------------


def open_in_place_of(error: ModelError, path: Path) -> LoadedModel:
    """Opens an old HDF5 file by way of tf_keras when Keras 3 could not.

    Args:
        error: Why it could not.
        path: The file.

    Raises:
        ModelError: `error`, if the file is not one of Keras 2, needs code, or tf_keras cannot read it either.
    """
    found = read_model_config(path) if path.suffix in MODEL_SUFFIXES and path.is_file() and is_hdf5(path) else None
    is_old = found is not None and (found.keras_version or "1").partition(".")[0] in ("1", "2")
    if found is None or not is_old or code_needs(found.config):
        raise error
    if not has_tf_keras():
        raise ModelError(error.summary, hint=f"tf_keras may read it. {INSTALL_HINT}", details=error.details) from error
    try:
        return open_legacy(path)
    except ModelError as other:
        details = f"{error.details}\n\ntf_keras: {other.summary}\n{other.details}"
        raise ModelError(error.summary, hint=error.hint, details=details) from error


def open_legacy(path: Path) -> LoadedModel:
    """Rebuilds the model in an old HDF5 file by way of tf_keras, where Keras 3 cannot read it even repaired.

    Raises:
        ModelError: tf_keras is not installed or cannot read it either, it needs code, or computes otherwise.
    """
    reference = ask_tf_keras(h5=path)
    answer = reference.answer
    repaired = repair_config(json.loads(answer.config), "2")
    model = _build(repaired, {}, path)
    places: Places = {
        layer.path: [
            StoredWeight(name, reference.arrays[f"weight_{layer.first + number}"])
            for number, name in enumerate(layer.names)
        ]
        for layer in answer.layers
    }
    set_weights(model, places, path.name, repaired.stored)
    asked: Future[LegacyReference | str] = Future()
    asked.set_result(_told(lambda: reference))
    proof = _proof(model, asked, path.name)
    return LoadedModel(model, {}, (*_marked(repaired.repairs, proof), proof))
