"""Files that no Keras of today writes: their outputs are those of forward passes in NumPy."""

from __future__ import annotations

import json
import re

import h5py
import keras
import numpy as np
import pytest

from editor.errors import ModelError
from editor.files.options import OpenOptions
from editor.files.preview import read_preview
from editor.keras_model.compile_settings import restore_from_file
from editor.keras_model.opening import open_model
from editor.keras_model.saving import save_model
from editor.keras_model.walk import walk_model
from editor.layers.selection import plan_patterns
from editor.layers.tree import LayerTree
from tests.files.patching import patched, set_state
from tests.old_keras import by_hand
from tests.old_keras.by_hand import layer, write_h5


@pytest.fixture
def random():
    return np.random.default_rng(0)


def weights(random, *shapes):
    return [random.normal(0, 0.7, shape).astype("float32") for shape in shapes]


def named(name, arrays, keys=("kernel", "recurrent_kernel", "bias")):
    return [(f"{name}/{key}:0", array) for key, array in zip(keys, arrays, strict=True)]


def sequential(*layers):
    return {"class_name": "Sequential", "config": list(layers)}


def lines(loaded):
    return " ".join(repair.text for repair in loaded.repairs)


def leaky(value):
    return np.where(value > 0, value, 0.1 * value)


def assert_close(model, inputs, expected):
    np.testing.assert_allclose(np.array(model(inputs.astype("float32"), training=False)), expected, atol=1e-5)


# -- NVIDIA's classes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("class_name", "num_gates"), [("CuDNNGRU", 3), ("CuDNNLSTM", 4)])
def test_that_weights_of_nvidias_layers_are_laid_out_anew(tmp_path, random, class_name, num_gates):
    arrays = weights(random, (5, 4 * num_gates), (4, 4 * num_gates), (8 * num_gates,))
    config = sequential(layer(class_name, "rnn", units=4, return_sequences=True, batch_input_shape=[None, 6, 5]))
    loaded = open_model(write_h5(tmp_path / "gpu.h5", config, {"rnn": named("rnn", arrays)}))
    values = random.normal(size=(3, 6, 5))
    forward = by_hand.cudnn_gru if class_name == "CuDNNGRU" else by_hand.cudnn_lstm
    assert_close(loaded.model, values, forward(values, *arrays))
    assert f"{class_name} of NVIDIA's library" in lines(loaded)
    assert all(repair.is_proven for repair in loaded.repairs)


def test_that_weights_of_nvidias_layers_in_wrappers_are_laid_out_anew(tmp_path, random):
    there, back, inner = (weights(random, (size, 16), (4, 16), (32,)) for size in (3, 3, 8))
    wrapped = layer("CuDNNLSTM", "lstm", units=4, return_sequences=True)
    last = layer("CuDNNLSTM", "inner", units=4, return_sequences=True)
    config = sequential(
        layer("Bidirectional", "both", layer=wrapped, merge_mode="concat", batch_input_shape=[None, 2, 5, 3]),
    )
    config["config"][0]["config"]["batch_input_shape"] = [None, 5, 3]
    config["config"].append(layer("Bidirectional", "sum", layer=last, merge_mode="sum"))
    inner_back = weights(random, (8, 16), (4, 16), (32,))
    stored = {
        "both": named("both/forward_lstm", there) + named("both/backward_lstm", back),
        "sum": named("sum/forward_inner", inner) + named("sum/backward_inner", inner_back),
    }
    loaded = open_model(write_h5(tmp_path / "gpu.h5", config, stored))
    values = random.normal(size=(2, 5, 3))
    forward, backward = by_hand.cudnn_lstm(values, *there), by_hand.cudnn_lstm(values[:, ::-1], *back)
    middle = np.concatenate([forward, backward[:, ::-1]], axis=-1)
    ends = by_hand.cudnn_lstm(middle, *inner), by_hand.cudnn_lstm(middle[:, ::-1], *inner_back)[:, ::-1]
    assert_close(loaded.model, values, ends[0] + ends[1])


