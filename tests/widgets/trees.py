"""Layer trees for tests: the shape of a real model without one."""

from __future__ import annotations

from itertools import count
from typing import Any

from msgspec.structs import replace

from editor.layers.records import LayerRecord, WeightRecord

VGG16_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class TreeBuilder:
    """Makes records with ids in walk order."""

    def __init__(self) -> None:
        self._layer_ids = count()
        self._weight_ids = count()

    def weight(self, name: str, shape: tuple[int, ...], *, trains: bool = True, statistics: bool = False):
        record = WeightRecord(next(self._weight_ids), name, shape, "float32", 0, statistics, trains and not statistics)
        return WeightRecord(
            record.weight_id, name, shape, "float32", 4 * record.num_parameters, statistics, record.is_trainable
        )

    def layer(self, name: str, class_name: str, weights=(), children=(), **more: Any) -> LayerRecord:
        return LayerRecord(
            next(self._layer_ids), name, class_name, weights=tuple(weights), children=tuple(children), **more
        )

    def conv(self, name: str, inputs: int, filters: int, size: int, *, trains: bool = True) -> LayerRecord:
        return self.layer(
            name,
            "Conv2D",
            (
                self.weight("kernel", (3, 3, inputs, filters), trains=trains),
                self.weight("bias", (filters,), trains=trains),
            ),
            output_shapes=((None, size, size, filters),),
            config={
                "name": name,
                "filters": filters,
                "kernel_size": [3, 3],
                "strides": [1, 1],
                "padding": "same",
                "activation": "relu",
                "use_bias": True,
                "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
            },
        )

    def dense(self, name: str, inputs: int, units: int) -> LayerRecord:
        weights = (self.weight("kernel", (inputs, units)), self.weight("bias", (units,)))
        return self.layer(name, "Dense", weights, output_shapes=((None, units),), config={"units": units})

    def norm(self, name: str, size: int) -> LayerRecord:
        weights = (
            self.weight("gamma", (size,)),
            self.weight("beta", (size,)),
            self.weight("moving_mean", (size,), statistics=True),
            self.weight("moving_variance", (size,), statistics=True),
        )
        return self.layer(name, "BatchNormalization", weights, output_shapes=((None, 7, 7, size),))

    def pool(self, name: str, *shape: int) -> LayerRecord:
        return self.layer(name, "MaxPooling2D", output_shapes=((None, *shape),))

    def vgg16(self, name: str = "vgg16", *, trains: bool = True) -> LayerRecord:
        children, inputs, size = [self.layer("input_1", "InputLayer", output_shapes=((None, 224, 224, 3),))], 3, 224
        for block, widths in enumerate(VGG16_BLOCKS, 1):
            for number, filters in enumerate(widths, 1):
                children.append(self.conv(f"block{block}_conv{number}", inputs, filters, size, trains=trains))
                inputs = filters
            size //= 2
            children.append(self.pool(f"block{block}_pool", size, size, inputs))
        return self.layer(name, "Functional", children=children, output_shapes=((None, 7, 7, 512),))


def vgg16_classifier() -> LayerRecord:
    """VGG16 inside a Sequential, with a normalised head."""
    build = TreeBuilder()
    children = (
        build.vgg16(),
        build.norm("batch_norm", 512),
        build.pool("pool", 512),
        build.dense("predictions", 512, 10),
    )
    return build.layer("", "Sequential", children=children, output_shapes=((None, 10),))


def shared_encoder() -> LayerRecord:
    """Two branches that hold the same encoder: 3 layers at 5 places."""
    build = TreeBuilder()
    encoder = build.dense("encoder", 8, 4)
    left = build.layer("left", "Functional", children=(encoder,))
    right = build.layer("right", "Functional", children=(encoder,))
    return build.layer("", "Functional", children=(left, right, build.dense("head", 4, 2)))


def normalization_only() -> LayerRecord:
    """A model whose first layer owns nothing but statistics."""
    build = TreeBuilder()
    statistics = (build.weight("mean", (3,), statistics=True), build.weight("variance", (3,), statistics=True))
    children = (build.layer("scale", "Normalization", statistics), build.dense("head", 3, 2))
    return build.layer("", "Sequential", children=children)


def flat(num_layers: int) -> LayerRecord:
    """Many layers below each other."""
    build = TreeBuilder()
    return build.layer("", "Sequential", children=[build.dense(f"dense_{at}", 4, 4) for at in range(num_layers)])


def resnet152() -> LayerRecord:
    """A backbone of 566 layers below each other with a head, named like ResNet152V2."""
    build = TreeBuilder()
    layers: list[LayerRecord] = []
    for stage, num_blocks in ((2, 3), (3, 8), (4, 36), (5, 3)):
        for block in range(1, num_blocks + 1):
            for part in range(4):
                name = f"conv{stage}_block{block}_{part}"
                layers.append(build.conv(f"{name}_conv", 64, 64, 7))
                layers.append(build.norm(f"{name}_bn", 64))
                layers.append(build.layer(f"{name}_relu", "Activation", output_shapes=((None, 7, 7, 64),)))
    layers = layers[:566]
    joined = [replace(layer, takes_from=(layers[at - 1].layer_id,)) if at else layer for at, layer in enumerate(layers)]
    backbone = build.layer("backbone", "Functional", children=joined, is_graph=True)
    head = build.dense("head", 64, 10)
    return build.layer("", "Sequential", children=(backbone, replace(head, takes_from=(backbone.layer_id,))))
