"""Carries out an edit of a model's structure on a copy, and shows that what stays is what it was.

Each structure of a model is a `.keras` file: that of before, so that the edit can be undone, and that of afterwards.
What is worked on from then on is the model as that file gives it, so that another process has the very same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from editor.errors import EditorError, ModelError
from editor.files.atomic import write_atomically
from editor.keras_model.compile_settings import compile_as, compile_text, uncompile
from editor.keras_model.error_text import first_sentence
from editor.keras_model.lora import has_lora
from editor.keras_model.optimizer_state import optimizer_state, put_state
from editor.keras_model.surgery.cutting import Cut, continue_behind, continue_output
from editor.keras_model.surgery.fresh_weights import fresh_values
from editor.keras_model.surgery.heads import make_head
from editor.keras_model.surgery.renaming import check_name, rename
from editor.keras_model.tables import check_words, words_in_config
from editor.keras_model.values import weight_digests
from editor.keras_model.walk import ModelIndex, walk_model
from editor.keras_model.written import load_written
from editor.layers.cutting import cut_at, structure_obstacle
from editor.layers.nodes import LayerNode
from editor.layers.structure import AddLayers, RenameLayer, ReplaceHead
from editor.layers.tree import LayerTree

_NOT_COMPILED = "The optimizer and the loss were the old head's and are left out; the next run chooses anew."


@dataclass(frozen=True)
class Changed:
    """A model with another structure.

    Attributes:
        index: The model as its file gives it.
        kept: The path of each layer that was there before, by its path then; each at its first place.
        notes: What a person should know, a sentence each.
    """

    index: ModelIndex
    kept: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def edit_structure(
    index: ModelIndex,
    edit: ReplaceHead | AddLayers | RenameLayer,
    before: Path,
    after: Path,
    custom_objects: dict[str, Any] | None = None,
) -> Changed:
    """Makes a model with another structure; the one that is given is left as it is.

    Args:
        index: The live model.
        edit: What is asked for.
        before: File of its structure; written if it is not there.
        after: File of the other structure, to be written.
        custom_objects: Classes and functions that the model needs.

    Raises:
        ModelError: The edit does not fit the model, or Keras cannot write or read the model.
        FileError: A file cannot be written.
    """
    tree = LayerTree(index.root)
    _check(tree, edit)
    if not before.exists():
        write_structure(index, before)
    copy = _same(index, load_structure(before, custom_objects))
    cut = _edited(copy, tree, edit, custom_objects)
    made = walk_model(cut.model)
    write_structure(made, after)
    changed = load_structure(after, custom_objects)
    kept = _kept(copy, made)
    if weight_digests(changed) != weight_digests(made) or _outline(changed) != _outline(made):
        raise ModelError(
            "Keras wrote the new model, but reading it back gave another one.", hint="Nothing was changed."
        )
    notes = cut.notes
    if isinstance(edit, RenameLayer):
        notes = (*notes, *_compiled_alike(index, changed, edit, custom_objects))
    elif index.model.compiled:
        notes = (*notes, _NOT_COMPILED)
    return Changed(changed, kept, notes)


def write_structure(index: ModelIndex, path: Path) -> None:
    """Writes a model, so that `load_structure` gives it back.

    Raises:
        ModelError: Keras cannot write it.
        FileError: The file cannot be written.
    """
    check_words(index.model)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with write_atomically(path) as temporary, words_in_config(index.model, only_where_lost=True):
            index.model.save(temporary)
    except (EditorError, OSError):
        raise
    # Keras raises whatever a layer's get_config raised.
    except Exception as error:
        raise ModelError(
            f"Keras cannot write this model, so no edit of its layers could be undone: {first_sentence(error)}",
            hint="A custom layer needs a get_config() that returns its arguments.",
            details=repr(error),
        ) from error


def load_structure(path: Path, custom_objects: dict[str, Any] | None = None) -> ModelIndex:
    """A model that `write_structure` has written.

    Raises:
        ModelError: Keras cannot read it.
        FileError: The file is gone.
    """
    return walk_model(load_written(path, custom_objects))


# -- before ---------------------------------------------------------------------------------------------------


def _check(tree: LayerTree, edit: ReplaceHead | AddLayers | RenameLayer) -> None:
    """Refuses what the layers as such do not allow, before anything is written."""
    if obstacle := structure_obstacle(tree):
        raise ModelError(obstacle, hint="Its weights can be re-initialised.")
    if has_lora(tree.root.record):
        raise ModelError(
            "LoRA is enabled in this model, and Keras merges it into the weights when it writes a file.",
            hint="Save the model and open that file; then its layers can be edited.",
        )
    match edit:
        case ReplaceHead():
            cut = cut_at(tree, _layer(tree, edit.path))
            if cut.problem:
                raise ModelError(cut.problem, hint=f"Cut behind {cut.nearest}." if cut.nearest else "")
        case RenameLayer():
            check_name(tree, _layer(tree, edit.path), edit.name)


def _layer(tree: LayerTree, path: str) -> LayerNode:
    node = tree.find(path)
    if not isinstance(node, LayerNode):
        raise ModelError(f"The model has no layer {path!r}.", hint="Choose one of its layers.")
    return node


def _same(index: ModelIndex, copy: ModelIndex) -> ModelIndex:
    """The copy with the weights of now.

    Raises:
        ModelError: It is another model.
    """
    if _outline(index) != _outline(copy) or len(index.model.variables) != len(copy.model.variables):
        raise ModelError(
            "Written to a file and read back, this model has other layers, so no edit of them could be undone.",
            hint="Its custom layers must keep their names: their get_config() has to return that of keras.Layer too.",
        )
    for variable, other in zip(index.model.variables, copy.model.variables, strict=True):
        other.assign(variable)
    return copy


def _outline(index: ModelIndex) -> list[tuple[str, str, tuple[tuple[str, tuple[int, ...], str], ...]]]:
    return [
        (
            layer.path,
            layer.record.class_name,
            tuple((weight.name, weight.shape, weight.dtype) for weight in layer.record.weights),
        )
        for layer in LayerTree(index.root).walk_layers()
    ]


# -- the edit -------------------------------------------------------------------------------------------------


def _edited(
    copy: ModelIndex,
    tree: LayerTree,
    edit: ReplaceHead | AddLayers | RenameLayer,
    custom_objects: dict[str, Any] | None,
) -> Cut:
    taken = {layer.name for layer in copy.model._flatten_layers()}
    try:
        match edit:
            case RenameLayer():
                rename(copy, _layer(tree, edit.path), edit.name)
                return Cut(copy.model)
            case ReplaceHead():
                place = tuple(_place(copy, _layer(tree, edit.path)))
                head = make_head(edit.head, cut_at(tree, _layer(tree, edit.path)).shape, taken)
                cut = continue_behind(place, head)
            case AddLayers():
                head = make_head(edit.head, _output_shape(tree), taken)
                cut = continue_output(copy.model, head)
    except EditorError:
        raise
    # Keras raises what it met, and so does a class of the user's own that is called again.
    except Exception as error:
        raise ModelError(
            f"Keras cannot put these layers together: {first_sentence(error)}", details=repr(error)
        ) from error
    for variable, value in fresh_values(head, seed=edit.seed, custom_objects=custom_objects):
        variable.assign(value)
    return cut


def _place(index: ModelIndex, layer: LayerNode) -> Iterator[keras.Layer]:
    """The layer with all that hold it, the model first."""
    if layer.parent is not None:
        yield from _place(index, layer.parent)
    yield index.layers[layer.record.layer_id]


def _output_shape(tree: LayerTree) -> tuple[int | None, ...]:
    shapes = tree.root.record.output_shapes
    if len(shapes) != 1:
        what = f"has {len(shapes)} outputs" if shapes else "does not tell the shape of its output"
        raise ModelError(
            f"The model {what}, and layers go on top of one.",
            hint="Replace the head behind the layer that the new layers are to take from.",
        )
    return shapes[0]


# -- afterwards -----------------------------------------------------------------------------------------------


def _kept(before: ModelIndex, after: ModelIndex) -> dict[str, str]:
    """Which layer became which: the same object, or, of a nested model that was cut, one of the same path."""
    old, new = LayerTree(before.root), LayerTree(after.root)
    by_object = {
        id(after.layers[layer.record.layer_id]): layer for layer in new.walk_layers() if new.is_first_place(layer)
    }
    kept = {}
    for layer in old.walk_layers():
        if not old.is_first_place(layer):
            continue
        same = by_object.get(id(before.layers[layer.record.layer_id]))
        other = new.find(layer.path)
        if same is None and layer.record.is_graph and isinstance(other, LayerNode) and other.record.is_graph:
            same = other
        if same is not None:
            kept[layer.path] = same.path
    return kept


def _compiled_alike(
    index: ModelIndex, changed: ModelIndex, edit: RenameLayer, custom_objects: dict[str, Any] | None
) -> tuple[str, ...]:
    """Compiles the renamed model as the one before, whose variables have the same order."""
    text, state = compile_text(index.model), optimizer_state(index)
    if text is None:
        return ()
    trained = [changed.variables[each] for each in (state.weight_ids if state else ()) if each >= 0]
    names = {layer.name for layer in index.model.layers if layer.name == edit.path}
    if any(f'"{name}"' in text for name in names):
        # A loss or metric is told by the name of the output that is called otherwise now.
        uncompile(changed.model)
        return (_NOT_COMPILED,)
    notes = compile_as(changed.model, text, trained, custom_objects)
    if state and getattr(changed.model, "optimizer", None):
        put_state(changed, state)
    return notes
