"""Makes `nodes.h5` and what tf_keras computes with it: `python make_nodes.py` with tf_keras installed.

In a graph, tf_keras keeps operations as `TensorFlowOpLayer`, as Keras 2.0 to 2.3 did; this is a process of its own, as
TensorFlow goes back to eager execution no more.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf
import tf_keras
from tf_keras import layers

tf.compat.v1.disable_eager_execution()
FOLDER = Path(__file__).parent


def model():
    start = layers.Input((4, 6), name="start")
    x = tf.concat([start, layers.Dense(6)(start)], axis=-1)
    x = (tf.nn.relu(x) * 2.0 + 1.0 - 0.5) / 3.0
    x = tf.reduce_mean(x, axis=1)[:, 2:8]
    x = tf.transpose(tf.reshape(x, (-1, 3, 2)), [0, 2, 1])
    x = tf.maximum(tf.sqrt(tf.abs(x)), 0.1)
    x = tf.sigmoid(x) + tf.tanh(x) + tf.exp(-x) + tf.square(x)
    x = tf.squeeze(tf.expand_dims(x, 1), 1)
    x = tf.clip_by_value(x, 0.2, 5.0)
    x = tf.matmul(x, x, transpose_b=True)
    x = tf.stack([x[:, 0], x[:, 1, :]], axis=1)
    x = tf.nn.softmax(tf.reduce_sum(x, axis=[1], keepdims=True))
    return tf_keras.Model(start, layers.Dense(2)(x), name="nodes")


def main():
    made = model()
    value = np.random.default_rng(0).normal(size=(3, 4, 6)).astype("float32")
    made.save(FOLDER / "nodes.h5", include_optimizer=False)
    np.savez_compressed(FOLDER / "outputs.npz", input=value, output=made.predict(value))


if __name__ == "__main__":
    main()
