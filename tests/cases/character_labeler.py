"""The custom classes of `tests/data/models/dataprofiler/structured_model.keras`, written from their configuration."""

import keras
import tensorflow as tf


class EncodingLayer(keras.layers.Layer):
    """The characters of each text as numbers from 1, with zeros behind its end."""

    def __init__(self, max_char_encoding_id, max_len, **settings):
        super().__init__(**settings)
        self.max_char_encoding_id = max_char_encoding_id
        self.max_len = max_len

    def call(self, texts):
        codes = tf.strings.unicode_decode(tf.reshape(texts, [-1]), "UTF-8") + 1
        codes = tf.ragged.map_flat_values(tf.minimum, codes, self.max_char_encoding_id + 1)
        return codes.to_tensor(shape=[None, self.max_len])

    def compute_output_spec(self, texts):
        return keras.KerasTensor((None, self.max_len), dtype="int32")

    def get_config(self):
        own = {"max_char_encoding_id": self.max_char_encoding_id, "max_len": self.max_len}
        return {**super().get_config(), **own}


class ThreshArgMaxLayer(keras.layers.Layer):
    """The likeliest label of each character; a default one where its confidence is below the threshold."""

    def __init__(self, threshold_, num_labels_, default_ind=1, **settings):
        super().__init__(**settings)
        self.threshold = threshold_
        self.num_labels = num_labels_
        self.default_ind = default_ind

    def call(self, labels, confidences):
        labels = keras.ops.cast(labels, "int64")
        is_sure = keras.ops.max(confidences, axis=2) >= self.threshold
        return keras.ops.where(is_sure, labels, keras.ops.cast(self.default_ind, "int64"))

    def get_config(self):
        own = {"threshold_": self.threshold, "num_labels_": self.num_labels, "default_ind": self.default_ind}
        return {**super().get_config(), **own}
