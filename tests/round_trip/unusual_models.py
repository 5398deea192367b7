"""Small models whose values, inputs or containers are unusual: the rest of what the round trip needs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from tests.round_trip.hard_models import PACKAGE

_WIDTH = 4

# -- inputs and outputs ---------------------------------------------------------------------------------------


def dict_inputs_and_outputs() -> keras.Model:
    """Inputs and outputs in dicts, one head for each output."""
    inputs = {"left": keras.Input((3,), name="left"), "right": keras.Input((2,), name="right")}
    both = layers.Concatenate(name="both")([inputs["left"], inputs["right"]])
    body = layers.BatchNormalization(name="bn")(layers.Dense(_WIDTH, name="body")(both))
    outputs = {name: layers.Dense(2, name=name)(body) for name in ("one", "two")}
    return keras.Model(inputs, outputs, name="dict_inputs_and_outputs")


def preprocessing() -> keras.Model:
    """Layers without weights, with a seed, and with numbers that were learnt from data before the training."""
    normalization = layers.Normalization(name="normalization")
    normalization.adapt(np.random.default_rng(1).normal(3, 2, (50, 6, 6, 1)))
    return keras.Sequential(
        [
            keras.Input((6, 6, 1), name="image"),
            normalization,
            layers.RandomFlip(name="flip"),
            layers.GaussianNoise(0.1, name="noise"),
            layers.Pipeline([layers.Rescaling(0.5, name="half"), layers.RandomRotation(0.1)], name="pipeline"),
            layers.Conv2D(2, 3, name="conv"),
            layers.GroupNormalization(1, name="group"),
            layers.SpectralNormalization(layers.Conv2D(2, 2, name="inner"), name="spectral"),
            layers.PReLU(name="prelu"),
            layers.Flatten(name="flat"),
            layers.Dense(2, name="head"),
        ],
        name="preprocessing",
    )


# -- types of values ------------------------------------------------------------------------------------------


def mixed_types() -> keras.Model:
    """Weights of 2, 4 and 8 bytes, and a layer that computes in 2 bytes over weights of 4."""
    return keras.Sequential(
        [
            keras.Input((4,), name="values"),
            layers.Dense(_WIDTH, dtype="bfloat16", name="bfloat16"),
            layers.BatchNormalization(dtype="float16", name="float16"),
            layers.Dense(_WIDTH, dtype="mixed_bfloat16", name="mixed"),
            layers.Dense(_WIDTH, dtype="float64", name="float64"),
            layers.BatchNormalization(name="bn"),
            layers.Dense(2, name="head"),
        ],
        name="mixed_types",
    )


def quantized() -> keras.Model:
    """Whole numbers of 1 byte, which cannot train, beside what can."""
    model = keras.Sequential(
        [
            keras.Input((4,), name="values"),
            layers.Dense(_WIDTH, name="small"),
            layers.BatchNormalization(name="bn"),
            layers.Dense(2, name="head"),
        ],
        name="quantized",
    )
    model.get_layer("small").quantize("int8")
    return model


# -- containers -----------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(PACKAGE)
class KeepsOneOfItsParts(keras.Model):
    """Holds a submodel and one layer of it, which so has two places, the shorter one first."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        inputs = keras.Input((_WIDTH,), name="values")
        values = layers.BatchNormalization(name="bn")(layers.Dense(_WIDTH, name="narrow")(inputs))
        self.encoder = keras.Model(inputs, values, name="encoder")
        self.bottleneck = self.encoder.get_layer("narrow")
        self.head = layers.Dense(2, name="head")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.head.build((*input_shape[:-1], _WIDTH))
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.head(self.encoder(inputs, training=training) + self.bottleneck(inputs))


def part_of_a_submodel() -> keras.Model:
    model = KeepsOneOfItsParts(name="keeps_one")
    model.build((None, _WIDTH))
    return model


