"""Full saves to `.h5` that reload right in plain Keras, whatever is frozen (facts F16, F17).

Keras writes the weights of such a file trainable-first and reads them in the order that the *reloaded* flags give. So
the model is rebuilt from its configuration, exactly as a reload will do it; the values are put into that, weight by
weight; and that is written. A new process then proves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import keras

# What Keras itself calls on saving and loading such a file; there is no public way to the same configuration.
from keras.src.legacy.saving import json_utils, saving_options
from keras.src.legacy.saving.legacy_h5_format import _legacy_weights
from keras.src.legacy.saving.saving_utils import model_from_config, model_metadata
from keras.src.models.functional import Functional
from keras.src.saving.serialization_lib import SafeModeScope

from editor.errors import EditorError, ModelError
from editor.files.atomic import write_atomically
from editor.files.keras_archive import add_freeze_map, read_freeze_map
from editor.files.options import OpenOptions
from editor.keras_model.clean_process import reload_in_clean_process
from editor.keras_model.consent import substituted
from editor.keras_model.error_text import first_sentence
from editor.keras_model.flags import flags_applied, tree_with_map
from editor.keras_model.lambdas import unmarshalling_forbidden
from editor.keras_model.tables import words_in_config, words_of
from editor.keras_model.values import Array, digest, weight_values
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.freeze_map import FreezeMap
from editor.layers.records import LayerRecord

H5_SUFFIXES = (".h5", ".hdf5")

OPTIMIZER_NOTE = "An .h5 file is written without the optimizer, the loss and the metrics; a .keras file can keep them."


@dataclass(frozen=True)
class H5Snapshot:
    """All that goes into a file, copied at one moment; the live model may train on.

    Attributes:
        config: The model's configuration with the flags that one can hold, as JSON.
        values: The value of each weight, by `weight_id`.
        words: What its tables look up.
    """

    root: LayerRecord
    config: str
    values: Sequence[Array]
    freeze_map: FreezeMap
    words: Sequence[tuple[Any, ...]] = ()


def is_h5(path: Path) -> bool:
    """Whether a name asks for a whole model in Keras's older HDF5 format; `.weights.h5` does not."""
    return path.suffix in H5_SUFFIXES and not path.name.endswith(".weights.h5")


def save_h5(
    index: ModelIndex,
    freeze_map: FreezeMap,
    target: Path,
    *,
    custom_objects: dict[str, Any] | None = None,
    options: OpenOptions | None = None,
) -> tuple[str, ...]:
    """Takes a snapshot and writes it; see `take_snapshot` and `write_snapshot_to_h5`."""
    snapshot = take_snapshot(index, freeze_map)
    return write_snapshot_to_h5(snapshot, target, custom_objects=custom_objects, options=options)


def take_snapshot(index: ModelIndex, freeze_map: FreezeMap) -> H5Snapshot:
    """Copies what is needed. To be called on the thread that changes the weights, or while none does.

    Raises:
        ModelError: The model has no configuration, or one that Keras does not read from such a file.
        FreezeMapError: The map is not of this model.
    """
    tree = tree_with_map(index, freeze_map)
    if reason := _not_found_again(index):
        raise _refused(reason)
    try:
        legacy = saving_options.keras_option_scope(use_legacy_config=True)
        with flags_applied(index, tree), words_in_config(index.model), legacy:
            config = model_metadata(index.model, include_optimizer=False)["model_config"]
            config["class_name"] = _class_name(index.model)
            text = json.dumps(config, default=json_utils.get_json_type)
    except EditorError:
        raise
    # Keras raises whatever a layer's get_config raised.
    except Exception as error:
        raise _refused(_no_way_back(index.root) or _cannot("describe", error), error) from error
    return H5Snapshot(index.root, text, weight_values(index), freeze_map, words_of(index.model))


def write_snapshot_to_h5(
    snapshot: H5Snapshot,
    target: Path,
    *,
    custom_objects: dict[str, Any] | None = None,
    options: OpenOptions | None = None,
) -> tuple[str, ...]:
    """Writes beside the target, opens that in a new process, and only then renames it over the target. Any thread.

    Args:
        snapshot: What to write.
        target: An `.h5` or `.hdf5` path.
        custom_objects: What was given and allowed for the model, by name.
        options: Where that is from; the new process runs it again.

    Returns:
        Paths of the weights that plain `keras.saving.load_model` does not restore as frozen (fact F16).

    Raises:
        FileError: The target cannot be written.
        ModelError: This model cannot be held by an `.h5` file; the target is as it was.
    """
    foreign = sorted({str(value.dtype) for value in snapshot.values if value.dtype.isbuiltin == 2})
    if foreign:
        raise _refused(f"it has {foreign[0]} weights, which Keras cannot read back from such a file")
    rebuilt = _rebuilt(snapshot, custom_objects)
    with write_atomically(target) as path:
        try:
            rebuilt.save(path, include_optimizer=False)
            _name_class(rebuilt, path)
        except OSError:
            raise
        # h5py and Keras raise whatever they met.
        except Exception as error:
            raise _refused(_cannot("write", error), error) from error
        add_freeze_map(path, snapshot.freeze_map)
        return _verify(snapshot, path, options)


