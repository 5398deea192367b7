"""Small models whose structure is hard to save: what the round trip needs beside `tests/models.py`."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

PACKAGE = "frostline_round_trip"
_WIDTH = 4

# -- wrappers and cells ---------------------------------------------------------------------------------------


def bidirectional() -> keras.Model:
    """Bidirectional layers over each other, one with a backward layer of its own."""
    text = keras.Input((5, 4), name="text")
    values = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="first")(text)
    ahead = layers.GRU(2, return_sequences=True, name="ahead")
    back = layers.GRU(2, return_sequences=True, go_backwards=True, name="back")
    values = layers.Bidirectional(ahead, backward_layer=back, name="second")(values)
    values = layers.Bidirectional(layers.LSTM(2), merge_mode="sum", name="last")(values)
    return keras.Model(text, layers.Dense(2, name="head")(values), name="bidirectional")


def time_distributed() -> keras.Model:
    """TimeDistributed over a submodel with BatchNormalization, and over itself."""
    text = keras.Input((3, 4), name="text")
    inner = keras.Sequential(
        [keras.Input((4,), name="step"), layers.Dense(4, name="dense"), layers.BatchNormalization(name="bn")],
        name="inner",
    )
    values = layers.Reshape((3, 4, 1), name="cut")(layers.TimeDistributed(inner, name="each")(text))
    values = layers.TimeDistributed(layers.TimeDistributed(layers.Dense(2, name="deep")), name="twice")(values)
    values = layers.Flatten(name="flat")(values)
    return keras.Model(text, layers.Dense(2, name="head")(values), name="time_distributed")


def stacked_cells() -> keras.Model:
    """StackedRNNCells, also with cells of one kind, and in a Bidirectional."""
    text = keras.Input((4, 3), name="text")
    cells = [layers.LSTMCell(3), layers.LSTMCell(3), layers.GRUCell(2)]
    values = layers.RNN(layers.StackedRNNCells(cells), return_sequences=True, name="stack")(text)
    two = layers.StackedRNNCells([layers.SimpleRNNCell(2, name="a"), layers.SimpleRNNCell(2, name="b")])
    values = layers.Bidirectional(layers.RNN(two), name="both")(values)
    return keras.Model(text, layers.Dense(2, name="head")(values), name="stacked_cells")


def attention() -> keras.Model:
    """MultiHeadAttention and its kin, with LayerNormalization between."""
    text = keras.Input((5, 4), name="text")
    values = layers.MultiHeadAttention(2, 2, dropout=0.1, name="mha")(text, text)
    values = layers.LayerNormalization(name="norm")(layers.Add(name="skip")([text, values]))
    values = layers.GroupQueryAttention(2, 4, 2, name="grouped")(values, values)
    values = layers.MultiHeadAttention(1, 3, value_dim=2, use_bias=False, name="narrow")(values, text)
    values = layers.GlobalAveragePooling1D(name="mean")(values)
    return keras.Model(text, layers.Dense(2, name="head")(values), name="attention")


# -- sharing --------------------------------------------------------------------------------------------------


def two_input_siamese() -> keras.Model:
    """Two inputs through one submodel, which holds another one and a BatchNormalization."""
    image = keras.Input((4,), name="image")
    core = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="dense"), layers.BatchNormalization(name="bn")])
    tower = keras.Model(image, layers.Dense(3, name="dense")(core(image)), name="tower")
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    both = layers.Concatenate(name="both")([tower(left), tower(right)])
    return keras.Model([left, right], layers.Dense(1, name="same")(both), name="two_input_siamese")


def tied_embedding() -> keras.Model:
    """An embedding that is used again as the output's kernel, and a Dense that is called twice."""
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    embedding = layers.ReversibleEmbedding(6, 4, name="embedding")
    twice = layers.Dense(4, name="twice")
    values = twice(twice(embedding(tokens)))
    return keras.Model(tokens, embedding(values, reverse=True), name="tied_embedding")


