"""Models as `tf_keras` builds and saves them, each hard in its own way; imported only where `tf_keras` is installed."""

from __future__ import annotations

import itertools

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tf_keras import layers
from tf_keras.src.engine import base_layer

_NUMBERS = itertools.count()


def recurrent():
    steps = [
        layers.Embedding(10, 4, input_length=6, name="embedding"),
        layers.LSTM(4, return_sequences=True, name="lstm"),
        layers.GRU(4, return_sequences=True, name="gru"),
        layers.GRU(4, reset_after=False, return_sequences=True, name="gru_before"),
        layers.SimpleRNN(4, return_sequences=True, name="simple_rnn"),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="bidirectional"),
        layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode="sum", name="bidirectional_sum"),
        layers.TimeDistributed(layers.Dense(2), name="time_distributed"),
    ]
    return keras.Sequential(steps, name="recurrent")


def hard_sigmoid():
    gates = {"recurrent_activation": "hard_sigmoid", "return_sequences": True}
    steps = [
        layers.Input((5, 3)),
        layers.LSTM(4, **gates),
        layers.GRU(4, **gates),
        layers.GRU(4, reset_after=False, activation="hard_sigmoid", **gates),
        layers.Bidirectional(layers.LSTM(3, **gates)),
        layers.SimpleRNN(3, activation="hard_sigmoid", return_sequences=True),
        layers.SeparableConv1D(4, 2, activation="hard_sigmoid"),
        layers.Conv1D(4, 2, activation="hard_sigmoid"),
        layers.Dense(4),
        layers.Activation("hard_sigmoid"),
        layers.Flatten(),
        layers.Dense(3, activation="hard_sigmoid"),
    ]
    return keras.Sequential(steps, name="hard_sigmoid")


def convolutions():
    steps = [
        layers.Input((8, 8, 3), name="images"),
        layers.Conv2D(4, 3, padding="same", name="block/conv"),
        layers.BatchNormalization(name="block/bn"),
        layers.LeakyReLU(0.2, name="block_bn"),
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise"),
        layers.PReLU(shared_axes=[1, 2], name="prelu"),
        layers.SeparableConv2D(4, 2, name="separable"),
        layers.ReLU(6.0, name="relu"),
        layers.Conv2DTranspose(3, 3, strides=2, name="transpose"),
        layers.ThresholdedReLU(0.1, name="thresholded"),
        layers.SpatialDropout2D(0.3, name="spatial"),
        layers.UpSampling2D(2, interpolation="bilinear", name="upsampling"),
        layers.GlobalAveragePooling2D(name="pooling"),
        layers.LayerNormalization(name="layer_normalization"),
        layers.Dense(2, activation="softmax", name="dense"),
    ]
    return keras.Sequential(steps, name="convolutions")


