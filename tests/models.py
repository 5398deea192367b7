"""Small real Keras models that the tests share, each with something that is hard about freezing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from tests.cases.small_cnn import SmallCNN

PACKAGE = "frostline_tests"
SEED = 7

# -- the three cases of the corpus ----------------------------------------------------------------------------


def digits_cnn() -> keras.Model:
    """Case 1: a flat Sequential."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits_cnn",
    )


def frozen_vgg16(size: int = 32, num_classes: int = 1000) -> keras.Model:
    """Case 2: VGG16 without top as the first layer of a Sequential; frozen as a whole by its own flag."""
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(size, size, 3), name="base")
    base.trainable = False
    head = [layers.GlobalAveragePooling2D(name="mean"), layers.Dense(num_classes, activation="softmax", name="head")]
    return keras.Sequential([base, *head], name="vgg_transfer")


def small_cnn() -> keras.Model:
    """Case 3: a subclassed model, of which only `conv1` is frozen."""
    model = SmallCNN(name="small_cnn")
    model.build((None, 8, 8, 3))
    model.conv1.trainable = False
    return model


# -- what else is hard ----------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(PACKAGE)
class Composite(layers.Layer):
    """Layers in a list, a dict and a private attribute, one of them under two names, and own weights of one name."""

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.units = units
        self.blocks = [
            layers.Dense(units, name="b0"),
            layers.LayerNormalization(name="b1"),
            layers.Dense(units, name="b2"),
        ]
        self.heads = {"left": layers.Dense(units, name="l"), "right/most": layers.Dense(units, name="r")}
        self.last_block = self.blocks[2]
        self._hidden = layers.Dense(units, name="h")
        self._dropout = layers.Dropout(0.5)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for layer in (*self.blocks, *self.heads.values(), self._hidden):
            layer.build((*input_shape[:-1], self.units))
        self.scale_in = self.add_weight(shape=(self.units,), initializer="ones", name="scale")
        self.scale_out = self.add_weight(shape=(self.units,), initializer="ones", name="scale")
        self.num_calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="num_calls")
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        values = inputs * self.scale_in
        for block in self.blocks:
            values = block(values)
        values = self.heads["left"](values) + self.heads["right/most"](values)
        return self._dropout(self._hidden(values), training=training) * self.scale_out

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def composites() -> keras.Model:
    """Composite layers and wrappers: the inside of each has flags that plain Keras forgets."""
    text = keras.Input((6, 8), name="text")
    values = layers.MultiHeadAttention(2, 4, dropout=0.1, name="mha")(text, text)
    values = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both")(values)
    values = layers.TimeDistributed(layers.Dense(8, name="inner"), name="each")(values)
    values = Composite(8, name="composite")(values)
    cells = layers.StackedRNNCells([layers.LSTMCell(5), layers.GRUCell(4)])
    values = layers.RNN(cells, name="stacked")(values)
    return keras.Model(text, layers.Dense(3, activation="softmax", name="head")(values), name="composites")


def siamese() -> keras.Model:
    """One nested Sequential with BatchNormalization, called on two inputs that one array is cut into."""
    tower = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, name="dense"), layers.BatchNormalization(name="bn"), layers.ReLU()],
        name="tower",
    )
    pair = keras.Input((8,), name="pair")
    left = layers.Reshape((2, 4), name="cut")(pair)
    first = layers.Cropping1D((0, 1), name="first")(left)
    second = layers.Cropping1D((1, 0), name="second")(left)
    flat = layers.Flatten(name="flat")
    both = layers.Concatenate(name="both")([tower(flat(first)), tower(flat(second))])
    return keras.Model(pair, layers.Dense(1, name="same")(both), name="siamese")


def shared_twice() -> keras.Model:
    """One Dense that stands in two submodels, so that it has two places."""
    shared = layers.Dense(4, name="shared")
    first = keras.Sequential([keras.Input((4,)), shared, layers.Dense(4, name="own")], name="first")
    second = keras.Sequential([keras.Input((4,)), shared], name="second")
    return keras.Sequential([keras.Input((4,)), first, second, layers.Dense(2, name="head")], name="shared_twice")


