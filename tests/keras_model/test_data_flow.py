"""The order in which data flow, as `takes_from` tells it."""

import threading

import keras
from keras import layers

from editor.keras_model.data_flow import call_order
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests.models import after_layers, composites, siamese, small_cnn


def sources(model):
    """Paths of the siblings that each layer takes its input from."""
    tree = LayerTree(walk_model(model).root)
    first = {node.record.layer_id: node.path for node in reversed(list(tree.walk_layers()))}
    return {node.path: tuple(first[key] for key in node.record.takes_from) for node in tree.walk_layers()}


def test_that_a_graph_tells_what_each_layer_takes():
    found = sources(siamese())
    assert found["both"] == ("tower",)
    assert set(found["tower"]) == {"flat"}
    assert found["first"] == ("cut",)
    assert found["tower/bn"] == ("tower/dense",)


def test_that_bare_operations_hand_on_what_they_take():
    one, two = keras.Input((4,), name="one"), keras.Input((4,), name="two")
    total = keras.ops.relu(layers.Dense(4, name="left")(one) + layers.Dense(4, name="right")(two))
    found = sources(keras.Model([one, two], layers.Dense(2, name="head")(total)))
    assert set(found["head"]) == {"left", "right"}


def test_that_a_subclassed_model_is_told_in_the_order_of_its_calls():
    found = sources(small_cnn())
    assert found["conv2"] == ("conv1",)
    assert found["dense"] == ("pool",)
    found = sources(after_layers())
    assert found["stack/0"] == ("entry",)
    assert found["zoom"] == ("stack/1",)
    assert found["_private"] == ("zoom",)


def test_that_the_inside_of_a_composite_is_told_too():
    found = sources(composites())
    assert found["mha/output_dense"] != ()
    assert found["mha/query_dense"] == ()


def test_that_a_training_argument_in_a_call_is_found():
    inputs = keras.Input((4,), name="input_layer")
    values = layers.BatchNormalization(name="baked")(inputs, training=False)
    values = layers.Dropout(0.5, name="dropout")(layers.BatchNormalization(name="free")(values))
    model = keras.Model(inputs, layers.Dropout(0.5, name="always")(values, training=True))
    tree = LayerTree(walk_model(model).root)
    found = {child.name: child.record.fixed_training for child in tree.root.children}
    # A Dropout's own default is in its call too, and means nothing.
    assert found == {"input_layer": None, "baked": False, "free": None, "dropout": None, "always": True}


def test_that_a_model_whose_call_cannot_be_traced_is_walked_all_the_same():
    class Stubborn(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(3), layers.Dense(3)

        def build(self, shape):
            self.one.build(shape)
            self.two.build((None, 3))

        def call(self, values):
            raise RuntimeError("only real numbers")

    model = Stubborn()
    model.build((None, 3))
    assert set(sources(model).values()) == {()}


def test_that_positions_are_those_of_keras():
    index = walk_model(composites())
    tree = LayerTree(index.root)
    for node in tree.walk_weights():
        variable = index.variables[node.record.weight_id]
        assert index.model.variables[node.record.position] is variable


def test_that_a_composite_in_a_sequential_is_told_too():
    composite = composites().get_layer("composite")
    found = sources(keras.Sequential([keras.Input((6, 8)), composite]))
    assert found["composite/blocks/1"] == ("composite/blocks/0",)


def test_that_two_traces_at_the_same_time_leave_keras_as_it_was():
    plain = keras.Layer.__call__
    met = threading.Barrier(2, timeout=20)
    orders = []

    class Slow(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(3), layers.Dense(3)

        def build(self, shape):
            self.one.build(shape)
            self.two.build((None, 3))

        def call(self, values):
            met.wait()
            return self.two(self.one(values))

    slow = [Slow(), Slow()]
    for model in slow:
        model.build((None, 3))
    threads = [threading.Thread(target=lambda it=it: orders.append(call_order(it))) for it in slow]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(order) for order in orders] == [2, 2]
    assert keras.Layer.__call__ is plain
