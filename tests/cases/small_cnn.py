"""A subclassed model as people write them, to be given by `--custom-code`; it can be built from a saved file."""

import keras


class SmallCNN(keras.Model):
    """Two convolutions and a classifier on the mean of each channel."""

    def __init__(self, filters=4, num_classes=3, **settings):
        super().__init__(**settings)
        self.filters = filters
        self.num_classes = num_classes
        self.conv1 = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")
        self.conv2 = keras.layers.Conv2D(2 * filters, 3, padding="same", activation="relu")
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.dense = keras.layers.Dense(num_classes, activation="softmax")

    def build(self, input_shape):
        self.conv1.build(input_shape)
        self.conv2.build((*input_shape[:-1], self.filters))
        self.dense.build((input_shape[0], 2 * self.filters))
        self.built = True

    def call(self, images):
        return self.dense(self.pool(self.conv2(self.conv1(images))))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "num_classes": self.num_classes}
