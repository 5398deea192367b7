"""Exports that are no whole model: the weights for Keras (`.weights.h5`), and a folder for serving (SavedModel).

Neither holds flags, so the freeze map goes into a file beside it, `NAME.freeze.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# Keras's own reader of its own file: it knows the dtypes that HDF5 does not.
from keras.src.saving.saving_lib import H5IOStore

from editor.errors import EditorError, FileError, ModelError
from editor.files.atomic import write_atomically
from editor.files.atomic_folder import check_folder_target, write_folder_atomically
from editor.keras_model.at_rest import AtRest, now
from editor.keras_model.error_text import first_sentence
from editor.keras_model.flags import flags_applied, tree_with_map
from editor.keras_model.lora import has_lora
from editor.keras_model.values import digest
from editor.keras_model.walk import ModelIndex
from editor.layers.freeze_map import FreezeMap
from editor.layers.records import LayerRecord

_WEIGHTS_ENDING = ".weights.h5"
_SAVED_MODEL_FILE = "saved_model.pb"
_NUM_SAMPLES = 2
_FREE_SIZES = (32, 8, 1)
"""What is tried for a size that the model leaves open."""
_TOLERANCE = 1e-4
"""Of outputs, relative to the greatest: a graph may add in another order than a call does."""


def map_path_beside(target: Path) -> Path:
    """Where the freeze map of an export goes: `NAME.freeze.json`."""
    name = target.name.removesuffix(_WEIGHTS_ENDING).removesuffix(".h5")
    return target.with_name(f"{name}.freeze.json")


# -- weights for Keras ----------------------------------------------------------------------------------------


def export_weights(index: ModelIndex, freeze_map: FreezeMap, target: Path, *, at_rest: AtRest = now) -> tuple[str, ...]:
    """Writes what `model.save_weights` writes, reads every value back, and only then renames it over the target.

    Args:
        index: The live model.
        freeze_map: For the file beside it.
        target: A path that ends in `.weights.h5`.
        at_rest: Does a job while nothing changes the weights.

    Returns:
        What a person should know about the file, a sentence each.

    Raises:
        FileError: The target cannot be written.
        ModelError: Keras cannot write the weights, or would leave some out.
    """
    if not target.name.endswith(_WEIGHTS_ENDING):
        raise FileError(
            f"{target.name!r} does not end in {_WEIGHTS_ENDING}.", hint=f"Use {target.stem + _WEIGHTS_ENDING!r}."
        )
    with write_atomically(target) as path:
        # Keras writes to no other ending, and the temporary name has not the whole of it.
        written = path.with_name(f"{path.stem}{_WEIGHTS_ENDING}")
        try:
            expected = at_rest(lambda: _write_weights(index, written))
            _verify_weights(written, expected)
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)
    merged = ("LoRA is merged into the kernels in the file.",) if has_lora(index.root) else ()
    return (*merged, _write_map(target, freeze_map))


def _write_weights(index: ModelIndex, path: Path) -> dict[tuple[str, str], str]:
    try:
        index.model.save_weights(path)
        return _stored_digests(index)
    except (EditorError, OSError):
        raise
    # Keras raises whatever a layer raised.
    except Exception as error:
        raise _export_error("write the weights of", error) from error


def _stored_digests(index: ModelIndex) -> dict[tuple[str, str], str]:
    """What Keras was given to write, by group and name in it; a layer with LoRA gives its merged kernel (fact F23)."""
    digests: dict[tuple[str, str], str] = {}
    for record in _layers_once(index.root, set()):
        own: dict[str, Any] = {}
        index.layers[record.layer_id].save_own_variables(own)
        num_expected = sum(not weight.name.startswith("lora_") for weight in record.weights)
        is_reached = record.store or record is index.root
        if len(own) < num_expected or (num_expected and not is_reached):
            raise ModelError(
                f"Keras would leave weights of the {record.class_name} layer {record.name!r} out of the file.",
                hint="Save the whole model instead.",
            )
        values = {name: keras.ops.convert_to_numpy(value) for name, value in own.items()}
        digests |= {(record.store, name): digest(value) for name, value in values.items()}
    return digests


def _layers_once(record: LayerRecord, seen: set[int]) -> Iterator[LayerRecord]:
    if record.layer_id not in seen:
        seen.add(record.layer_id)
        yield record
    for child in record.children:
        yield from _layers_once(child, seen)


def _verify_weights(path: Path, expected: dict[tuple[str, str], str]) -> None:
    store = H5IOStore(path, mode="r")
    try:
        for (group, name), expected_digest in expected.items():
            entry = store.get(group)
            if name not in entry or digest(entry[name]) != expected_digest:
                raise ModelError(
                    f"The weights were written, but {group}/vars/{name} differs when it is read back.",
                    hint="Nothing was replaced. Please report this model.",
                )
    finally:
        store.close()


# -- for serving ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Served:
    """What a SavedModel must give.

    Attributes:
        digests: Of each of `model.variables`.
        sample: Random input in the structure that the model takes; None where it is not known.
        outputs: What the model gave for it, flat; None where that is not the same twice.
    """

    digests: list[str]
    sample: Any = None
    outputs: list[np.ndarray[Any, Any]] | None = None


def export_saved_model(
    index: ModelIndex, freeze_map: FreezeMap, target: Path, *, replace: bool = False, at_rest: AtRest = now
) -> tuple[str, ...]:
    """Writes what `model.export` writes, loads it with `tf.saved_model.load`, and only then puts it into place.

    All variables are compared bit for bit, and outputs for a random input up to rounding.

    Args:
        index: The live model.
        freeze_map: For the file beside it, and for the folder's list of trainable variables.
        target: The folder to make.
        replace: Whether an existing SavedModel may be replaced; nothing else ever is.
        at_rest: Does a job while nothing changes the weights.

    Returns:
        What a person should know about the folder, a sentence each.

    Raises:
        FileError: The target is there already, or cannot be written.
        ModelError: Keras cannot export the model, or loading it gave something else.
    """
    replaceable = _SAVED_MODEL_FILE if replace else None
    check_folder_target(target, replaceable=replaceable)
    with write_folder_atomically(target, replaceable=replaceable) as folder:
        served = at_rest(lambda: _write_saved_model(index, freeze_map, folder))
        _verify_saved_model(folder, served)
    compared = () if served.outputs else ("Its variables were compared, its outputs could not be.",)
    return (*compared, _write_map(target, freeze_map))


def _write_saved_model(index: ModelIndex, freeze_map: FreezeMap, folder: Path) -> _Served:
    model = index.model
    tree = tree_with_map(index, freeze_map)
    try:
        # A subclassed model can only be exported when it has been called, so this goes first.
        sample, outputs = _sample_outputs(model)
        with flags_applied(index, tree):
            model.export(folder, verbose=False)
    except (EditorError, OSError):
        raise
    # Keras and TensorFlow raise whatever they met.
    except Exception as error:
        raise _export_error("export", error) from error
    return _Served([_digest_of(variable) for variable in model.variables], sample, outputs)


def _sample_outputs(model: keras.Model) -> tuple[Any, list[np.ndarray[Any, Any]] | None]:
    for size in _FREE_SIZES:
        sample = _sample(model, size)
        if sample is None:
            return None, None
        try:
            outputs, again = (_flat(model(sample, training=False)) for _ in range(2))
        # Not every size suits; the layers' own code says which.
        except Exception:  # noqa: BLE001
            continue
        is_steady = all(np.array_equal(*pair, equal_nan=True) for pair in zip(outputs, again, strict=True))
        return sample, outputs if is_steady else None
    return None, None


def _sample(model: keras.Model, free_size: int) -> Any:
    """Random input as the model takes it; None where its inputs are not known or are no numbers."""
    source = np.random.default_rng(0)
    inputs = getattr(model, "inputs", None)
    if inputs:
        arrays = [_random(source, tuple(it.shape), str(it.dtype), free_size) for it in inputs]
        structure = getattr(model, "_inputs_struct", None)
        if any(array is None for array in arrays):
            return None
        return arrays[0] if structure is None else keras.tree.pack_sequence_as(structure, arrays)
    shapes = list((model._build_shapes_dict or {}).values())
    if len(shapes) != 1 or not all(size is None or isinstance(size, int) for size in shapes[0]):
        return None
    return _random(source, tuple(shapes[0]), model.compute_dtype, free_size)


def _random(
    source: np.random.Generator, shape: tuple[int | None, ...], dtype: str, free_size: int
) -> np.ndarray[Any, Any] | None:
    sizes = [_NUM_SAMPLES if at == 0 else free_size for at in range(len(shape))]
    values = source.uniform(size=[size or free for size, free in zip(shape, sizes, strict=True)])
    if dtype == "string":
        return None
    return values.round().astype(dtype) if dtype.startswith(("int", "uint", "bool")) else values.astype(dtype)


def _verify_saved_model(folder: Path, served: _Served) -> None:
    try:
        loaded = tf.saved_model.load(str(folder))
        found = None if served.outputs is None else _flat(loaded.serve(served.sample))
    # TensorFlow raises whatever it met.
    except Exception as error:
        raise _export_error("load again what it exported of", error) from error
    if [_digest_of(variable) for variable in loaded.variables] != served.digests:
        raise _unfaithful("its variables differ")
    if served.outputs is None or found is None:
        return
    if len(found) != len(served.outputs):
        raise _unfaithful(f"it has {len(found)} outputs of {len(served.outputs)}")
    for expected, given in zip(served.outputs, found, strict=True):
        scale = float(np.max(np.abs(expected), initial=0.0))
        if not np.allclose(given, expected, rtol=_TOLERANCE, atol=_TOLERANCE * scale, equal_nan=True):
            raise _unfaithful("its outputs for a random input differ")


def _flat(outputs: Any) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(keras.ops.convert_to_numpy(value)) for value in keras.tree.flatten(outputs)]


def _digest_of(variable: Any) -> str:
    return digest(keras.ops.convert_to_numpy(variable))


# -- both -----------------------------------------------------------------------------------------------------


def _write_map(target: Path, freeze_map: FreezeMap) -> str:
    """Writes the map beside an export, and returns what to say of it."""
    beside, text = map_path_beside(target), freeze_map.to_json()
    is_replaced = beside.is_file() and beside.read_bytes() != text
    with write_atomically(beside) as path:
        path.write_bytes(text)
    return f"What is frozen stands beside it in {beside.name}" + (
        ", in place of another map that was there." if is_replaced else "."
    )


def _export_error(verb: str, error: Exception) -> ModelError:
    return ModelError(
        f"Keras cannot {verb} this model: {first_sentence(error)}",
        hint="Nothing was replaced. Save the whole model as .keras instead.",
        details=repr(error),
    )


def _unfaithful(what: str) -> ModelError:
    return ModelError(
        f"The model was exported, but loading it again gave something else: {what}.",
        hint="Nothing was replaced. Please report this model.",
    )