@keras.saving.register_keras_serializable(PACKAGE)
class Lender(layers.Layer):
    """Two layers of its own over one Dense: both hold it, and so does the lender."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.shared = layers.Dense(_WIDTH, name="shared")
        self.first = Borrower(self.shared, name="first")
        self.second = Borrower(self.shared, name="second")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.first.build(input_shape)
        self.second.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))

    def get_config(self) -> dict[str, Any]:
        # Without it the name would be lost (fact F9).
        return super().get_config()


class Borrower(layers.Layer):
    """Has a Dense of its own and one of somebody else."""

    def __init__(self, borrowed: layers.Layer, **settings: Any) -> None:
        super().__init__(**settings)
        self.borrowed = borrowed
        self.own = layers.Dense(_WIDTH, name="own")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if not self.borrowed.built:
            self.borrowed.build(input_shape)
        self.own.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.own(self.borrowed(inputs))


def lenders() -> keras.Model:
    """A sublayer that three composites share."""
    return keras.Sequential([keras.Input((4,)), Lender(name="lender"), layers.Dense(2, name="head")], name="lenders")


# -- subclassed models ----------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(PACKAGE)
class Attributes(keras.Model):
    """Layers in lists in dicts, under two names, under names around `layers`, and private (fact F22)."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.alias = self.entry = layers.Dense(_WIDTH, name="entry")
        self.blocks = [layers.Dense(_WIDTH) for _ in range(2)]
        self.branches = {"left": [layers.Dense(_WIDTH), layers.BatchNormalization()], "right": layers.Dense(_WIDTH)}
        self.layer_norm = layers.LayerNormalization()
        self.layers_after = layers.Dense(_WIDTH)
        self.pair = (layers.Dense(_WIDTH), layers.BatchNormalization(scale=False, center=False))
        self.zoom = keras.Sequential([layers.Dense(_WIDTH), layers.Dense(_WIDTH)])
        self._hidden = layers.Dense(2)
        self._again = self.blocks[1]

    def _chain(self) -> list[keras.Layer]:
        return [
            self.entry,
            *self.blocks,
            *self.branches["left"],
            self.branches["right"],
            self.layer_norm,
            self.layers_after,
            *self.pair,
            self.zoom,
            self._hidden,
        ]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for at, layer in enumerate(self._chain()):
            layer.build(input_shape if at == 0 else (*input_shape[:-1], _WIDTH))
        self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        values = inputs * self.scale
        for layer in self._chain():
            is_norm = isinstance(layer, layers.BatchNormalization)
            values = layer(values, training=training) if is_norm else layer(values)
        return values


def attributes() -> keras.Model:
    model = Attributes(name="attributes")
    model.build((None, 3))
    return model


@keras.saving.register_keras_serializable(PACKAGE)
class Blocks(keras.Model):
    """Submodels of its own class, so that `layers` stands in `layers`."""

    def __init__(self, depth: int = 2, **settings: Any) -> None:
        super().__init__(**settings)
        self.depth = depth
        self.first = layers.Dense(_WIDTH)
        self.middle = layers.BatchNormalization()
        self.next_block = Blocks(depth - 1) if depth else None
        self.then = layers.Dense(_WIDTH)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        inner = (*input_shape[:-1], _WIDTH)
        self.first.build(input_shape)
        for layer in filter(None, (self.middle, self.next_block, self.then)):
            layer.build(inner)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        values = self.middle(self.first(inputs), training=training)
        if self.next_block:
            values = self.next_block(values, training=training)
        return self.then(values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth": self.depth}


def subclassed_in_subclassed() -> keras.Model:
    model = Blocks(name="blocks")
    model.build((None, 4))
    return model


# -- composites -----------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(PACKAGE)
class Level(layers.Layer):
    """A composite that holds a composite, `depth` times; with weights of its own on each level."""

    def __init__(self, depth: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.depth = depth
        self.dense = layers.Dense(_WIDTH)
        self.norm = layers.BatchNormalization()
        self.inner = Level(depth - 1) if depth > 1 else layers.MultiHeadAttention(1, 2)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.gain = self.add_weight(shape=(_WIDTH,), initializer="ones", name="gain")
        self.dense.build(input_shape)
        self.norm.build(input_shape)
        if self.depth > 1:
            self.inner.build(input_shape)
        else:
            self.inner.build(input_shape, input_shape)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        values = self.norm(self.dense(inputs), training=training) * self.gain
        return self.inner(values, training=training) if self.depth > 1 else self.inner(values, values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth": self.depth}


def three_levels() -> keras.Model:
    """Three composites in each other, and attention in the innermost."""
    text = keras.Input((3, _WIDTH), name="text")
    values = layers.Flatten(name="flat")(Level(3, name="outer")(text))
    return keras.Model(text, layers.Dense(2, name="head")(values), name="three_levels")


@keras.saving.register_keras_serializable(PACKAGE)
class HoldsFunctional(layers.Layer):
    """A layer with a Functional and a Sequential model inside."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        inputs = keras.Input((_WIDTH,), name="values")
        values = layers.BatchNormalization(name="bn")(layers.Dense(_WIDTH, name="dense")(inputs))
        self.graph = keras.Model(inputs, layers.Dense(_WIDTH, name="out")(values), name="graph")
        self.chain = keras.Sequential([keras.Input((_WIDTH,)), layers.Dense(_WIDTH, name="dense")], name="chain")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.chain(self.graph(inputs, training=training))

    def get_config(self) -> dict[str, Any]:
        # Without it the name would be lost (fact F9).
        return super().get_config()


def holds_functional() -> keras.Model:
    return keras.Sequential(
        [keras.Input((4,)), HoldsFunctional(name="holder"), layers.Dense(2, name="head")], name="holds_functional"
    )


@keras.saving.register_keras_serializable(PACKAGE)
class Slashed(layers.Layer):
    """Attributes and keys with `/`, `%` and dots, keys that are equal as text, and weights of one name."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        setattr(self, "a/b", layers.Dense(_WIDTH, name="a"))
        setattr(self, "a%2Fb", layers.Dense(_WIDTH, name="b"))
        self.heads = {"x/y": layers.Dense(_WIDTH), "x.y": layers.Dense(_WIDTH), "": layers.Dense(_WIDTH)}

    def _chain(self) -> list[keras.Layer]:
        return [getattr(self, "a/b"), getattr(self, "a%2Fb"), *self.heads.values()]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for layer in self._chain():
            layer.build(input_shape)
        self.gains = [self.add_weight(shape=(_WIDTH,), initializer="ones", name="gain") for _ in range(3)]
        self.built = True

    def call(self, inputs: Any) -> Any:
        values = inputs
        for layer in self._chain():
            values = layer(values)
        return values * self.gains[0] * self.gains[1] + self.gains[2]

    def get_config(self) -> dict[str, Any]:
        # Without it the name would be lost (fact F9).
        return super().get_config()


def slashes() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), Slashed(name="slashed"), layers.Dense(2, name="head")], name="slashes")


