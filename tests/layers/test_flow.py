"""Everything up to a layer, and everything from a layer on."""

import msgspec

from editor.layers.flow import from_here, in_flow_order, up_to, weighted_layers
from tests.layers.records import Builder


def fed(record, *sources):
    return msgspec.structs.replace(record, takes_from=tuple(source.layer_id for source in sources))


def branching():
    """`stem` feeds `left` and `right`, both feed `join`; `join` stands first among the rows; `head` holds two."""
    build = Builder()
    stem, left, right = build.dense("stem"), build.dense("left"), build.dense("right")
    join, one, two = build.dense("join"), build.dense("one"), build.dense("two")
    head = build.container("head", one, fed(two, one))
    return build.model(fed(join, left, right), stem, fed(left, stem), fed(right, stem), fed(head, join))


def paths(nodes):
    return [node.path for node in nodes]


def test_that_up_to_here_holds_what_reaches_a_layer_and_no_other_branch():
    tree = branching()
    assert paths(up_to(tree, tree.find("left"))) == ["stem", "left"]
    assert paths(up_to(tree, tree.find("join"))) == ["join", "stem", "left", "right"]


def test_that_up_to_here_goes_through_the_containers_that_hold_a_layer():
    tree = branching()
    assert paths(up_to(tree, tree.find("head/one"))) == ["join", "stem", "left", "right", "head/one"]


def test_that_from_here_holds_what_a_layer_reaches():
    tree = branching()
    assert paths(from_here(tree, tree.find("left"))) == ["join", "left", "head"]
    assert paths(from_here(tree, tree.find("head/two"))) == ["head/two"]


def test_that_a_weight_stands_for_its_layer_and_the_root_for_all():
    tree = branching()
    assert paths(up_to(tree, tree.find("left:bias"))) == ["stem", "left"]
    assert up_to(tree, tree.root) == from_here(tree, tree.root) == (tree.root,)


def test_that_the_order_of_the_flow_is_not_that_of_the_rows():
    tree = branching()
    assert paths(in_flow_order(tree.root.children)) == ["stem", "left", "right", "join", "head"]
    assert paths(weighted_layers(tree))[-2:] == ["head/one", "head/two"]


def test_that_rows_must_do_where_no_flow_is_known():
    build = Builder()
    tree = build.model(build.dense("a"), build.dense("b"), build.dense("c"))
    assert paths(up_to(tree, tree.find("b"))) == ["a", "b"]
    assert paths(from_here(tree, tree.find("b"))) == ["b", "c"]


def test_that_a_loop_of_calls_does_not_hang():
    build = Builder()
    first, second = build.dense("first"), build.dense("second")
    tree = build.model(fed(first, second), fed(second, first))
    assert set(paths(up_to(tree, tree.find("first")))) == {"first", "second"}
    assert len(in_flow_order(tree.root.children)) == 2
