"""Facts F1 to F9: what a flag means. First plain Keras, so that we notice when it is mended; then Frostline."""

import contextlib
import io

import keras
import numpy as np
from keras import layers

from editor.keras_model.flags import apply_tree
from editor.layers.accounts import State
from editor.layers.findings.problems import find_problems
from editor.layers.policies import StatisticsPolicy
from tests.facts.plain import fit, flags, freeze, moved, opened, run, saved, stack


def nested():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(4, name="b")], name="inner")
    return stack(inner, layers.Dense(2, name="head"))


def test_that_fact_01_a_flag_writes_all_below_it():
    model = nested()
    inner = model.get_layer("inner")
    inner.get_layer("a").trainable = False
    inner.trainable = False
    inner.trainable = True
    assert inner.get_layer("a").trainable, "plain Keras: the mixed state is lost"

    _, tree = opened(nested())
    freeze(tree, "inner/a")
    mixed = flags(tree)
    change = tree.plan([tree.find("inner")], trainable=False)
    tree.apply(change)
    tree.apply(change.reverted)
    assert flags(tree) == mixed
    assert tree.state(tree.find("inner")) is State.MIXED


def test_that_fact_02_a_containers_flag_does_not_gate_its_children_but_the_roots_does(tmp_path):
    model = nested()
    inner = model.get_layer("inner")
    inner.trainable = False
    inner.get_layer("a").trainable = True
    assert inner.trainable_variables == []
    assert "inner/a:kernel" in moved(model, lambda: fit(model)), "plain Keras: trains what its container hides"
    model.trainable = False
    inner.get_layer("a").trainable = True
    assert model.trainable_variables == []

    index, tree = opened(nested())
    freeze(tree, "")
    freeze(tree, "inner/a", trainable=True)
    assert tree.state(tree.find("inner")) is State.MIXED
    assert moved(index.model, lambda: run(index, tree, tmp_path)) == {"inner/a:kernel", "inner/a:bias"}
    assert index.model.trainable


def test_that_fact_03_a_block_frozen_leaf_by_leaf_is_shown_as_trainable():
    model = nested()
    for layer in model.get_layer("inner").layers:
        layer.trainable = False
    assert model.get_layer("inner").trainable, "plain Keras: the flag says nothing of the leaves"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        model.summary(show_trainable=True, print_fn=lambda text, **_: printed.write(text))
    (row,) = [line for line in printed.getvalue().splitlines() if "inner" in line]
    assert "Y" in row.split()[-2:] or " Y " in row

    _, tree = opened(model)
    assert tree.state(tree.find("inner")) is State.FROZEN


def test_that_fact_04_one_weight_can_be_frozen(tmp_path):
    model = stack(layers.Dense(3, name="dense"))
    model.get_layer("dense").bias.trainable = False
    assert moved(model, lambda: fit(model)) == {"dense:kernel"}

    index, tree = opened(stack(layers.Dense(3, name="dense")))
    freeze(tree, "dense:bias")
    assert moved(index.model, lambda: run(index, tree, tmp_path)) == {"dense:kernel"}
    again, again_tree = saved(index, tree, tmp_path / "one.keras")
    assert flags(again_tree) == flags(tree)
    assert moved(again.model, lambda: run(again, again_tree, tmp_path)) == {"dense:kernel"}


def normalized():
    return stack(layers.BatchNormalization(name="bn"), layers.Dense(2, name="head"))


SCALES = {"bn:gamma", "bn:beta"}
STATISTICS = {"bn:moving_mean", "bn:moving_variance"}


def moved_in_bn(model, train):
    return {path for path in moved(model, train) if path.startswith("bn")}


def test_that_fact_05_statistics_and_scales_are_two_bits(tmp_path):
    found = {}
    for layer_flag in (True, False):
        for variable_flag in (True, False):
            model = normalized()
            norm = model.get_layer("bn")
            norm.trainable = layer_flag
            norm.gamma.trainable = norm.beta.trainable = variable_flag
            found[layer_flag, variable_flag] = moved_in_bn(model, lambda model=model: fit(model))
    assert found == {
        (True, True): SCALES | STATISTICS,
        (True, False): STATISTICS,
        (False, True): SCALES,
        (False, False): set(),
    }, "plain Keras: gamma and beta frozen one by one leave the statistics drifting"

    wanted = {
        (StatisticsPolicy.WITH_LAYER, True): SCALES | STATISTICS,
        (StatisticsPolicy.WITH_LAYER, False): set(),
        (StatisticsPolicy.UPDATE, False): STATISTICS,
        (StatisticsPolicy.STILL, True): SCALES,
    }
    for (policy, trainable), expected in wanted.items():
        index, tree = opened(normalized())
        tree.apply(tree.plan_policy([tree.find("bn")], policy))
        freeze(tree, "bn", trainable=trainable)
        found_here = moved_in_bn(index.model, lambda index=index, tree=tree: run(index, tree, tmp_path))
        assert found_here == expected, (policy, trainable)


