import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.errors import SelectionError
from editor.layers.accounts import State
from editor.layers.nodes import LayerNode
from editor.layers.selection import plan_patterns, select
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head, edits, make_edits, models, thoroughly


def deep() -> LayerTree:
    """`base/block/conv`, `base/conv`, `conv`, and an attention with its parts."""
    build = Builder()
    block = build.container("block", build.dense("conv"), build.normalization("bn"))
    mha = build.container("mha", build.dense("query"), class_name="MultiHeadAttention")
    return build.model(build.container("base", block, build.dense("conv")), build.dense("conv"), mha)


def paths(tree, pattern):
    return [node.path for node in select(tree, pattern)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("base", ["base"]),
        ("  base  ", ["base"]),
        ("base/*", ["base/block", "base/conv"]),
        ("*", ["base", "conv", "mha"]),
        ("base/**", ["base/block", "base/block/conv", "base/block/bn", "base/conv"]),
        ("**/conv", ["base/block/conv", "base/conv", "conv"]),
        ("base/**/conv", ["base/block/conv", "base/conv"]),
        ("*/*/b?", ["base/block/bn"]),
        ("class:BatchNormalization", ["base/block/bn"]),
        ("class:Multi*", ["mha"]),
        ("re:.*/(bn|query)", ["base/block/bn", "mha/query"]),
        ("conv:bias", ["conv:bias"]),
        ("base/*:bias", ["base/conv:bias"]),
        ("**:bias", ["base/block/conv:bias", "base/conv:bias", "conv:bias", "mha/query:bias"]),
        ("**/bn:*", [f"base/block/bn:{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")]),
        ("re:.*:gamma", ["base/block/bn:gamma"]),
    ],
)
def test_that_a_pattern_selects(pattern, expected):
    assert paths(deep(), pattern) == expected


def test_that_two_stars_select_every_layer():
    tree = deep()
    assert paths(tree, "**") == [layer.path for layer in tree.walk_layers()]


def test_that_a_weight_of_the_model_itself_is_selected():
    build = Builder()
    tree = build.model(weights=[build.weight("scale")])
    assert paths(tree, "**:scale") == [":scale"]


@thoroughly
@given(models())
def test_that_every_path_selects_its_own_node(record):
    tree = LayerTree(record)
    for node in tree.walk():
        if node is not tree.root:
            assert node in select(tree, node.path)


def test_that_a_layer_with_a_colon_in_its_name_is_selected_by_its_path():
    build = Builder()
    tree = build.model(build.container("conv:0", build.dense("inner")))
    assert paths(tree, "conv:0") == ["conv:0"]
    assert paths(tree, "conv:0/inner") == ["conv:0/inner"]


# -- refusals -------------------------------------------------------------------------------------------------


def test_that_no_match_suggests_near_paths():
    with pytest.raises(SelectionError, match="'base/blok' selects no layer") as caught:
        select(deep(), "base/blok")
    assert "base/block" in caught.value.hint


def test_that_no_match_of_a_class_suggests_near_classes():
    with pytest.raises(SelectionError) as caught:
        select(deep(), "class:BatchNormalisation")
    assert caught.value.hint == "Did you mean class:BatchNormalization?"


def test_that_no_match_without_anything_near_names_the_first_layers():
    with pytest.raises(SelectionError) as caught:
        select(deep(), "zzzzzzzzzzzz")
    assert "base, conv, mha" in caught.value.hint


def test_that_an_empty_pattern_is_refused():
    with pytest.raises(SelectionError, match="empty"):
        select(deep(), " ")


def test_that_a_malformed_regular_expression_is_refused():
    with pytest.raises(SelectionError, match="not a regular expression") as caught:
        select(deep(), "re:(base")
    assert "**" in caught.value.hint


def test_that_brackets_and_dots_stand_for_themselves():
    build = Builder()
    tree = build.model(build.dense("conv[0].a"), build.dense("conv0xa"))
    assert paths(tree, "conv[0].*") == ["conv[0].a"]


# -- several steps --------------------------------------------------------------------------------------------


def states_after(steps):
    tree = base_and_head()
    tree.apply(plan_patterns(tree, steps))
    return [tree.state(tree.find(path)) for path in ("base", "base/conv1", "head")]


def test_that_steps_count_in_the_order_given():
    freeze, thaw = ("base", False), ("base/conv1", True)
    assert states_after([freeze, thaw]) == [State.MIXED, State.TRAINABLE, State.TRAINABLE]
    assert states_after([thaw, freeze]) == [State.FROZEN, State.FROZEN, State.TRAINABLE]


def test_that_steps_which_cancel_out_are_no_edit():
    assert not plan_patterns(base_and_head(), [("base", False), ("base", True)])


@thoroughly
@given(models(), edits(), st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=5))
def test_that_planned_steps_leave_the_tree_and_do_what_single_steps_do(record, wishes, steps):
    tree, stepwise = LayerTree(record), LayerTree(record)
    make_edits(tree, wishes)
    make_edits(stepwise, wishes)
    names = [node.path for node in tree.walk() if isinstance(node, LayerNode)][1:]
    patterns = [(names[at % len(names)], trainable) for at, trainable in steps if names]
    before = tree.freeze_map()
    whole = plan_patterns(tree, patterns)
    assert tree.freeze_map() == before
    tree.apply(whole)
    for pattern, trainable in patterns:
        stepwise.apply(stepwise.plan(select(stepwise, pattern), trainable=trainable))
    assert tree.freeze_map() == stepwise.freeze_map()


def test_that_a_failing_step_leaves_the_tree_as_it_was():
    tree = base_and_head()
    before = tree.freeze_map()
    with pytest.raises(SelectionError):
        plan_patterns(tree, [("base", False), ("no such layer", True)])
    assert tree.freeze_map() == before
    assert tree.state(tree.find("base")) is State.TRAINABLE
