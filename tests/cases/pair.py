"""A composite layer whose two parts have one shape."""

import keras


class Pair(keras.layers.Layer):
    """Two layers of one shape, of which a file may hold one in the other's place."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.first, self.second = keras.layers.Dense(4, name="one"), keras.layers.Dense(4, name="two")

    def build(self, shape):
        self.first.build(shape)
        self.second.build(shape)

    def call(self, values):
        return self.second(keras.ops.tanh(self.first(values)))

    def get_config(self):
        return super().get_config()
