"""Training; its commands, and the engines that import them again, compute with the program's own switches."""

import os

from editor.native import prepare_tensorflow

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
prepare_tensorflow()