@keras.saving.register_keras_serializable(PACKAGE)
class HasLayers(layers.Layer):
    """A composite whose attribute is really called `layers`, beside others that sort around it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.after = layers.Dense(_WIDTH)
        self.layers = [layers.Dense(_WIDTH), [layers.Dense(_WIDTH), {"deep": layers.Dense(_WIDTH)}]]
        self.zero = layers.BatchNormalization()

    def _chain(self) -> list[keras.Layer]:
        return [self.after, self.layers[0], self.layers[1][0], self.layers[1][1]["deep"], self.zero]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for layer in self._chain():
            layer.build(input_shape)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        values = inputs
        for layer in self._chain()[:-1]:
            values = layer(values)
        return self.zero(values, training=training)

    def get_config(self) -> dict[str, Any]:
        # Without it the name would be lost (fact F9).
        return super().get_config()


def attribute_called_layers() -> keras.Model:
    return keras.Sequential(
        [keras.Input((4,), name="values"), HasLayers(name="has"), layers.Dense(2, name="head")], name="has_layers"
    )


@keras.saving.register_keras_serializable(PACKAGE)
class Tied(layers.Layer):
    """A kernel that belongs to another layer as well, and one that is the sublayer's."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.dense = layers.Dense(_WIDTH)
        self.mirror = Mirror()

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.dense.build(input_shape)
        self.mirror.kernel = self.dense.kernel
        self.mirror.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.mirror(self.dense(inputs))

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


class Mirror(layers.Layer):
    """Multiplies with a kernel of somebody else, and adds a shift of its own."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.shift = self.add_weight(shape=(_WIDTH,), initializer="zeros", name="shift")
        self.built = True

    def call(self, inputs: Any) -> Any:
        return keras.ops.matmul(inputs, keras.ops.transpose(self.kernel)) + self.shift


def tied_weight() -> keras.Model:
    """One variable that two layers own."""
    return keras.Sequential(
        [keras.Input((4,), name="values"), Tied(name="tied"), layers.Dense(2, name="head")], name="tied_weight"
    )


@keras.saving.register_keras_serializable(PACKAGE)
class Extended(keras.Model):
    """A Functional model with a class of its own and layers in attributes beside its graph."""

    def __init__(self, width: int = _WIDTH, **settings: Any) -> None:
        inputs = keras.Input((3,), name="values")
        body = layers.Dense(width, name="body")
        norm = layers.BatchNormalization(name="norm")
        super().__init__(inputs, layers.Dense(2, name="head")(norm(body(inputs))), **settings)
        self.width = width
        self.body = body
        self.aside = layers.Dense(width, name="aside")
        self.aside.build((None, 3))

    def get_config(self) -> dict[str, Any]:
        return {"width": self.width, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Extended:
        return cls(**config)


def extended_functional() -> keras.Model:
    """A layer that is no part of the graph has weights in the file all the same."""
    return Extended(name="extended")


@keras.saving.register_keras_serializable(PACKAGE)
class OwnStatistics(keras.Model):
    """A root that owns weights and statistics itself, beside layers with automatic names in a graph of its own."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.chain = keras.Sequential([layers.Dense(_WIDTH), layers.BatchNormalization(), layers.Dense(_WIDTH)])

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.chain.build(input_shape)
        self.gain = self.add_weight(shape=(_WIDTH,), initializer="ones", name="gain")
        self.mean = self.add_weight(shape=(_WIDTH,), initializer="zeros", name="mean", trainable=False)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return (self.chain(inputs, training=training) - self.mean) * self.gain


def root_with_statistics() -> keras.Model:
    model = OwnStatistics(name="own_statistics")
    model.build((None, 3))
    return model


def trained_before() -> keras.Model:
    """Compiled and trained, so that an optimizer and metrics hang on it."""
    model = keras.Sequential(
        [
            keras.Input((4,), name="values"),
            layers.Dense(_WIDTH, name="dense"),
            layers.BatchNormalization(name="bn"),
            layers.Dense(2, name="head"),
        ],
        name="trained_before",
    )
    model.compile("adam", "mse", metrics=["mae"])
    source = np.random.default_rng(1)
    model.fit(source.uniform(size=(8, 4)), source.uniform(size=(8, 2)), verbose=0)
    return model