def test_that_weights_of_another_layer_are_refused(tmp_path, random):
    arrays = weights(random, (5, 12), (4, 12), (12,))
    config = sequential(layer("CuDNNGRU", "rnn", units=4, batch_input_shape=[None, 6, 5]))
    with pytest.raises(ModelError, match=r"has the shape|not those of the layer"):
        open_model(write_h5(tmp_path / "gpu.h5", config, {"rnn": named("rnn", arrays)}))


# -- Keras 1 ----------------------------------------------------------------------------------------------------


def test_that_a_convolution_of_keras_1_computes_what_it_did(tmp_path, random):
    kernel, bias, dense, end = weights(random, (3, 2, 2, 4), (4,), (4 * 3 * 2, 3), (3,))
    config = sequential(
        layer(
            "Convolution2D", "convolution2d_1", nb_filter=4, nb_row=3, nb_col=2, init="glorot_uniform", bias=True,
            activation="relu", border_mode="valid", subsample=[1, 1], dim_ordering="tf", W_regularizer=None,
            b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None,
            batch_input_shape=[None, 8, 5, 2], input_dtype="float32",
        ),
        layer("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], border_mode="valid", dim_ordering="tf"),
        layer("Dropout", "dropout", p=0.5),
        layer("Flatten", "flatten"),
        layer(
            "Dense", "dense", output_dim=3, init="normal", activation="linear", input_dim=None, bias=True,
            W_regularizer={"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}, b_regularizer=None,
            activity_regularizer=None, W_constraint={"name": "MaxNorm", "m": 2, "axis": 0}, b_constraint=None,
        ),
    )  # fmt: skip
    stored = {
        "convolution2d_1": [("convolution2d_1_W", kernel), ("convolution2d_1_b", bias)],
        "dense": [("dense_W", dense), ("dense_b", end)],
    }
    loaded = open_model(write_h5(tmp_path / "one.h5", config, stored, version="1.2.2"))
    values = random.normal(size=(2, 8, 5, 2))
    found = np.maximum(by_hand.correlated(values, kernel, bias), 0)
    pooled = found.reshape(2, 3, 2, 2, 2, 4).max(axis=(2, 4))
    assert_close(loaded.model, values, pooled.reshape(2, -1) @ dense + end)


@pytest.mark.parametrize(("class_name", "num_gates"), [("LSTM", 4), ("GRU", 3)])
def test_that_a_recurrent_layer_of_keras_1_computes_what_it_did(tmp_path, random, class_name, num_gates):
    arrays = weights(random, *[(3, 4), (4, 4), (4,)] * num_gates)
    config = sequential(
        layer(
            class_name, "rnn", output_dim=4, init="glorot_uniform", inner_init="orthogonal", forget_bias_init="one",
            activation="tanh", inner_activation="hard_sigmoid", W_regularizer=None, U_regularizer=None,
            b_regularizer=None, dropout_W=0.0, dropout_U=0.0, return_sequences=False, go_backwards=False,
            stateful=False, unroll=False, consume_less="cpu", input_dim=3, input_length=None,
            batch_input_shape=[None, 5, 3],
        )
    )  # fmt: skip
    if class_name == "GRU":
        del config["config"][0]["config"]["forget_bias_init"]
    stored = {"rnn": [(f"rnn_{at}", array) for at, array in enumerate(arrays)]}
    loaded = open_model(write_h5(tmp_path / "one.h5", config, stored, version=None))
    values = random.normal(size=(2, 5, 3))
    forward = by_hand.lstm_of_keras_1 if class_name == "LSTM" else by_hand.gru_of_keras_1
    assert_close(loaded.model, values, forward(values, arrays))


@pytest.mark.parametrize(
    ("mode", "merged"),
    [
        ("sum", np.add),
        ("mul", np.multiply),
        ("max", np.maximum),
        ("ave", lambda a, b: (a + b) / 2),
        ("concat", lambda a, b: np.concatenate([a, b], axis=-1)),
        ("dot", lambda a, b: (a * b).sum(axis=-1, keepdims=True)),
    ],
)
def test_that_merge_of_keras_1_computes_what_it_did(tmp_path, random, mode, merged):
    kernel, bias = weights(random, (3, 3), (3,))
    start = {**layer("InputLayer", "a", batch_input_shape=[None, 3], input_dtype="float32", sparse=False)}
    nodes = {"name": "dense", "inbound_nodes": [[["a", 0, 0]]]}
    merge = layer("Merge", "merge_1", mode=mode, mode_type="raw", concat_axis=-1, dot_axes=-1, output_shape=None)
    config = {
        "class_name": "Model",
        "config": {
            "name": "model",
            "layers": [
                {**start, "name": "a", "inbound_nodes": []},
                {**layer("Dense", "dense", output_dim=3, activation="linear", bias=True), **nodes},
                {**merge, "name": "merge_1", "inbound_nodes": [[["a", 0, 0], ["dense", 0, 0]]]},
            ],
            "input_layers": [["a", 0, 0]],
            "output_layers": [["merge_1", 0, 0]],
        },
    }
    stored = {"dense": [("dense_W", kernel), ("dense_b", bias)]}
    loaded = open_model(write_h5(tmp_path / "one.h5", config, stored, version="1.1.0"))
    values = random.normal(size=(2, 3))
    assert_close(loaded.model, values, merged(values, values @ kernel + bias))
    assert "Merge of Keras 1" in lines(loaded)


def test_that_a_sequential_of_keras_1_that_begins_with_merge_computes_what_it_did(tmp_path, random):
    """A branch begins with a Merge too; the weights stand by layer, as Keras 1 wrote the layers of all branches."""
    arrays = dict(
        zip("abcd", (weights(random, shape, (2,)) for shape in ((3, 2), (4, 2), (5, 2), (4, 2))), strict=True)
    )
    sizes = {"a": 3, "b": 4, "c": 5}
    branches = {
        name: sequential(
            layer(
                "Dense", name, output_dim=2, activation="linear", input_dtype="float32", batch_input_shape=[None, size]
            )
        )
        for name, size in sizes.items()
    }
    merged = {"mode_type": "raw", "concat_axis": -1, "dot_axes": -1, "output_shape": None, "arguments": {}}
    inner = sequential(layer("Merge", "inner", mode="sum", layers=[branches["a"], branches["b"]], **merged))
    config = sequential(
        layer("Merge", "outer", mode="concat", layers=[inner, branches["c"]], **merged),
        layer("Dense", "d", output_dim=2, activation="relu"),
    )
    stored = {name: named(name, values, ("W", "b")) for name, values in arrays.items()}
    loaded = open_model(write_h5(tmp_path / "one.h5", config, stored, version="1.2.2"))
    a, b, c = (random.normal(size=(2, sizes[name])).astype("float32") for name in "abc")
    dense = {name: lambda x, pair=pair: x @ pair[0] + pair[1] for name, pair in arrays.items()}
    both = np.concatenate([dense["a"](a) + dense["b"](b), dense["c"](c)], axis=-1)
    found = np.array(loaded.model([a, b, c], training=False))
    np.testing.assert_allclose(found, np.maximum(dense["d"](both), 0), atol=1e-5)
    assert "Merge of Keras 1" in lines(loaded)


def test_that_a_branch_that_stands_twice_is_shared_and_previewed(tmp_path, random):
    def dense(name, **settings):
        return layer("Dense", name, output_dim=3, activation="linear", bias=True, **settings)

    shared = sequential(dense("twin", batch_input_shape=[None, 4]), layer("Dropout", "drop", p=0.5))
    other = sequential(dense("other", batch_input_shape=[None, 2]))
    inner = layer("Merge", "inner", mode="sum", mode_type="raw", layers=[shared, other])
    outer = layer("Merge", "outer", mode="concat", concat_axis=-1, layers=[sequential(inner, dense("mid")), shared])
    config = sequential(outer, dense("head"))
    sizes = {"twin": 4, "other": 2, "mid": 3, "head": 6}
    arrays = {name: weights(random, (size, 3), (3,)) for name, size in sizes.items()}
    stored = {name: named(name, arrays[name], ("W", "b")) for name in sizes}
    path = write_h5(tmp_path / "one.h5", config, stored, version="1.2.2")
    loaded = open_model(path)
    values = [random.normal(size=(5, size)).astype("float32") for size in (4, 2, 4)]
    run = {name: lambda x, both=both: x @ both[0] + both[1] for name, both in arrays.items()}
    mid = run["mid"](run["twin"](values[0]) + run["other"](values[1]))
    expected = run["head"](np.concatenate([mid, run["twin"](values[2])], axis=-1))
    np.testing.assert_allclose(np.array(loaded.model(values, training=False)), expected, atol=1e-5)
    tree = LayerTree(read_preview(path).root)
    live = LayerTree(walk_model(loaded.model).root)
    assert [layer.path for layer in tree.walk_layers()] == [layer.path for layer in live.walk_layers()]
    set_state(tree, "twin")
    patched(tree, path, tmp_path / "frozen.h5")
    frozen = open_model(tmp_path / "frozen.h5").model
    assert not frozen.get_layer("twin").trainable
    np.testing.assert_array_equal(np.array(frozen(values)), np.array(loaded.model(values)))


def test_that_a_bidirectional_layer_of_keras_1_computes_what_it_did(tmp_path, random):
    there, back = (weights(random, *[(3, 4), (4, 4), (4,)] * 4) for _ in range(2))
    wrapped = layer("LSTM", "lstm", output_dim=4, activation="tanh", inner_activation="hard_sigmoid", input_dim=3,
                    return_sequences=False, forget_bias_init="one", consume_less="cpu")  # fmt: skip
    config = sequential(
        layer("Bidirectional", "both", layer=wrapped, merge_mode="concat", batch_input_shape=[None, 5, 3])
    )
    stored = {"both": [(f"both_{at}", array) for at, array in enumerate([*there, *back])]}
    loaded = open_model(write_h5(tmp_path / "one.h5", config, stored, version="1.2.2"))
    values = random.normal(size=(2, 5, 3))
    ends = [by_hand.lstm_of_keras_1(values, there), by_hand.lstm_of_keras_1(values[:, ::-1], back)]
    assert_close(loaded.model, values, np.concatenate(ends, axis=-1))


def test_that_one_dimensional_convolutions_of_keras_1_are_laid_out_anew(tmp_path, random):
    kernel, bias = weights(random, (3, 1, 2, 4), (4,))
    config = sequential(
        layer("Convolution1D", "conv", nb_filter=4, filter_length=3, subsample_length=1, border_mode="valid",
              activation="linear", bias=True, batch_input_shape=[None, 7, 2])
    )  # fmt: skip
    stored = {"conv": [("conv_W", kernel), ("conv_b", bias)]}
    loaded = open_model(write_h5(tmp_path / "one.h5", config, stored, version="1.2.0"))
    values = random.normal(size=(2, 7, 2))
    expected = by_hand.correlated(values[:, :, None], kernel, bias)[:, :, 0]
    assert_close(loaded.model, values, expected)


def test_that_kernels_written_for_theano_are_mirrored(tmp_path, random):
    kernel, bias = weights(random, (3, 2, 2, 4), (4,))
    config = sequential(
        layer("Conv2D", "conv", filters=4, kernel_size=[3, 2], data_format="channels_last", activation="linear",
              batch_input_shape=[None, 6, 6, 2])
    )  # fmt: skip
    path = write_h5(tmp_path / "t.h5", config, {"conv": named("conv", [kernel, bias], ("kernel", "bias"))},
                    version="2.0.8", backend="theano")  # fmt: skip
    loaded = open_model(path)
    values = random.normal(size=(2, 6, 6, 2))
    assert_close(loaded.model, values, by_hand.correlated(values, kernel[::-1, ::-1], bias))
    assert "Theano" in lines(loaded)


# -- broken by Keras 3 itself -----------------------------------------------------------------------------------


def test_that_an_output_listed_twice_inside_a_sequential_is_taken_once(tmp_path):
    images = keras.Input((4,), name="images")
    base = keras.Model(images, keras.layers.Dense(3, name="inner")(images), name="base")
    model = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(2, name="head")])
    path = tmp_path / "twice.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        inner = next(each for each in config["config"]["layers"] if each["config"]["name"] == "base")
        inner["config"]["output_layers"] = [["inner", 0, 0], ["inner", 0, 0]]
        file.attrs["model_config"] = json.dumps(config)
    loaded = open_model(path)
    values = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(np.array(loaded.model(values)), np.array(model(values)))
    assert "listed more than once" in lines(loaded)