def conv_lstm():
    steps = [layers.Input((3, 6, 6, 2)), layers.ConvLSTM2D(2, 3, name="conv_lstm"), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential(steps, name="with_conv_lstm")


def nested():
    """Models in a model, shared, with flags by which the weights stand in another order than they are made."""
    inner = keras.Sequential([layers.Dense(4, input_shape=(3,), name="a/b"), layers.Dense(4, name="a_b")], name="inner")
    start = layers.Input((4,), name="start")
    value = layers.BatchNormalization(name="bn")(layers.Dense(4, name="first")(start))
    graph = keras.Model(start, layers.Dense(4, name="second")(value), name="graph")
    graph.get_layer("first").trainable = False
    left, right = layers.Input((3,), name="left"), layers.Input((3,), name="right")
    ends = [graph(inner(left)), graph(inner(right))]
    merged = layers.Concatenate(name="merged")(ends)
    last = keras.Sequential([layers.Dense(3, name="last_dense")], name="last")
    return keras.Model([left, right], [last(merged), ends[1]], name="nested")


def transfer():
    """A Functional as the first layer of a Sequential, as all do it; frozen, and partly thawed again."""
    images = layers.Input((8, 8, 3), name="images")
    value = layers.BatchNormalization(name="bn")(layers.Conv2D(4, 3, name="conv")(images))
    base = keras.Model(images, layers.Conv2D(4, 3, name="top")(value), name="base")
    base.trainable = False
    base.get_layer("top").trainable = True
    return keras.Sequential([base, layers.GlobalAveragePooling2D(name="pool"), layers.Dense(2, name="head")], name="t")


def operations():
    first, second = layers.Input((4, 3), name="first"), layers.Input((4, 3), name="second")
    value = tf.nn.relu(first) * 2.0 + 0.5
    value = (3.0 - value) / (1.0 + tf.abs(second))
    value = tf.concat([value, second], axis=-1)
    value = value[:, 1:, ::2]
    value = tf.transpose(value, [0, 2, 1])
    value = tf.stack([value, tf.nn.sigmoid(value)], axis=1)
    value = tf.reduce_mean(value, axis=1) - tf.reduce_max(value, axis=[1])
    value = tf.expand_dims(tf.nn.softmax(value), -1)
    value = tf.squeeze(value, -1) * first[:, :3, :]
    value = tf.reshape(value, [-1, 9])
    value = tf.clip_by_value(layers.Dense(4, name="dense")(value), -1.0, 1.0)
    value = tf.math.sqrt(tf.square(value) + 1.0) ** 2.0 + tf.nn.gelu(value) + tf.maximum(value, 0.1)
    return keras.Model([first, second], tf.cast(value, "float32") @ tf.transpose(value), name="operations")


def more_operations():
    """Every other operation that is repaired."""
    first, second = layers.Input((4, 3), name="first"), layers.Input((4, 3), name="second")
    positive = tf.square(second) + 0.5
    found = [
        tf.math.floormod(first, positive), tf.minimum(first, second), tf.divide(first, positive),
        tf.exp(first), tf.math.log(positive), -first, tf.sin(first), tf.cos(first), tf.tanh(first), tf.floor(first),
        tf.math.ceil(first), tf.sign(first), tf.round(first), tf.math.reciprocal(positive), tf.nn.relu6(first * 9.0),
        tf.nn.silu(first), tf.nn.elu(first), tf.nn.selu(first), tf.math.softplus(first), tf.math.rsqrt(positive),
        tf.nn.log_softmax(first), tf.nn.leaky_relu(first, alpha=0.3), tf.reverse(first, [1]),
        first + tf.reduce_sum(second, axis=-1, keepdims=True), first + tf.reduce_min(second, axis=1, keepdims=True),
        first + tf.reduce_prod(second, axis=[1, 2], keepdims=True), tf.tile(first, [1, 1, 2])[:, :, 3:],
        first + tf.cast(tf.argmax(second, axis=-1), "float32")[:, :, tf.newaxis],
    ]  # fmt: skip
    answers = [
        first > second, first >= second, first < second, first <= second, tf.equal(first, second),
        tf.not_equal(first, second), tf.logical_and(first > 0.0, second > 0.0),
        tf.logical_or(first > 0.0, second > 0.0), tf.logical_not(first > 0.0),
    ]  # fmt: skip
    found += [tf.cast(answer, "float32") for answer in answers]
    some = tf.reduce_any(first > 1.0, axis=1, keepdims=True), tf.reduce_all(first > -1.0, axis=1, keepdims=True)
    return keras.Model([first, second], [*found, *(tf.cast(each, "float32") for each in some)], name="more_operations")


def operations_on_numbers():
    """The operations that take several of Keras's, or constants."""
    first, second = layers.Input((4, 3), name="first"), layers.Input((4, 3), name="second")
    positive = tf.square(second) + 0.5
    small, kernel = tf.tanh(first), np.arange(6, dtype="float32").reshape(3, 2)
    square = tf.matmul(first, second, transpose_b=True)
    definite = tf.matmul(first, first, transpose_a=True) + np.eye(3, dtype="float32")
    found = [
        tf.add_n([first, second, first]), tf.nn.bias_add(first, [1.0, 2.0, 3.0]),
        tf.nn.bias_add(first, [1.0, 2.0, 3.0, 4.0], data_format="NCHW"), tf.math.l2_normalize(first, axis=-1),
        tf.nn.l2_normalize(first), tf.norm(first, axis=-1), tf.norm(first, ord=1, axis=1, keepdims=True),
        tf.math.reduce_euclidean_norm(first, axis=1), tf.math.squared_difference(first, second),
        tf.math.divide_no_nan(first, positive), first // positive, tf.math.xlogy(positive, positive),
        tf.clip_by_norm(first, 1.0), tf.cumsum(first, axis=1), tf.cumsum(first, 1, exclusive=True, reverse=True),
        tf.math.cumprod(first, axis=1), tf.sort(first, direction="DESCENDING"), tf.math.top_k(first, k=2)[0],
        tf.math.reduce_std(first, axis=1), tf.math.reduce_variance(first, axis=[1, 2], keepdims=True),
        tf.reduce_logsumexp(first, axis=-1), tf.matmul(first, kernel), tf.tensordot(first, kernel, axes=1),
        tf.linalg.matvec(first, second[:, 0]), tf.linalg.matrix_transpose(first), tf.linalg.trace(definite),
        tf.linalg.diag_part(definite), tf.linalg.band_part(square, -1, 0), tf.linalg.band_part(square, 1, -1),
        tf.linalg.cholesky(definite), tf.linalg.det(definite), tf.linalg.inv(definite), tf.linalg.cross(first, second),
        tf.linalg.solve(definite, second[:, :3]), tf.nn.crelu(first), tf.nn.silu(first, beta=1.5),
        tf.atan2(first, second), tf.math.expm1(first),
        tf.nn.moments(first, axes=[1])[1], tf.nn.zero_fraction(tf.nn.relu(first)), tf.nn.l2_loss(first),
        tf.nn.sigmoid_cross_entropy_with_logits(labels=positive, logits=first), tf.math.erf(first),
        tf.math.log1p(positive), tf.tan(small), tf.asin(small), tf.acos(small), tf.atan(first), tf.sinh(first),
        tf.cosh(first), tf.math.asinh(first), tf.math.atanh(small), tf.math.log_sigmoid(first), tf.nn.softsign(first),
        first * [1.0, 2.0, 3.0], tf.subtract(1.0, first), tf.identity(first), tf.ones_like(first),
        tf.where(first > 0.0, first, second), tf.where(first > 0.0, 1.0, 0.0), tf.zeros_like(first),
        first / tf.sqrt(tf.cast(tf.shape(first)[-1], "float32")), first * tf.cast(tf.shape(first)[1], "float32"),
    ]  # fmt: skip
    numbers = [
        tf.argmin(first, axis=1), tf.argsort(first, direction="DESCENDING"), tf.math.top_k(first, 2)[1],
        tf.math.count_nonzero(first, axis=1), tf.math.logical_xor(first > 0.0, second > 0.0), tf.math.is_nan(first),
        tf.size(first),
    ]  # fmt: skip
    return keras.Model([first, second], [*found, *(tf.cast(each, "float32") for each in numbers)], name="on_numbers")


def operations_on_shapes():
    """What cuts, joins and reorders, and what is done to images; `preprocess_input` among it."""
    first, numbers = layers.Input((4, 3), name="first"), layers.Input((5,), dtype="int32", name="numbers")
    images = layers.Input((8, 8, 3), name="images")
    table, kernel = np.arange(30, dtype="float32").reshape(10, 3), np.arange(54, dtype="float32").reshape(3, 3, 3, 2)
    tiles = {"sizes": [1, 4, 4, 1], "strides": [1, 4, 4, 1], "rates": [1, 1, 1, 1], "padding": "VALID"}
    found = [
        tf.reshape(first, [tf.shape(first)[0], 12]), tf.reshape(first, tf.stack([tf.shape(first)[0], 4, 3, 1])),
        tf.add_n(tf.split(first, 2, axis=1)), tf.split(first, [1, 2], axis=-1)[1], tf.unstack(first, axis=1)[2],
        tf.gather(first, [0, 2], axis=1), tf.gather(table, numbers), tf.nn.embedding_lookup(table, numbers),
        tf.boolean_mask(first, [True, False, True, True], axis=1), tf.one_hot(numbers, 10),
        tf.one_hot(numbers, depth=10, on_value=2.0, off_value=-1.0, axis=1), tf.repeat(first, [1, 0, 2, 1], axis=1),
        tf.roll(first, 1, axis=1), tf.slice(first, [0, 1, 0], [-1, 2, 2]),
        tf.strided_slice(first, [0, 0, 0], [2, 4, 3], [1, 2, 1]),
        tf.pad(first, [[0, 0], [1, 2], [0, 0]], constant_values=3.0),
        tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT"), first[..., -1], first[:, None, :, 0],
        tf.stack([first, first]), tf.tile(first, [1, 2, 1]), tf.convert_to_tensor(first),
        tf.signal.frame(first[:, 0], 2, 1),
        keras.applications.resnet50.preprocess_input(images), keras.applications.densenet.preprocess_input(images),
        keras.applications.mobilenet.preprocess_input(images), tf.image.resize(images, (16, 16)),
        tf.image.resize(images, [4, 4], method="nearest"), tf.image.resize(images, [4, 4], antialias=True),
        tf.image.resize(images, [12, 12], method="bicubic"), tf.image.flip_left_right(images),
        tf.image.flip_up_down(images), tf.image.rot90(images), tf.image.rgb_to_grayscale(images),
        tf.image.grayscale_to_rgb(images[..., :1]), tf.image.per_image_standardization(images),
        tf.image.crop_to_bounding_box(images, 1, 1, 4, 5), tf.image.extract_patches(images, **tiles),
        tf.nn.max_pool(images, 2, 2, "VALID"), tf.nn.max_pool2d(images, 3, [2, 2], "SAME"),
        tf.nn.avg_pool(images, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"), tf.nn.avg_pool2d(images, 3, 1, "SAME"),
        tf.nn.conv2d(images, kernel, [1, 2, 2, 1], "VALID"), tf.nn.conv1d(first, kernel[0, :2], 1, "VALID"),
        tf.nn.depthwise_conv2d(images, kernel[..., :1], [1, 1, 1, 1], "SAME"),
        tf.nn.space_to_depth(images, 2), tf.nn.depth_to_space(tf.nn.space_to_depth(images, 4), 2),
        tf.nn.batch_normalization(images, *np.float32([[0.1] * 3, [1.0] * 3, [0.2] * 3, [2.0] * 3]), 1e-3),
        tf.image.rgb_to_hsv(tf.sigmoid(images)),
    ]  # fmt: skip
    masks = [tf.sequence_mask(numbers[:, 0], 9), tf.reverse(numbers, [1]), tf.saturate_cast(images, tf.uint8)]
    return keras.Model(
        [first, numbers, images], [*found, *(tf.cast(each, "float32") for each in masks)], name="on_shapes"
    )


def graph_nodes():
    """Operations as nodes of a graph, as TensorFlow 2.0 to 2.3 kept them."""
    first, second = layers.Input((4, 3), name="first"), layers.Input((4, 3), name="second")
    a, b = (layers.Dense(3, name=f"dense_{value.name}")(value) for value in (first, second))
    binary = [
        tf.add, tf.subtract, tf.multiply, tf.realdiv, tf.math.floormod, tf.maximum, tf.minimum,
        lambda x, y: tf.stack([x, y], axis=2), lambda x, y: tf.concat([x, y, x], -1),
    ]  # fmt: skip
    unary = [
        lambda x: 1.0 - x, lambda x: x * [1.0, 2.0, 3.0], tf.abs, tf.square, tf.exp, tf.negative, tf.tanh, tf.nn.relu,
        tf.nn.relu6, tf.sigmoid, tf.nn.softmax, tf.nn.log_softmax, lambda x: tf.nn.leaky_relu(x, 0.3),
        lambda x: tf.nn.bias_add(x, [0.5, -0.5, 1.0]), lambda x: tf.reduce_mean(x, axis=[1, 2]),
        lambda x: tf.reduce_sum(x, -1, keepdims=True), lambda x: tf.expand_dims(x, 1), lambda x: x[:, 1:3, 0],
        lambda x: x[:, ::-1], lambda x: x[..., tf.newaxis, 1:], lambda x: tf.reshape(x, [-1, 2, 6]),
        lambda x: tf.transpose(x, [0, 2, 1]), lambda x: tf.tile(x, [1, 2, 1]), lambda x: tf.reverse(x, [1]),
        lambda x: tf.raw_ops.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=0.25),
    ]  # fmt: skip
    outputs = [_node(function, a, b) for function in binary] + [_node(function, a) for function in unary]
    wide = _node(lambda x: tf.expand_dims(x, 1), b)
    outputs += [
        _node(lambda x: tf.squeeze(x, [1]), wide),
        _node(tf.matmul, a, _node(lambda x: tf.transpose(x, [0, 2, 1]), b)),
    ]
    outputs += [_node(lambda x: tf.cast(x, "float32"), _node(tf.greater, a, b))]
    return keras.Model([first, second], outputs, name="graph_nodes")


def _node(function, *tensors):
    """What one operation gives, as a layer that holds its node and its constants."""
    with tf.Graph().as_default():
        places = [tf.compat.v1.placeholder(tensor.dtype, tensor.shape) for tensor in tensors]
        operation = function(*places).op
    given = {place.ref(): tensor for place, tensor in zip(places, tensors, strict=True)}
    inputs = [given.get(value.ref()) for value in operation.inputs]
    constants = {at: tf.get_static_value(operation.inputs[at]) for at, value in enumerate(inputs) if value is None}
    layer = base_layer.TensorFlowOpLayer(
        operation.node_def.SerializeToString(), f"{operation.type}_{next(_NUMBERS)}", constants
    )
    inputs = [value for value in inputs if value is not None]
    return layer(inputs if len(inputs) > 1 else inputs[0])


def attention():
    words, others = layers.Input((5, 4), name="words"), layers.Input((3, 4), name="others")
    value = layers.MultiHeadAttention(2, 3, name="heads")(words, others)
    value = layers.Add(name="sum")([value, words])
    value = layers.Attention(name="attention")([value, others])
    own = layers.AdditiveAttention(name="additive")([value, value])
    return keras.Model([words, others], [value, own], name="attention")


def sequence_to_sequence():
    source, target = layers.Input((5, 3), name="source"), layers.Input((4, 3), name="target")
    _, *state = layers.LSTM(4, return_state=True, name="encoder")(source)
    decoded = layers.LSTM(4, return_sequences=True, name="decoder")(target, initial_state=state)
    _, last = layers.GRU(4, return_state=True, name="encoder_gru")(source)
    again = layers.GRU(4, name="decoder_gru")(decoded, initial_state=last)
    return keras.Model([source, target], layers.Dense(2, name="head")(again), name="sequence_to_sequence")


def masked():
    numbers = layers.Input((6,), dtype="int32", name="numbers")
    words = layers.Embedding(9, 4, mask_zero=True, name="words")(numbers)
    state = layers.LSTM(3, name="lstm")(words)
    return keras.Model(numbers, layers.Dense(2, name="head")(state), name="masked")


def normalized():
    numbers = layers.Input((3,), name="numbers")
    value = layers.Normalization(name="normalization")(numbers)
    return keras.Model(numbers, layers.Dense(2, name="head")(value), name="normalized")


def cells():
    stack = layers.RNN([layers.LSTMCell(3, name="one"), layers.GRUCell(4, name="two")], name="stack")
    return keras.Sequential([layers.Input((5, 2)), stack, layers.Dense(2, name="head")], name="cells")


def preprocessing():
    """Layers that learn from data before training, which is no weight in Keras 3; and axes that are lists."""
    data = np.random.default_rng(0).normal(size=(80, 3, 2)).astype("float32")
    scaled = layers.Normalization(axis=[1, 2], name="scaled")
    bins = layers.Discretization(num_bins=4, name="bins")
    few = layers.Discretization(num_bins=5, output_mode="multi_hot", name="few")
    scaled.adapt(data), bins.adapt(data), few.adapt(data + 1)
    words = layers.StringLookup(vocabulary=["a", "b", "c"], idf_weights=[0.2, 0.3, 0.5], output_mode="tf_idf")
    inner = keras.Sequential(
        [layers.Input((3, 2)), scaled, layers.LayerNormalization(axis=[1, 2]), bins, layers.Flatten()], name="inner"
    )
    number, text = layers.Input((3, 2), name="number"), layers.Input((2,), dtype="string", name="text")
    sorted_in = layers.Embedding(4, 2, name="embedding")(inner(number))
    sorted_in = layers.Dense(2, activation=layers.LeakyReLU(0.3))(sorted_in)
    ends = [sorted_in, layers.Dense(2)(few(layers.Flatten()(number))), layers.Dense(2)(words(text))]
    ends.append(layers.Softmax(axis=[1, 2])(number))
    return keras.Model([number, text], ends, name="preprocessing")


FAMILIES = (
    recurrent, hard_sigmoid, convolutions, conv_lstm, nested, transfer, operations, more_operations,
    operations_on_numbers, operations_on_shapes, graph_nodes, attention,
    sequence_to_sequence, masked, normalized, cells, preprocessing,
)  # fmt: skip
