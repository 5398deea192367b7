from hypothesis import given

from editor.layers.comparison import compare_maps
from editor.layers.freeze_map import FreezeMap, LayerFlags, Rule
from editor.layers.tree import LayerTree
from tests.layers.records import base_and_head, edits, make_edits, models, thoroughly


def flags(weights=("frozen", "trainable"), *, store="", class_name="Dense", also_at=(), statistics=None):
    named = dict(zip(("kernel", "bias"), weights, strict=False))
    return LayerFlags(store=store, class_name=class_name, weights=named, also_at=also_at, statistics=statistics)


def compared(left, right):
    return compare_maps(FreezeMap(layers=left), FreezeMap(layers=right))


def pairs(comparison):
    return [(layer.left_path, layer.right_path) for layer in comparison.layers]


def test_that_maps_of_one_model_are_compared_flag_by_flag():
    tree = base_and_head()
    left = tree.freeze_map()
    tree.apply(tree.plan([tree.find("base/bn"), tree.find("head:bias")], trainable=False))
    found = compare_maps(left, tree.freeze_map())
    assert [layer.path for layer in found.layers] == list(left.layers)
    assert [layer.path for layer in found.differing] == ["base/bn", "head"]
    bn, head = found.differing
    assert (bn.left_text, bn.right_text) == ("trainable, statistics update", "frozen, statistics still")
    assert (head.left_text, head.right_text) == ("trainable", "kernel trainable, bias frozen")
    assert [(weight.name, weight.differs) for weight in head.weights] == [("kernel", False), ("bias", True)]
    assert not found.is_same


def test_that_what_only_one_side_has_is_told():
    found = compared({"a": flags(), "b": flags()}, {"b": flags(), "c": flags()})
    assert pairs(found) == [("a", None), ("b", "b"), (None, "c")]
    assert [layer.path for layer in found.only_left] == ["a"]
    assert [layer.path for layer in found.only_right] == ["c"]
    assert (found.layers[0].right_text, found.layers[0].differs) == ("not there", False)


def test_that_the_path_decides_before_the_store_key():
    left = {"a": flags(store="dense"), "b": flags(store="dense_1")}
    right = {"a": flags(store="dense_1"), "b": flags(store="dense")}
    assert pairs(compared(left, right)) == [("a", "a"), ("b", "b")]


def test_that_renamed_layers_are_found_by_store_key():
    found = compared({"net/dense_3": flags(store="layers/dense")}, {"net/dense": flags(store="layers/dense")})
    assert pairs(found) == [("net/dense_3", "net/dense")]
    assert found.is_same


def test_that_a_store_key_that_repeats_or_is_empty_matches_nothing():
    assert pairs(compared({"a": flags()}, {"b": flags()})) == [("a", None), (None, "b")]
    twice = {"b": flags(store="s"), "c": flags(store="s")}
    assert pairs(compared({"a": flags(store="s")}, twice)) == [("a", None), (None, "b"), (None, "c")]


def test_that_a_shared_layer_is_found_by_any_of_its_paths():
    left = {"first/shared": flags(also_at=("second/again",))}
    assert pairs(compared(left, {"second/again": flags()})) == [("first/shared", "second/again")]


def test_that_another_class_or_other_weights_are_marked():
    found = compared({"a": flags(class_name="Dense")}, {"a": flags(("frozen",), class_name="Conv2D")})
    (layer,) = found.layers
    assert layer.is_other_kind
    assert not layer.differs
    assert not found.is_same


def test_that_weights_of_other_shapes_are_not_compared():
    def shaped(flag, shape):
        return LayerFlags(store="s", class_name="Dense", weights={"kernel": flag}, shapes={"kernel": shape})

    (layer,) = compared({"a": shaped("frozen", (2, 3))}, {"a": shaped("trainable", (2, 4))}).layers
    assert (layer.is_other_kind, layer.differs) == (True, False)
    (layer,) = compared({"a": shaped("frozen", (2, 3))}, {"a": flags(("trainable",))}).layers
    assert (layer.is_other_kind, layer.differs) == (False, True)


def test_that_rules_are_compared():
    rule = Rule(select="class:BatchNormalization", rule="stays-frozen")
    found = compare_maps(FreezeMap(layers={}), FreezeMap(layers={}, rules=(rule,)))
    assert (found.rules_left, found.rules_right) == ((), (rule,))
    assert not found.is_same


@thoroughly
@given(models(), edits(), edits())
def test_that_a_comparison_agrees_with_the_maps(record, before, after):
    tree = LayerTree(record)
    make_edits(tree, before)
    left = tree.freeze_map()
    make_edits(tree, after)
    right = tree.freeze_map()
    found = compare_maps(left, right)
    assert [(layer.left_path, layer.right_path) for layer in found.layers] == [(path, path) for path in left.layers]
    differing = {path for path in left.layers if left.layers[path] != right.layers[path]}
    assert {layer.path for layer in found.differing} == differing
    assert found.is_same == (left == right)
    change, _ = tree.plan_map(left)
    tree.apply(change)
    assert compare_maps(left, tree.freeze_map()).is_same
