"""A subclassed model as people write transformers, with layers wherever Python can hold them."""

import keras
from keras import layers


@keras.saving.register_keras_serializable("frostline_tests")
class Block(layers.Layer):
    """Attention and a small network, each with a normalization before it."""

    def __init__(self, units=4, **settings):
        super().__init__(**settings)
        self.units = units
        self.attention = layers.MultiHeadAttention(2, 2)
        self.first_norm = layers.LayerNormalization()
        self.second_norm = layers.BatchNormalization()
        self.dense = keras.Sequential([layers.Dense(units), layers.Dense(units, name="out")])

    def build(self, input_shape):
        self.attention.build(input_shape, input_shape)
        for layer in (self.first_norm, self.second_norm, self.dense):
            layer.build(input_shape)
        self.built = True

    def call(self, values):
        normed = self.first_norm(values)
        values = values + self.attention(normed, normed)
        return values + self.dense(self.second_norm(values))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("frostline_tests")
class Renamed(layers.Layer):
    """Keeps no name in its configuration, so that it gets an automatic one in every process (fact F9)."""

    def __init__(self, units=4):
        super().__init__()
        self.units = units
        self.dense = layers.Dense(units)

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.built = True

    def call(self, values):
        return self.dense(values)

    def get_config(self):
        return {"units": self.units}


@keras.saving.register_keras_serializable("frostline_tests")
class BlockStack(keras.Model):
    """Blocks in a list, heads under keys of several kinds, a layer that no attribute names, weights of the root."""

    def __init__(self, num_blocks=4, units=4, **settings):
        super().__init__(**settings)
        self.num_blocks = num_blocks
        self.units = units
        self.blocks = [Block(units) for _ in range(num_blocks)]
        self.heads = {"left": layers.Dense(2), "right/most": layers.Dense(2), 'say "so"': layers.Dense(2)}
        self.pairs = [[layers.Dense(2), layers.Dense(2)], [layers.Dense(2), layers.ReLU()]]
        self.first_block = self.blocks[0]
        self.bag = {layers.Dense(2, name="in_the_bag")}
        setattr(self, "odd name", layers.Dense(2))

    def build(self, input_shape):
        for block in self.blocks:
            block.build(input_shape)
        ends = [*self.heads.values(), *(layer for pair in self.pairs for layer in pair), *self.bag]
        for layer in (*ends, getattr(self, "odd name")):
            layer.build(input_shape)
        self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")
        self.offset = self.add_weight(shape=(self.units,), name="scale")
        self.built = True

    def call(self, values):
        for block in self.blocks:
            values = block(values)
        values = values * self.scale + self.offset
        ends = [*self.heads.values(), *(pair[0] for pair in self.pairs), self.pairs[0][1], *self.bag]
        return sum(layer(values) for layer in (*ends, getattr(self, "odd name")))

    def get_config(self):
        return {**super().get_config(), "num_blocks": self.num_blocks, "units": self.units}


def block_stack():
    model = BlockStack(name="block_stack")
    model.build((None, 3, 4))
    return model


def renamed():
    """Layers without lasting names in a graph, beside others of the same automatic names."""
    steps = [keras.Input((4,)), layers.Dense(4), Renamed(), Renamed(), layers.Dense(4), Renamed(), layers.Dense(2)]
    return keras.Sequential(steps, name="renamed")
