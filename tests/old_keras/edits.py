"""Turns the configuration that `tf_keras` writes into what older versions of Keras wrote."""

from __future__ import annotations

import contextlib
import json
from typing import Any


def without_modules(config: Any) -> Any:
    """As Keras wrote it up to 2.12: no module beside a class."""
    if isinstance(config, dict):
        gone = ("module", "registered_name", "build_config")
        return {key: without_modules(value) for key, value in config.items() if key not in gone}
    return [without_modules(value) for value in config] if isinstance(config, list) else config


def with_policies(config: Any) -> Any:
    """As TensorFlow 2.1 to 2.3 wrote it: a policy in place of each data type, and one in each initializer."""
    text = json.dumps(config)
    policy = {"class_name": "Policy", "config": {"name": "float32"}}
    text = text.replace('"trainable": true, "dtype": "float32"', f'"trainable": true, "dtype": {json.dumps(policy)}')
    return json.loads(text.replace('"config": {"seed": null}', '"config": {"seed": null, "dtype": "float32"}'))


def without_inputs(config: Any) -> Any:
    """As Keras 2.2 wrote a Sequential: the shape of the input stands at the first layer alone."""
    shape = config["config"]["layers"][0]["config"]["batch_input_shape"]
    layers = config["config"]["layers"][1:]
    layers[0]["config"]["batch_input_shape"] = shape
    return {**config, "config": {"name": config["config"]["name"], "layers": layers}}


def as_list(config: Any) -> Any:
    """As Keras 2.0 wrote a Sequential: a bare list of layers."""
    return {**config, "config": without_inputs(without_modules(config))["config"]["layers"]}


def with_binary_nodes(config: Any) -> Any:
    """As TensorFlow 2.0 and 2.1 wrote the nodes of operations, where that was a text at all."""
    import tensorflow as tf
    from google.protobuf import json_format

    if isinstance(config, list):
        return [with_binary_nodes(value) for value in config]
    if not isinstance(config, dict):
        return config
    changed = {key: with_binary_nodes(value) for key, value in config.items()}
    if "node_def" in config:
        node = json_format.ParseDict(config["node_def"], tf.compat.v1.NodeDef()).SerializeToString()
        with contextlib.suppress(UnicodeDecodeError):
            changed["node_def"] = node.decode()
    return changed
