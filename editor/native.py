"""What must be settled before TensorFlow or h5py is imported."""

from __future__ import annotations

import os


def prepare_tensorflow() -> None:
    """Sets TensorFlow's environment; what the user has set stays.

    With oneDNN, TensorFlow 2.21 writes outside its memory in the gradient of a convolution whose stride is greater than
    its kernel, such as the 1×1 convolutions of stride 2 in residual networks: the process dies of "double free" or a
    segmentation fault, or goes on with damaged values. `TF_ENABLE_ONEDNN_OPTS=1` in the environment turns it on again.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    forbid_hdf5_plugins()


def forbid_hdf5_plugins() -> None:
    """Keeps HDF5 from loading native code for filters that a file names, whatever the user has set.

    HDF5 looks for it in folders that others may write to. `::` is the library's own word for "none" (`H5PLextern.h`).
    """
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"