def test_that_a_word_that_keras_takes_for_its_function_is_left_a_word(tmp_path):
    """Plain Keras cannot reopen what it wrote: `score_mode` becomes the function `keras.layers.dot`."""
    words = keras.Input((5, 4), name="words")
    own = keras.layers.AdditiveAttention(name="additive")([words, words])
    model = keras.Model(words, keras.layers.Attention(use_scale=True, name="attention")([words, own]))
    path = tmp_path / "attention.h5"
    model.save(path)
    with pytest.raises(TypeError, match="score_mode"):
        keras.saving.load_model(path, compile=False)
    loaded = open_model(path)
    values = np.linspace(0, 1, 40, dtype="float32").reshape(2, 5, 4)
    np.testing.assert_array_equal(np.array(loaded.model(values)), np.array(model(values)))
    assert lines(loaded).startswith("'score_mode' is the word 'dot'")


def test_that_nodes_of_tensorflow_2_3_compute_what_they_did(tmp_path, random):
    """A `TensorFlowOpLayer` has the operation with its attributes, and the constants by their place."""
    layers = [
        {**layer("InputLayer", "a", batch_input_shape=[None, 4, 3], dtype="float32"), "name": "a", "inbound_nodes": []}
    ]

    def node(op, *sources, constants=(), **attributes):
        name = f"tf_op_layer_{op}"
        config = {"name": op, "trainable": True, "dtype": "float32", "constants": dict(constants)}
        config["node_def"] = {"name": op, "op": op, "input": ["x"], "attr": attributes}
        inbound = [[[source, 0, 0, {}] for source in sources]]
        layers.append({"class_name": "TensorFlowOpLayer", "config": config, "name": name, "inbound_nodes": inbound})
        return name

    scaled = node("RealDiv", "a", constants={"1": 127.5})
    value = node("Sub", scaled, constants={"1": 1.0})
    added = node("BiasAdd", value, constants={"1": [1.0, 2.0, 3.0, 4.0]}, data_format={"s": "TkNIVw=="})
    both = node("BatchMatMulV2", added, value, adj_x={"b": False}, adj_y={"b": True})
    mean = node("Mean", both, constants={"1": [1]}, keep_dims={"b": True})
    masks = {"begin_mask": {"i": "3"}, "end_mask": {"i": "1"}, "shrink_axis_mask": {"i": "4"}}
    part = node("StridedSlice", value, constants={"1": [0, 0, 2], "2": [0, 3, 3], "3": [1, 1, 1]}, **masks)
    flat = node("Squeeze", mean, squeeze_dims={"list": {"i": ["1"]}})
    joined = node("ConcatV2", part, flat, constants={"2": 1})
    last = node("Relu", joined)
    settings = {"name": "m", "layers": layers, "input_layers": [["a", 0, 0]], "output_layers": [[last, 0, 0]]}
    loaded = open_model(
        write_h5(tmp_path / "n.h5", {"class_name": "Functional", "config": settings}, {}, version="2.4.0")
    )
    values = random.normal(size=(2, 4, 3))
    plain = values / 127.5 - 1.0
    means = ((plain + np.array([[1.0], [2.0], [3.0], [4.0]])) @ plain.transpose(0, 2, 1)).mean(axis=1)
    assert_close(loaded.model, values, np.maximum(np.concatenate([plain[:, :3, 2], means], axis=1), 0))


