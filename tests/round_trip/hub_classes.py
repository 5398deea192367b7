"""Makes the classes of KerasHub known to a process that is given this file as custom code."""

import keras_hub  # noqa: F401
