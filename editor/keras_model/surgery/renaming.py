"""Another name for a layer of a Functional or Sequential model."""

from __future__ import annotations

from editor.errors import ModelError
from editor.keras_model.walk import ModelIndex
from editor.layers.nodes import LayerNode
from editor.layers.structure import name_problem
from editor.layers.tree import LayerTree


def check_name(tree: LayerTree, layer: LayerNode, name: str) -> None:
    """Refuses a name that a layer cannot have.

    Raises:
        ModelError: The layer has no name of its own, or the name is no good, or taken.
    """
    if layer.parent is None or not layer.parent.record.is_graph:
        raise ModelError(
            f"{layer.path or 'The model'} is called after the attribute that holds it, which is in its class's code.",
            hint="Layers of Sequential and Functional models can be renamed.",
        )
    if layer.record.class_name == "InputLayer":
        raise ModelError(f"{layer.path} is an input; data are given to it by this name.", hint="Rename another layer.")
    if problem := name_problem(name):
        raise ModelError(f"{layer.path} cannot be called {name!r}. {problem}")
    for place in tree.places(layer):
        if place.parent and any(other is not place and other.name == name for other in place.parent.children):
            raise ModelError(
                f"{place.parent.path or 'The model'} has a layer {name!r} already.", hint="Choose another name."
            )


def rename(index: ModelIndex, layer: LayerNode, name: str) -> None:
    """Calls a layer of a model otherwise; its configuration, and what is made of it, has the new name."""
    # The name is nowhere else but in the configuration that is written next.
    index.layers[layer.record.layer_id].name = name