def test_that_an_architecture_of_keras_2_is_repaired(tmp_path):
    entry = layer("LSTM", "lstm", units=2, time_major=False, batch_input_shape=[None, 5, 3])
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [entry]}, "keras_version": "2.4.0"}
    path = tmp_path / "architecture.json"
    path.write_text(json.dumps(config))
    loaded = open_model(path)
    assert loaded.model.input_shape == (None, 5, 3)
    assert len(loaded.repairs) == 2


# -- swapped without a word (fact F17) --------------------------------------------------------------------------


def test_that_weights_that_keras_swaps_are_placed_by_their_names(tmp_path):
    """A frozen nested Sequential with a thawed child, of two layers of one shape."""
    inner = keras.Sequential([keras.layers.Dense(4, name="one"), keras.layers.Dense(4, name="two")], name="inner")
    model = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(2, name="head")])
    inner.get_layer("one").trainable = False
    path = tmp_path / "swapped.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        entry = next(each for each in config["config"]["layers"] if each["config"]["name"] == "inner")
        for each in entry["config"]["layers"]:
            each["config"]["trainable"] = True
        file.attrs["model_config"] = json.dumps(config)
    values = np.ones((2, 4), "float32")
    assert np.abs(np.array(keras.saving.load_model(path, compile=False)(values)) - np.array(model(values))).max() > 0.01
    loaded = open_model(path)
    np.testing.assert_array_equal(np.array(loaded.model(values)), np.array(model(values)))
    assert "placed by their names" in lines(loaded)
    assert "'inner'" in lines(loaded)