def _not_found_again(index: ModelIndex) -> str:
    """Why Keras would write such a file and not read it; empty if it would."""
    for layer in index.layers:
        if isinstance(layer, keras.layers.Dense | keras.layers.Embedding) and layer.lora_alpha != layer.lora_rank:
            return f"Keras forgets the 'lora_alpha' of {layer.name!r} when it reads such a file"
        if isinstance(layer, keras.layers.Attention) and not isinstance(layer, keras.layers.AdditiveAttention):
            if layer.score_mode == "dot":
                return f"Keras reads the 'score_mode' of the Attention {layer.name!r} wrongly from such a file"
        elif isinstance(layer, Functional) and not isinstance(layer, keras.Sequential):
            found = [each for each in layer.operations if not isinstance(each, keras.Layer)]
            if found:
                first = f"{found[0].name!r} ({type(found[0]).__name__})"
                more = f" and {len(found) - 1} more in its graph are operations" if found[1:] else " is an operation"
                return f"{first}{more}, which Keras does not find again in such a file"
    return ""


# -- rebuilding -----------------------------------------------------------------------------------------------


def _rebuilt(snapshot: H5Snapshot, custom_objects: dict[str, Any] | None) -> keras.Model:
    """The model that Keras makes of the configuration, with every weight's value in the same place."""
    try:
        # The Lambdas are those of the live model, not made of the text.
        config = json.dumps(substituted(json.loads(snapshot.config), custom_objects or {}))
        with saving_options.keras_option_scope(use_legacy_config=True), SafeModeScope(True), unmarshalling_forbidden():
            model = model_from_config(json_utils.decode(config), custom_objects=custom_objects)
        index = walk_model(model)
    # Keras raises whatever a custom class raised.
    except Exception as error:
        raise _refused(_no_way_back(snapshot.root) or _cannot("rebuild", error), error) from error
    if not index.variables and snapshot.values:
        raise _refused(_no_way_back(snapshot.root) or "Keras rebuilds it from its configuration without any weights")
    if list(_places_of_weights(index.root)) != list(_places_of_weights(snapshot.root)):
        raise _refused(
            _two_places(snapshot.freeze_map) or "Keras rebuilds it from its configuration with other weights"
        )
    if words_of(model) != list(snapshot.words):
        raise _refused("Keras rebuilds it from its configuration with other vocabularies or bins")
    for variable, value in zip(index.variables, snapshot.values, strict=True):
        variable.assign(value)
    _make_names_unique(model)
    return model


def _places_of_weights(record: LayerRecord) -> Iterator[tuple[object, ...]]:
    """Each weight with its place: what two walks over the same architecture have in common, without any names."""
    for child in record.children:
        yield from _places_of_weights(child)
    for at, weight in enumerate(record.weights):
        yield weight.weight_id, record.store, at, weight.shape, weight.dtype


def _make_names_unique(model: keras.Model) -> None:
    """Gives each weight of a top-level layer a name of its own: Keras writes them by name and reads them by order."""
    for layer in model.layers:
        taken: set[str] = set()
        for variable in _legacy_weights(layer):
            base, count = variable.path, 1
            while variable.path in taken:
                count += 1
                variable._path = f"{base}_{count}"
            taken.add(variable.path)


def _class_name(model: keras.Model) -> str:
    """The name by which Keras finds a registered class in any process, such as `keras_hub>BertBackbone`."""
    registered = keras.saving.get_registered_name(type(model))
    return registered if ">" in registered else type(model).__name__


def _name_class(model: keras.Model, path: Path) -> None:
    """Puts the registered name into a file; Keras writes the bare one, and does not know it when it reads it."""
    if _class_name(model) == type(model).__name__:
        return
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps({**config, "class_name": _class_name(model)}).encode()


# -- proof ----------------------------------------------------------------------------------------------------


def _verify(snapshot: H5Snapshot, path: Path, options: OpenOptions | None) -> tuple[str, ...]:
    try:
        found = reload_in_clean_process(path, options)
    except ModelError as error:
        reason = f"a new process cannot open it again: {error.summary.replace(repr(path.name), 'the file')}"
        raise _refused(_two_places(snapshot.freeze_map) or reason.rstrip("."), error) from error
    if read_freeze_map(path) != snapshot.freeze_map or not found.is_map_whole:
        raise _refused("its freeze map differs when it is read back")
    if len(found.digests) != len(snapshot.values):
        count = f"{len(found.digests)} weights of {len(snapshot.values)}"
        raise _refused(_two_places(snapshot.freeze_map) or f"it has {count} when it is read back")
    for weight_path, value, found_digest in zip(found.weight_paths, snapshot.values, found.digests, strict=True):
        if digest(value) != found_digest:
            raise _refused(f"the weight {weight_path!r} differs when it is read back")
    return found.forgotten


def _refused(reason: str, error: Exception | None = None) -> ModelError:
    details = getattr(error, "details", "") or (repr(error) if error else "")
    return ModelError(
        f"This model cannot be saved as .h5: {reason}.",
        hint="Save it as .keras instead. Nothing was replaced.",
        details=details,
    )


def _cannot(verb: str, error: Exception) -> str:
    return f"Keras cannot {verb} it: {first_sentence(error).rstrip('.')}"


def _no_way_back(root: LayerRecord) -> str:
    """The reason that a subclassed model gives; empty for others."""
    if root.is_graph:
        return ""
    return f"{root.class_name} is a subclassed model, which such a file does not say how to build"


def _two_places(freeze_map: FreezeMap) -> str:
    """The reason that a layer in two submodels gives; empty where there is none."""
    for path, flags in freeze_map.layers.items():
        if flags.also_at:
            return f"the layer {path!r} also stands at {flags.also_at[0]!r}, and such a file would make two of it"
    return ""
