"""What `tests/data/models/faceverifyai` needs, written from its configuration: a class, and its Lambda's stand-in."""

import keras


class L2Normalize(keras.layers.Layer):
    """Divides vectors by their length."""

    def __init__(self, axis=-1, **settings):
        super().__init__(**settings)
        self.axis = axis

    def call(self, vectors):
        return keras.ops.normalize(vectors, axis=self.axis, epsilon=1e-12)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "axis": self.axis}


def Lambda_lambda_14(similarity):
    """The Lambda `lambda_14` of the file: a cosine as a number from 0 to 1."""
    return (similarity + 1) / 2