# -- what comes after -------------------------------------------------------------------------------------------


def test_that_a_repaired_model_is_saved_as_plain_keras_opens_it(tmp_path, random):
    arrays = weights(random, (5, 12), (4, 12), (24,))
    config = sequential(
        layer("CuDNNGRU", "a/rnn", units=4, batch_input_shape=[None, 6, 5]),
        layer("Dense", "head", units=2, activation="hard_sigmoid"),
    )
    stored = {"a/rnn": named("rnn", arrays), "head": named("head", weights(random, (4, 2), (2,)), ("kernel", "bias"))}
    path = write_h5(tmp_path / "gpu.h5", config, stored)
    with h5py.File(path, "r+") as file:
        optimizer = {"class_name": "Adam", "config": {"lr": 0.01, "decay": 0.0, "amsgrad": False}}
        training = {"loss": "mse", "metrics": ["mae"], "optimizer_config": optimizer, "loss_weights": None}
        file.attrs["training_config"] = json.dumps(training)
    loaded = open_model(path)
    index = walk_model(loaded.model)
    assert restore_from_file(index, path, loaded.custom_objects) == ()
    tree = LayerTree(index.root)
    tree.apply(plan_patterns(tree, [("a_rnn", False)]))
    for name in ("saved.keras", "saved.h5"):
        save_model(index, tree.freeze_map(), tmp_path / name)
        plain = keras.saving.load_model(tmp_path / name, compile=False)
        assert not plain.get_layer("a_rnn").trainable
        values = random.normal(size=(3, 6, 5)).astype("float32")
        np.testing.assert_allclose(np.array(plain(values)), np.array(loaded.model(values)), atol=1e-6)
        assert open_model(tmp_path / name).repairs == ()


