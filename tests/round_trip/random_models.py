"""Previews of random models beside live ones: `python -m tests.round_trip.random_models [--examples N] [--seed N]`.

Each model is of random layers of Keras with random arguments, nested, shared, quantized and frozen at random; plain
Keras saves it in each format; each file is read as a preview and opened by the program. Ends non-zero if any differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers

from editor.errors import EditorError
from editor.files.options import OpenOptions
from editor.files.preview import read_preview
from editor.keras_model.opening import open_model
from editor.keras_model.walk import walk_model
from tests.round_trip.parity import compare

_SIZES = {"row": (6,), "signal": (6, 4), "image": (8, 8, 3), "video": (3, 6, 6, 2), "tokens": (6,)}
_POLICIES = ("mixed_float16", "mixed_bfloat16", "float64", "float16", "bfloat16")
Make = Callable[[Random], keras.Layer]


def _choices(random: Random) -> dict[str, Any]:
    """Arguments that many layers take."""
    return random.choice(
        (
            {},
            {"use_bias": False},
            {"kernel_regularizer": "l2", "bias_constraint": "non_neg"},
            {"activation": "relu"},
            {"activity_regularizer": keras.regularizers.L1(0.1)},
        )
    )


def _convolution(number: int) -> tuple[Make, ...]:
    def plain(name: str) -> Make:
        def make(random: Random) -> keras.Layer:
            size = random.choice((1, 2))
            padding, strides = random.choice((("valid", 1), ("same", 1), ("same", 2)))
            settings = {"padding": padding, "strides": strides, **_choices(random)}
            return getattr(layers, name)(random.randint(1, 4), size, **settings)

        return make

    names = [f"Conv{number}D", f"Conv{number}DTranspose"]
    names += [f"SeparableConv{number}D"] if number < 3 else []
    return tuple(map(plain, names))


_ANY: tuple[Make, ...] = (
    lambda random: layers.BatchNormalization(scale=random.random() < 0.7, center=random.random() < 0.7),
    lambda random: layers.LayerNormalization(scale=random.random() < 0.7),
    lambda random: layers.RMSNormalization(),
    lambda random: layers.GroupNormalization(1),
    lambda random: layers.UnitNormalization(),
    lambda random: layers.Dense(random.randint(1, 5), **_choices(random)),
    lambda random: layers.Dense(3, activation=layers.LeakyReLU()),
    lambda random: layers.PReLU(),
    lambda random: layers.Dropout(random.choice((0, 0.2))),
    lambda random: layers.GaussianNoise(0.1),
    lambda random: layers.AlphaDropout(0.1),
    lambda random: layers.Activation("gelu"),
    lambda random: layers.ELU(),
    lambda random: layers.Softmax(),
    lambda random: layers.Identity(),
    lambda random: layers.Rescaling(0.5),
    lambda random: layers.ActivityRegularization(0.1),
    lambda random: layers.Normalization(mean=1.0, variance=2.0),
    lambda random: layers.Normalization(),
    lambda random: layers.SpectralNormalization(layers.Dense(random.randint(2, 4))),
)


def _recurrent(random: Random) -> keras.Layer:
    settings = {"return_sequences": random.random() < 0.7, "dropout": random.choice((0, 0.1))}
    units = random.randint(1, 4)
    cells = [
        layers.GRUCell(units, reset_after=random.random() < 0.5),
        layers.LSTMCell(units),
        layers.SimpleRNNCell(units, use_bias=False),
    ]
    kinds = (
        lambda: layers.GRU(units, reset_after=random.random() < 0.5, **settings),
        lambda: layers.LSTM(units, use_bias=random.random() < 0.7, **settings),
        lambda: layers.SimpleRNN(units, **settings),
        lambda: layers.RNN(random.choice(cells), return_sequences=settings["return_sequences"]),
        lambda: layers.RNN(layers.StackedRNNCells(cells[: random.randint(1, 3)]), return_sequences=True),
        lambda: layers.RNN(cells[:2], return_sequences=True),
    )
    made = random.choice(kinds)()
    merge_mode = random.choice(("concat", "sum", "mul", "ave"))
    return layers.Bidirectional(made, merge_mode=merge_mode) if random.random() < 0.3 else made


_OF_KIND: dict[str, tuple[Make, ...]] = {
    "row": (
        lambda random: layers.RepeatVector(3),
        lambda random: layers.Reshape((-1, 1)),
        lambda random: layers.EinsumDense("ab,bc->ac", random.randint(2, 4), bias_axes="c"),
    ),
    "signal": (
        *_convolution(1),
        _recurrent,
        _recurrent,
        lambda random: layers.TimeDistributed(layers.Dense(random.randint(1, 4))),
        lambda random: layers.TimeDistributed(keras.Sequential([layers.Dense(3), layers.BatchNormalization()])),
        lambda random: layers.EinsumDense("abc,cd->abd", (None, random.randint(2, 4)), bias_axes="d"),
        lambda random: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes=random.choice(("de", "e", None))),
        lambda random: layers.DepthwiseConv1D(1, depth_multiplier=2),
        lambda random: layers.MaxPooling1D(2, padding="same"),
        lambda random: layers.GlobalAveragePooling1D(keepdims=random.random() < 0.5),
        lambda random: layers.UpSampling1D(2),
        lambda random: layers.ZeroPadding1D(1),
        lambda random: layers.Permute((2, 1)),
        lambda random: layers.SpatialDropout1D(0.1),
        lambda random: layers.Flatten(),
        lambda random: layers.SpectralNormalization(layers.Conv1D(3, 1)),
    ),
    "image": (
        *_convolution(2),
        lambda random: layers.DepthwiseConv2D(1, depth_multiplier=random.randint(1, 2)),
        lambda random: layers.MaxPooling2D(2, padding="same"),
        lambda random: layers.AveragePooling2D((2, 1), padding="same"),
        lambda random: layers.GlobalMaxPooling2D(),
        lambda random: layers.UpSampling2D(2),
        lambda random: layers.Cropping2D(0),
        lambda random: layers.ZeroPadding2D(((1, 0), (0, 1))),
        lambda random: layers.RandomFlip(),
        lambda random: layers.Resizing(5, 4),
        lambda random: layers.CenterCrop(3, 3),
        lambda random: layers.Flatten(),
        lambda random: layers.ConvLSTM1D(2, 1, return_sequences=random.random() < 0.5),
        lambda random: layers.TimeDistributed(layers.Conv1D(2, 1)),
        lambda random: layers.SpectralNormalization(layers.Conv2D(3, 1)),
        lambda random: layers.Pipeline([layers.Rescaling(0.5), layers.RandomFlip()]),
    ),
    "video": (
        *_convolution(3),
        lambda random: layers.ConvLSTM2D(2, 1, return_sequences=random.random() < 0.5, use_bias=random.random() < 0.5),
        lambda random: layers.Bidirectional(layers.ConvLSTM2D(2, 1, return_sequences=True)),
        lambda random: layers.TimeDistributed(layers.Conv2D(2, 1)),
        lambda random: layers.MaxPooling3D(1),
        lambda random: layers.GlobalAveragePooling3D(),
        lambda random: layers.Flatten(),
    ),
    "tokens": (
        lambda random: layers.Embedding(9, random.randint(2, 4), mask_zero=random.random() < 0.3),
        lambda random: layers.ReversibleEmbedding(9, 4),
    ),
}
_KINDS = {2: "row", 3: "signal", 4: "image", 5: "video"}


class Maker:
    """Makes one random model."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def model(self) -> keras.Model:
        kind = self._random.choice(tuple(_SIZES))
        model = self._functional(kind, self._random.randint(2, 7), depth=0)
        self._enable_lora(model)
        self._quantize(model)
        for layer in model._flatten_layers():
            if layer is not model and self._random.random() < 0.25:
                layer.trainable = self._random.random() < 0.3
        return model

    def _functional(self, kind: str, length: int, depth: int) -> keras.Model:
        inputs = [keras.Input(_SIZES[kind], dtype="int32" if kind == "tokens" else None)]
        values, others = self._values(inputs[0], kind), []
        for _ in range(length):
            values = self._step(values, depth)
            others += [values] if self._random.random() < 0.15 else []
        if self._random.random() < 0.2 and len(values.shape) > 1 and None not in values.shape[1:]:
            inputs.append(keras.Input(values.shape[1:]))
            values = self._random.choice((layers.Add, layers.Concatenate, layers.Maximum))()([values, inputs[1]])
        outputs = [values, *others[:1]] if self._random.random() < 0.3 else [values]
        structure = {f"out_{at}": output for at, output in enumerate(outputs)} if len(outputs) > 1 else outputs[0]
        return keras.Model(inputs if len(inputs) > 1 else inputs[0], structure)

    def _values(self, values: Any, kind: str) -> Any:
        return self._random.choice(_OF_KIND["tokens"])(self._random)(values) if kind == "tokens" else values

    def _step(self, values: Any, depth: int) -> Any:
        random, kind = self._random, _KINDS[len(values.shape)]
        if depth < 2 and random.random() < 0.15 and None not in values.shape[1:]:
            return self._nested(values, depth)
        if kind == "signal" and random.random() < 0.15:
            return self._attention(values)
        layer = random.choice(random.choice((_ANY, _OF_KIND[kind])))(random)
        if random.random() < 0.1:
            layer.dtype_policy = keras.dtype_policies.get(random.choice(_POLICIES))
        result = (
            layer(values, training=random.random() < 0.5)
            if random.random() < 0.05 and _trains(layer)
            else layer(values)
        )
        if random.random() < 0.1 and tuple(result.shape) == tuple(values.shape):
            result = layer(result)  # shared
        return result * 2.0 + 1.0 if random.random() < 0.05 else result

    def _nested(self, values: Any, depth: int) -> Any:
        random = self._random
        if random.random() < 0.5:
            inner = keras.Input(values.shape[1:])
            result, made = inner, []
            for _ in range(random.randint(1, 3)):
                made.append(random.choice(_ANY)(random))
                result = made[-1](result)
            model = keras.Sequential([keras.Input(values.shape[1:]), *made])
            return model(values)
        inner = keras.Input(values.shape[1:])
        result = inner
        for _ in range(random.randint(1, 3)):
            result = self._step(result, depth + 1)
        outputs = [result, layers.Dense(2)(inner)] if random.random() < 0.3 else result
        model = keras.Model(inner, outputs)
        found = model(values)
        if isinstance(found, list):
            found = random.choice(found)
        elif random.random() < 0.3:
            found = layers.Add()([found, model(layers.Rescaling(0.3)(values))])
        return found

    def _attention(self, values: Any) -> Any:
        random = self._random
        match random.randint(0, 4):
            case 0:
                return layers.MultiHeadAttention(2, random.randint(1, 3), value_dim=random.choice((None, 2)))(
                    values, values
                )
            case 1:
                found = layers.MultiHeadAttention(1, 2, use_bias=False)(values, values, return_attention_scores=True)
                return found[0]
            case 2:
                return layers.GroupQueryAttention(2, 4, 2)(values, values)
            case 3:
                return layers.Attention(use_scale=random.random() < 0.5)([values, values])
        states = layers.LSTM(3, return_sequences=True, return_state=True)(values)
        return layers.LSTM(3, return_sequences=True)(states[0], initial_state=states[1:])

    def _enable_lora(self, model: keras.Model) -> None:
        for layer in model._flatten_layers():
            is_able = type(layer) in (layers.Dense, layers.EinsumDense, layers.Embedding) and not layer.lora_enabled
            if is_able and self._random.random() < 0.1:
                layer.enable_lora(self._random.randint(1, 3))

    def _quantize(self, model: keras.Model) -> None:
        for layer in model.layers:
            if type(layer) in (layers.Dense, layers.EinsumDense, layers.Embedding) and self._random.random() < 0.1:
                mode = self._random.choice(("int8", "int4", "float8"))
                if (type(layer), mode) != (layers.Embedding, "float8") and layer.dtype == "float32":
                    layer.quantize(mode)


