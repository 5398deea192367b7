"""Makes the SavedModels in this folder: `python make_saved_models.py` with tf_keras and Keras 3 installed.

The graphs, which are most of a `saved_model.pb`, are taken out, so that the folders stay small; Frostline reads nothing of
them but constants that are the words of tables. `outputs.npz` in each has inputs and what tf_keras computes from them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

L = tf_keras.layers
FOLDER = Path(__file__).parent


class Blocks(tf_keras.Model):
    """A class of one's own, with layers in a list and in a dict."""

    def __init__(self):
        super().__init__(name="blocks_model")
        self.conv = L.Conv2D(2, 3)
        self.norm = L.BatchNormalization()
        self.blocks = [L.Dense(3), L.Dense(3)]
        self.heads = {"left": L.Dense(2), "right": L.Dense(2)}
        self._hidden = L.Dense(2)
        self.flat = L.Flatten()

    def call(self, inputs):
        x = self.flat(self.norm(self.conv(inputs)))
        for block in self.blocks:
            x = block(x)
        return self.heads["left"](x) + self.heads["right"](x) + self._hidden(x)


def sequential():
    model = tf_keras.Sequential(
        [
            L.Input((8, 8, 3)),
            L.Conv2D(4, 3, name="conv"),
            L.BatchNormalization(name="norm"),
            L.DepthwiseConv2D(2, name="depthwise"),
            L.Flatten(),
            L.Dense(3),
        ],
        name="plain",
    )
    model.get_layer("norm").trainable = False
    model.get_layer("conv").trainable = False
    model.compile("adam", "mse")
    return model


def functional():
    left, right, inside = L.Input((6,), name="left"), L.Input((6,), name="right"), L.Input((4,), name="inside")
    shared = L.Dense(4, activation="relu", name="shared")
    inner = tf_keras.Model(inside, L.BatchNormalization(name="norm")(L.Dense(4, name="dense")(inside)), name="inner")
    inner.get_layer("dense").trainable = False
    x = L.Add()([inner(shared(left)), shared(right)])
    x = L.Concatenate()([x * 2.0, inner(x)])
    return tf_keras.Model([left, right], [L.Dense(2, name="first")(x), L.Dense(1, name="second")(x)], name="nested")


def recurrent():
    return tf_keras.Sequential(
        [
            L.Input((5,), dtype="int32"),
            L.Embedding(11, 3),
            L.Bidirectional(L.LSTM(4, return_sequences=True), name="both"),
            L.GRU(3, return_sequences=True, name="gru"),
            L.TimeDistributed(L.Dense(2), name="each"),
            L.RNN([L.LSTMCell(3), L.GRUCell(2)], name="cells"),
            L.Dense(2),
        ],
        name="recurrent",
    )


def attention():
    tokens = L.Input((6, 4), name="tokens")
    x = L.MultiHeadAttention(2, 3, name="attention")(tokens, tokens)
    return tf_keras.Model(tokens, L.Dense(2)(L.LayerNormalization()(x + tokens)), name="attending")


def tables():
    """Layers that look up words and sort numbers into bins, and names with a slash, as TensorFlow 1 liked them."""
    texts, words = L.Input((1,), dtype="string", name="texts"), L.Input((2,), dtype="string", name="words")
    years, sizes = L.Input((2,), dtype="int64", name="years"), L.Input((1,), name="sizes")
    adapted = [
        (L.TextVectorization(output_mode="tf_idf", name="text"), ["the cat sat", "a dog ran the way", "cat and dög"]),
        (L.StringLookup(num_oov_indices=2, name="word"), ["left", "right", "left"]),
        (L.IntegerLookup(output_mode="multi_hot", name="year"), [1999, 2001, 2001, 1987]),
        (L.Discretization(num_bins=5, output_mode="one_hot", name="bins"), np.arange(0, 30, 0.1)),
        (L.Normalization(name="size"), np.arange(0, 30, 0.1)[:, None]),
    ]
    for layer, data in adapted:
        layer.adapt(data)
    text, word, year, bins, size = (layer for layer, _ in adapted)
    inner = tf_keras.Sequential([L.Input((1,)), size, L.Dense(3, name="a/dense"), L.ReLU()], name="inner/sizes")
    x = L.Concatenate()([L.Flatten()(L.Embedding(6, 2)(word(words))), year(years), bins(sizes), inner(sizes) * 2.0])
    ends = [L.Dense(2, name="last/dense")(x), L.Dense(2, name="last_dense")(text(texts))]
    return tf_keras.Model([texts, words, years, sizes], ends, name="tables")


def random_values(model):
    """Values that are not those of an initializer, so that a swap of weights is seen."""
    generator = np.random.default_rng(1)
    for variable in model.variables:
        if variable.dtype.is_floating:
            variable.assign(generator.uniform(0.1, 1.0, variable.shape))


def write(model, name, inputs):
    if name != "tables":
        random_values(model)
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    outputs = tf.nest.flatten(model(inputs if len(inputs) > 1 else inputs[0], training=False))
    model.save(folder, save_format="tf")
    arrays = {f"input_{number}": _array(value) for number, value in enumerate(inputs)}
    arrays |= {f"output_{number}": value.numpy() for number, value in enumerate(outputs)}
    without_graph(folder)
    np.savez_compressed(folder / "outputs.npz", **arrays)


def _array(value):
    """Texts as bytes, as no pickle may be in the file."""
    return value.numpy().astype("S") if isinstance(value, tf.Tensor) else value


def without_graph(folder):
    path = folder / "saved_model.pb"
    model = SavedModel.FromString(path.read_bytes())
    for graph in model.meta_graphs:
        # Some are the words of tables.
        constants = [node for node in graph.graph_def.node if node.op == "Const" and "value" in node.attr]
        graph.graph_def.Clear()
        if path.parent.name == "tables":
            graph.graph_def.node.extend(constants)
        graph.meta_info_def.stripped_op_list.Clear()
    path.write_bytes(model.SerializeToString())
    shutil.rmtree(folder / "assets")


def main():
    generator = np.random.default_rng(0)

    def numbers(*shape):
        return generator.standard_normal(shape).astype("float32")

    write(sequential(), "plain", [numbers(2, 8, 8, 3)])
    write(functional(), "nested", [numbers(2, 6), numbers(2, 6)])
    write(recurrent(), "recurrent", [generator.integers(0, 11, (2, 5)).astype("int32")])
    write(attention(), "attending", [numbers(2, 6, 4)])
    texts = tf.constant([["the dög"], ["zebra ran"]])
    words = tf.constant([["left", "up"], ["right", "down"]])
    write(tables(), "tables", [texts, words, np.array([[1999, 1], [2001, 1987]]), numbers(2, 1) * 10 + 15])
    blocks = Blocks()
    blocks(numbers(1, 8, 8, 3))
    blocks.conv.trainable = False
    write(blocks, "blocks", [numbers(2, 8, 8, 3)])
    exported = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])
    exported.layers[0].trainable = False
    shutil.rmtree(FOLDER / "exported", ignore_errors=True)
    exported.export(FOLDER / "exported", verbose=False)
    without_graph(FOLDER / "exported")


if __name__ == "__main__":
    main()