def same_names() -> keras.Model:
    """Submodels with layers of one name, so that variable paths are not unique (fact F9)."""

    def submodel(name: str) -> keras.Model:
        inputs = keras.Input((_WIDTH,))
        values = layers.BatchNormalization(name="bn")(layers.Dense(_WIDTH, name="d1")(inputs))
        return keras.Model(inputs, layers.Dense(_WIDTH, name="d2")(values), name=name)

    inputs = keras.Input((_WIDTH,), name="values")
    values = layers.Add(name="sum")([submodel("left")(inputs), submodel("right")(inputs)])
    return keras.Model(inputs, layers.Dense(_WIDTH, name="d1")(values), name="same_names")


@keras.saving.register_keras_serializable(PACKAGE)
class NamelessWeights(layers.Layer):
    """Weights that were given no name, so that Keras counts them up: `variable_7`."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.gain = self.add_weight(shape=(_WIDTH,), initializer="ones")
        self.shifts = [self.add_weight(shape=(_WIDTH,), initializer="zeros") for _ in range(2)]
        self._hidden = self.add_weight(shape=(_WIDTH,), initializer="ones")
        self.built = True

    def call(self, inputs: Any) -> Any:
        return (inputs * self.gain + self.shifts[0]) * self._hidden + self.shifts[1]

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


def nameless_weights() -> keras.Model:
    return keras.Sequential(
        [keras.Input((4,)), NamelessWeights(name="gains"), NamelessWeights(name="more"), layers.Dense(2, name="head")],
        name="nameless_weights",
    )


# -- custom layers without get_config -------------------------------------------------------------------------


@keras.saving.register_keras_serializable(PACKAGE)
class Nameless(layers.Layer):
    """Takes no arguments, not even a name: it comes back renamed (fact F9)."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(_WIDTH)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.dense.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def get_config(self) -> dict[str, Any]:
        return {}


def nameless() -> keras.Model:
    """Three of them, of which a file keeps the places alone."""
    return keras.Sequential(
        [keras.Input((4,)), Nameless(), Nameless(), Nameless(), layers.Dense(2, name="head")], name="nameless"
    )


@keras.saving.register_keras_serializable(PACKAGE)
class NoConfig(layers.Layer):
    """Takes an argument and does not tell it: Keras cannot write it."""

    def __init__(self, units: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self.dense = layers.Dense(int(units))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.dense.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


@keras.saving.register_keras_serializable(PACKAGE)
class Simple(layers.Layer):
    """Without `get_config`, and Keras finds its arguments out by itself."""

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.units = units
        self.dense = layers.Dense(units)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.dense.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


def config_found_out() -> keras.Model:
    """A custom layer without `get_config` that can be saved all the same."""
    return keras.Sequential([keras.Input((4,)), Simple(4, name="simple"), layers.Dense(2, name="head")], name="simple")


def no_config() -> keras.Model:
    """A custom layer without `get_config` whose argument is an object: refused."""

    class Number:
        def __int__(self) -> int:
            return _WIDTH

    return keras.Sequential(
        [keras.Input((4,)), NoConfig(Number(), name="mystery"), layers.Dense(2, name="head")], name="no_config"
    )


# -- LoRA -----------------------------------------------------------------------------------------------------


def lora() -> keras.Model:
    """LoRA on layers of each kind that can have it (facts F8, F23)."""
    tokens = keras.Input((3,), dtype="int32", name="tokens")
    values = layers.Embedding(6, _WIDTH, name="embedding")(tokens)
    values = layers.EinsumDense("abc,cd->abd", (3, _WIDTH), bias_axes="d", name="einsum")(values)
    values = layers.Conv1D(_WIDTH, 2, name="conv")(layers.Dense(_WIDTH, name="dense")(values))
    model = keras.Model(tokens, layers.Dense(2, name="head")(layers.Flatten(name="flat")(values)), name="lora")
    for name in ("embedding", "einsum", "dense", "conv"):
        model.get_layer(name).enable_lora(2)
    return model