def _trains(layer: keras.Layer) -> bool:
    return "training" in layer._call_signature.parameters


FORMATS = (".keras", ".h5", ".json", ".weights.h5")


def files_of(model: keras.Model, folder: Path) -> Iterator[tuple[Path, OpenOptions]]:
    """The model in each format that plain Keras can save it in."""
    for ending in FORMATS:
        path = folder / f"model{ending}"
        try:
            if ending == ".json":
                path.write_text(model.to_json())
            elif ending == ".weights.h5":
                model.save_weights(path)
            else:
                model.save(path)
        # What Keras cannot write is not looked at.
        except Exception:  # noqa: BLE001
            continue
        is_bare = ending == ".weights.h5"
        yield path, OpenOptions(architecture=str(folder / "model.json") if is_bare else None)


def differences(seed: int, folder: Path) -> list[str]:
    """What previews of a random model say otherwise than the live model; empty if it cannot be built."""
    keras.utils.set_random_seed(seed)
    try:
        model = Maker(seed).model()
    # Not every combination is a model.
    except Exception as error:  # noqa: BLE001
        print(f"  {seed}: not built: {str(error)[:100]}")
        return []
    found = []
    for path, options in files_of(model, folder):
        try:
            preview = read_preview(path, options)
        except EditorError as error:
            found.append(f"{path.name}: preview refused: {error}")
            continue
        try:
            live = open_model(path, options).model
        except EditorError as error:
            print(f"  {seed} {path.name}: not opened: {error} {str(error.details)[-200:]}")
            continue
        found += [f"{path.name}: {line}" for line in compare(preview, walk_model(live).root).differences]
    return found


def main() -> int:
    """Takes models one after the other, and prints what differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.round_trip.random_models", description=__doc__)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    num_failed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.examples):
        keras.backend.clear_session()
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = differences(seed, Path(folder))
            # The others are to have their turn.
            except Exception:  # noqa: BLE001
                found = [traceback.format_exc()]
        num_failed += bool(found)
        if found:
            print(f"{seed}:", *found[:8], sep="\n    ", flush=True)
    print(f"{num_failed} of {arguments.examples} models differ")
    return 1 if num_failed else 0


if __name__ == "__main__":
    sys.exit(main())