def test_that_fact_05_statistics_alone_have_the_layers_bit(tmp_path):
    def bare():
        return stack(layers.BatchNormalization(scale=False, center=False, name="bn"), layers.Dense(2, name="head"))

    model = bare()
    model.get_layer("bn").trainable = False
    assert moved_in_bn(model, lambda: fit(model)) == set()

    for trainable, expected in ((True, STATISTICS), (False, set())):
        index, tree = opened(bare())
        freeze(tree, "bn", trainable=trainable)
        assert moved_in_bn(index.model, lambda index=index, tree=tree: run(index, tree, tmp_path)) == expected


def with_dropout():
    inputs = keras.Input((4,))
    values = layers.Dropout(0.5, name="dropout")(layers.Dense(4, name="dense")(inputs))
    values = layers.BatchNormalization(name="bn")(values, training=False)
    base = keras.Model(inputs, values, name="base")
    return stack(base, layers.Dense(2, name="head"))


def test_that_fact_06_a_frozen_block_is_not_deterministic():
    model = with_dropout()
    model.get_layer("base").trainable = False
    x = np.ones((8, 4), "float32")
    assert not np.array_equal(model(x, training=True), model(x, training=True)), "plain Keras: dropout goes on"
    configs = model.get_layer("base").get_config()["layers"]
    (baked,) = [config for config in configs if config["name"] == "bn"]
    assert baked["inbound_nodes"][0]["kwargs"]["training"] is False

    _, tree = opened(with_dropout())
    assert tree.find("base/bn").record.fixed_training is False
    freeze(tree, "base")
    found = {finding.code: finding for finding in find_problems(tree)}
    assert "base/dropout" in found["random-in-frozen-block"].paths
    assert found["training-overridden"].paths == ("base/bn",)


def test_that_fact_07_a_shared_layer_is_frozen_in_all_its_places(tmp_path):
    def twice():
        shared = layers.Dense(4, name="shared")
        first = keras.Sequential([keras.Input((4,)), shared], name="first")
        second = keras.Sequential([keras.Input((4,)), shared, layers.Dense(4, name="own")], name="second")
        return stack(first, second)

    model = twice()
    model.get_layer("first").trainable = False
    assert not model.get_layer("second").get_layer("shared").trainable

    index, tree = opened(twice())
    change = tree.plan([tree.find("first")], trainable=False)
    touched = {node.path for node in tree.apply(change)}
    assert {"first/shared", "second/shared", "second"} <= touched, "every place is announced"
    assert tree.state(tree.find("second")) is State.MIXED
    assert moved(index.model, lambda: run(index, tree, tmp_path)) == {"second/own:kernel", "second/own:bias"}


def test_that_fact_08_a_flag_off_and_on_thaws_the_base_kernel_of_lora(tmp_path):
    def lora():
        model = stack(layers.Dense(4, name="dense"))
        model.get_layer("dense").enable_lora(2)
        return model

    model = lora()
    dense = model.get_layer("dense")
    assert not dense._kernel.trainable
    dense.trainable = False
    dense.trainable = True
    assert dense._kernel.trainable, "plain Keras: the base kernel trains now"

    index, tree = opened(lora())
    before = flags(tree)
    change = tree.plan([tree.find("dense")], trainable=False)
    tree.apply(change)
    tree.apply(change.reverted)
    assert flags(tree) == before
    changed = moved(index.model, lambda: run(index, tree, tmp_path))
    assert "dense:kernel" not in changed
    assert {"dense:lora_kernel_a", "dense:lora_kernel_b"} & changed


def test_that_fact_09_names_do_not_identify_a_weight():
    def part(name):
        inputs = keras.Input((4,))
        return keras.Model(inputs, layers.Dense(4, name="d1")(inputs), name=name)

    model = stack(part("one"), part("two"))
    paths = [weight.path for weight in model.weights]
    assert len(paths) != len(set(paths)), "plain Keras: two weights of one path"
    first, second = layers.Dense(2), layers.Dense(2)
    assert first.name != second.name

    index, tree = opened(model)
    stores = [node.record.store for node in tree.walk_layers() if node.weights]
    assert len(stores) == len(set(stores)) == 2
    freeze(tree, "two/d1")
    apply_tree(index, tree)
    assert [weight.trainable for weight in model.get_layer("one").weights] == [True, True]
    assert [weight.trainable for weight in model.get_layer("two").weights] == [False, False]