def bare_normalization() -> keras.Model:
    """A BatchNormalization of statistics alone, and an ordinary one."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, name="dense"),
            layers.BatchNormalization(scale=False, center=False, name="bare"),
            layers.Dense(5, name="middle"),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="bare_normalization",
    )


def spectral() -> keras.Model:
    """A wrapper that owns a statistics-like weight beside the layer that it wraps."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.SpectralNormalization(layers.Dense(4, name="inner"), name="spectral"),
            layers.Dense(2, name="head"),
        ],
        name="spectral",
    )


def deep_nest() -> keras.Model:
    """Functional in Sequential, three deep, with the same layer names on each level."""

    def level(inner: layers.Layer, name: str) -> keras.Model:
        inputs = keras.Input((4,))
        return keras.Model(inputs, layers.Dense(4, name="dense")(inner(inputs)), name=name)

    core = level(layers.Dense(4, name="start"), "core")
    middle = level(keras.Sequential([keras.Input((4,)), core, layers.Dense(4, name="dense")], name="wrap"), "middle")
    outer = keras.Sequential([keras.Input((4,)), middle, layers.Dense(4, name="dense")], name="outer")
    return keras.Sequential([keras.Input((4,)), outer, layers.Dense(3, name="logits")], name="deep_nest")


@keras.saving.register_keras_serializable(PACKAGE)
class AfterLayers(keras.Model):
    """Attributes that sort before and after `layers`, under which Keras stores the later ones (fact F22)."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.entry = layers.Dense(4, name="x")
        self.stack = [layers.Dense(4, name="y"), layers.Dense(4, name="z")]
        self.zoom = keras.Sequential([layers.Dense(4), layers.Dense(4), layers.BatchNormalization()])
        self._private = layers.Dense(2, name="p")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.entry.build(input_shape)
        hidden = (*input_shape[:-1], 4)
        for layer in (*self.stack, self.zoom, self._private):
            layer.build(hidden)
        self.built = True

    def call(self, inputs: Any) -> Any:
        values = self.entry(inputs)
        for layer in self.stack:
            values = layer(values)
        return self._private(self.zoom(values))


def after_layers() -> keras.Model:
    model = AfterLayers(name="after_layers")
    model.build((None, 3))
    return model


@keras.saving.register_keras_serializable(PACKAGE)
class Registered(keras.Model):
    """A class of its own that makes a Functional model, as the backbones of KerasHub are."""

    def __init__(self, units: int, **settings: Any) -> None:
        inputs = keras.Input((2, 4))
        values = layers.MultiHeadAttention(2, 2, name="mha")(inputs, inputs)
        super().__init__(inputs, layers.Dense(units, name="head")(values), **settings)
        self.units = units

    def get_config(self) -> dict[str, Any]:
        return {"units": self.units}


BUILDERS: tuple[Callable[[], keras.Model], ...] = (
    digits_cnn,
    frozen_vgg16,
    small_cnn,
    composites,
    siamese,
    shared_twice,
    bare_normalization,
    spectral,
    deep_nest,
    after_layers,
)
"""All models; each call gives a new one."""

SMALL_BUILDERS = tuple(builder for builder in BUILDERS if builder is not frozen_vgg16)


def seeded(builder: Callable[[], keras.Model]) -> keras.Model:
    """A model whose weights are the same at every call, and none of them at a value it might be initialised to."""
    keras.utils.set_random_seed(SEED)
    model = builder()
    source = np.random.default_rng(SEED)
    for weight in model.weights:
        weight.assign(source.uniform(0.05, 0.5, weight.shape).astype("float32"))
    return model


def sample_inputs(model: keras.Model, num_samples: int = 2) -> np.ndarray:
    """Random inputs of the right shape, `(num_samples, …)`, float32."""
    shape = model.inputs[0].shape if getattr(model, "inputs", None) else next(iter(model._build_shapes_dict.values()))
    return np.random.default_rng(SEED).uniform(size=(num_samples, *shape[1:])).astype("float32")


def outputs_of(model: keras.Model, num_samples: int = 2) -> np.ndarray:
    """What a model gives for `sample_inputs`, not training."""
    inputs = sample_inputs(model, num_samples)
    # In old files the only input stands in a list.
    structure = getattr(model, "_inputs_struct", None)
    return model(inputs if structure is None else keras.tree.pack_sequence_as(structure, [inputs])).numpy()