def test_that_a_function_without_a_name_is_given_and_saved_under_one(tmp_path, random):
    config = sequential(
        layer("Dense", "a", units=3, activation="<lambda>", batch_input_shape=[None, 4]),
        layer("Dense", "b", units=2, activation="<lambda>"),
    )
    kernels = weights(random, (4, 3), (3,), (3, 2), (2,))
    stored = {name: named(name, kernels[at : at + 2], ("kernel", "bias")) for name, at in (("a", 0), ("b", 2))}
    path = write_h5(tmp_path / "unnamed.h5", config, stored)
    with pytest.raises(
        ModelError, match=re.escape("needs the function '<lambda>' (at a and 1 more), which")
    ) as refused:
        open_model(path)
    assert "activation = lambda x: …" in refused.value.hint
    code = tmp_path / "my_activation.py"
    code.write_text("import keras\nleaky = lambda x: keras.ops.leaky_relu(x, 0.1)\n")
    options = OpenOptions.of_code(code)
    loaded = open_model(path, options)
    values = random.normal(size=(5, 4)).astype("float32")
    hidden = leaky(values @ kernels[0] + kernels[1])
    assert_close(loaded.model, values, leaky(hidden @ kernels[2] + kernels[3]))
    index = walk_model(loaded.model)
    freeze_map = LayerTree(index.root).freeze_map()
    for name in ("saved.keras", "saved.h5"):
        save_model(index, freeze_map, tmp_path / name, custom_objects=loaded.custom_objects, options=options)
        assert_close(open_model(tmp_path / name, options).model, values, np.array(loaded.model(values)))
