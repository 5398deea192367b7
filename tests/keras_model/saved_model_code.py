"""The class of `tests/data/saved_models/blocks` in Keras 3."""

from __future__ import annotations

import keras
from keras import layers


class Blocks(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(2, 3)
        self.norm = layers.BatchNormalization()
        self.blocks = [layers.Dense(3), layers.Dense(3)]
        self.heads = {"left": layers.Dense(2), "right": layers.Dense(2)}
        self._hidden = layers.Dense(2)
        self.flat = layers.Flatten()

    def call(self, inputs):
        x = self.flat(self.norm(self.conv(inputs)))
        for block in self.blocks:
            x = block(x)
        return self.heads["left"](x) + self.heads["right"](x) + self._hidden(x)
