"""What a walk over a model yields: plain data that crosses the process boundary."""

from __future__ import annotations

from typing import Any

import msgspec

Shape = tuple[int | None, ...]
"""The shape of one tensor, the batch first; None where a size is free."""


class WeightRecord(msgspec.Struct, frozen=True):
    """One variable of a layer.

    Attributes:
        weight_id: Index of the variable in the model, 0 upwards in walk order. A variable that two layers hold
            (tied embeddings) has one id.
        name: Keras's variable name, `#1`, `#2` appended where names repeat in one layer.
        shape: Shape of the variable.
        dtype: Keras dtype name, such as `float32`.
        num_bytes: Size of the values, as Keras counts it.
        is_statistics: True for a weight that is never trained, such as BatchNormalization's moving mean.
        is_trainable: The variable's own flag when the model was walked; False for statistics.
        position: Its index in Keras's `model.variables`, in whose order optimizers keep their slots; -1 if it is not
            among them.
        attribute: The layer's attribute that holds it, such as `kernel` or `_kernel`; empty if none does.
        is_name_known: False in a preview of a file that does not tell the name; then it is the number in Keras's
            weights file.
        is_kind_known: False in a preview of a file that does not tell whether it ever trains; then it is taken for a
            weight that does.
    """

    weight_id: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    num_bytes: int
    is_statistics: bool
    is_trainable: bool
    position: int = -1
    attribute: str = ""
    is_name_known: bool = True
    is_kind_known: bool = True

    @property
    def num_parameters(self) -> int:
        """The number of values: the product of the shape."""
        count = 1
        for size in self.shape:
            count *= size
        return count


class LayerRecord(msgspec.Struct, frozen=True):
    """One layer at one place. A shared layer has a record at each place, all with the same `layer_id`.

    Attributes:
        layer_id: Index of the layer object in the model, 0 upwards in walk order.
        name: Its path below its parent: one name as a rule, `blocks/0` for an item of a list; a `/` inside a name
            is written `%2F` already. Empty for the root.
        class_name: Name of the layer's class, such as `Conv2D`; empty in a preview of a file that does not tell it.
        store: The group that Keras's weights file gives the layer, such as `layers/functional/layers/conv2d_3`;
            empty where Keras's own walk does not reach it.
        output_shapes: One shape for each output tensor; empty where Keras cannot tell.
        is_flag_set: The layer's own `trainable` flag when the model was walked.
        weights: The variables that the layer itself owns.
        children: The layers it holds, in Keras's order.
        config: Its `get_config()` as plain JSON values; empty where there is none.
        is_graph: Whether it is a Functional or Sequential model, whose children Keras restores one by one with their
            own flags (fact F15); its children stand in the order of the graph.
        takes_from: The `layer_id`s of the siblings whose output it takes in the graph of its parent. In a parent that
            is no graph: of the sibling that is called before it, where a trace of the calls could tell.
        num_calls: How often the graph of its parent calls it; 1 where that is not told.
        fixed_training: The value of `training` that is baked into its calls in the graph (fact F6); None if none is.
            In training Keras overrides it.
        has_lora: Whether LoRA is enabled on it (fact F8).
        access: The steps in Python from its parent to it: `('.get_layer("conv1")',)`, `(".query_dense",)`,
            `(".blocks", "[0]")`. Unlike `name` it does not leave open whether `0` is an index or a key.
        is_name_known: False in a preview of a file that does not tell the name; then it is the last part of `store`.
        are_weights_known: False in a preview of an architecture that does not tell what weights the layer itself owns.
    """

    layer_id: int
    name: str
    class_name: str
    store: str = ""
    output_shapes: tuple[Shape, ...] = ()
    is_flag_set: bool = True
    weights: tuple[WeightRecord, ...] = ()
    children: tuple[LayerRecord, ...] = ()
    config: dict[str, Any] = {}
    is_graph: bool = False
    takes_from: tuple[int, ...] = ()
    fixed_training: bool | None = None
    has_lora: bool = False
    access: tuple[str, ...] = ()
    is_name_known: bool = True
    are_weights_known: bool = True
    num_calls: int = 1
