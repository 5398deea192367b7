"""A model whose build() forgets its layers, so that Keras leaves their weights in the file."""

import keras


@keras.saving.register_keras_serializable("frostline_tests")
class ForgetfulBuild(keras.Model):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.one, self.two = keras.layers.Dense(4), keras.layers.Dense(4)

    def build(self, input_shape):
        self.temperature = self.add_weight(shape=(1,), name="temperature", initializer="ones")

    def call(self, values):
        return self.two(self.one(values)) * self.temperature
