"""What must be settled before TensorFlow or h5py is imported."""

from __future__ import annotations

import os

_GPU_DEVICES = ("/dev/nvidia0", "/dev/dxg")
"""What there is where TensorFlow may find a GPU: in Linux, and in the Linux of Windows."""


def prepare_tensorflow() -> None:
    """Sets TensorFlow's environment; what the user has set stays.

    With oneDNN, TensorFlow 2.21 writes outside its memory in the gradient of a convolution whose stride is greater than
    its kernel, such as the 1×1 convolutions of stride 2 in residual networks: the process dies of "double free" or a
    segmentation fault, or goes on with damaged values. `TF_ENABLE_ONEDNN_OPTS=1` in the environment turns it on again.

    On a CPU the operations of a step are done one after the other, each on all cores: side by side, TensorFlow 2.21
    gives other gradients from run to run in the last bits (MobileNetV2: 154 of 158, also with its
    `enable_op_determinism`), and a seeded run could not be repeated. `TF_NUM_INTEROP_THREADS=0` takes that back.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    if not any(map(os.path.exists, _GPU_DEVICES)):
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    forbid_hdf5_plugins()


def forbid_hdf5_plugins() -> None:
    """Keeps HDF5 from loading native code for filters that a file names, whatever the user has set.

    HDF5 looks for it in folders that others may write to. `::` is the library's own word for "none" (`H5PLextern.h`).
    """
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"
