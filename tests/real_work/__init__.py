"""Real work beside plain Keras; both compute as the program does, with the same switches of TensorFlow."""

import os

from editor.native import prepare_tensorflow

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
prepare_tensorflow()
