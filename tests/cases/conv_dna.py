"""The custom class of `tests/data/models/mmsplice/Acceptor.h5`, as far as the file needs it."""

import keras


class ConvDNA(keras.layers.Conv1D):
    """A convolution over one-hot encoded bases; the arguments of the original that do not concern its output go."""

    def __init__(self, *args, seq_length=None, background_probs=None, **settings):
        super().__init__(*args, **settings)
        self.seq_length = seq_length
        self.background_probs = background_probs

    def get_config(self):
        config = {**super().get_config(), "seq_length": self.seq_length, "background_probs": self.background_probs}
        config.pop("groups")
        return config
