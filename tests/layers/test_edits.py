"""Edits with a name, and a look at them before they are made."""

import pytest
from hypothesis import given

from editor.errors import SelectionError
from editor.layers import edits
from editor.layers.accounts import State
from editor.layers.policies import RuleKind, StatisticsPolicy
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head, models, thoroughly


def made(tree, edit):
    tree.apply(edit.change)
    return edit.text


def states(tree, *paths):
    return [tree.state(tree.find(path)).value for path in paths]


@pytest.mark.parametrize(
    ("paths", "text"),
    [
        (["head"], "Freeze head"),
        (["base"], "Freeze 3 layers under base"),
        (["base/conv1", "base/bn"], "Freeze 2 layers under base"),
        (["base", "base/conv1"], "Freeze 3 layers under base"),
        (["base/conv1", "head"], "Freeze 2 layers"),
        (["head:bias"], "Freeze head:bias"),
        (["head:bias", "head:kernel"], "Freeze 2 weights under head"),
        ([""], "Freeze the whole model"),
    ],
)
def test_that_a_step_is_named_by_what_it_does(paths, text):
    tree = base_and_head()
    assert made(tree, edits.freeze(tree, [tree.find(path) for path in paths])) == text


def test_that_every_bias_can_be_frozen_and_all_but_the_biases():
    tree = base_and_head()
    base = [tree.find("base")]
    assert made(tree, edits.freeze_named(tree, base, "bias")) == "Freeze every bias in base"
    assert states(tree, "base/conv1:bias", "base/conv1:kernel", "head:bias") == ["frozen", "trainable", "trainable"]
    tree = base_and_head()
    assert made(tree, edits.freeze_named(tree, [tree.root], "bias", others=True)) == "Freeze all weights but bias"
    assert states(tree, "base/conv1:bias", "base/conv1:kernel", "base/bn") == ["trainable", "frozen", "frozen"]


def test_that_all_layers_of_a_class_are_frozen_as_one_step():
    tree = base_and_head()
    assert made(tree, edits.freeze_class(tree, "Dense")) == "Freeze 3 Dense"
    assert states(tree, "base/conv1", "base/bn", "head") == ["frozen", "trainable", "frozen"]


def test_that_a_pattern_is_named_in_its_step():
    tree = base_and_head()
    assert made(tree, edits.freeze_pattern(tree, " base/conv* ")) == "Freeze what matches base/conv*"
    with pytest.raises(SelectionError):
        edits.freeze_pattern(tree, "nothing")


def test_that_inverting_turns_each_weight_over():
    tree = base_and_head()
    made(tree, edits.freeze(tree, [tree.find("head:bias"), tree.find("base/bn")]))
    assert made(tree, edits.invert(tree, [tree.root])) == "Invert the whole model"
    assert states(tree, "head:bias", "head:kernel", "base/bn", "base/conv1") == [
        "trainable",
        "frozen",
        "trainable",
        "frozen",
    ]


@thoroughly
@given(models())
def test_that_inverting_twice_changes_no_weight(record):
    tree = LayerTree(record)
    before = {weight.weight_id: tree.is_trainable(weight) for weight in tree.root.weights_below}
    for _ in range(2):
        made(tree, edits.invert(tree, [tree.root]))
    assert {weight.weight_id: tree.is_trainable(weight) for weight in tree.root.weights_below} == before


def test_that_a_look_tells_what_would_change_and_changes_nothing():
    tree = base_and_head()
    change = edits.freeze(tree, [tree.find("base")]).change
    found = edits.look(tree, change)
    assert (found.num_layers, found.num_weights, found.frozen, found.num_statistics) == (3, 6, 26, 1)
    assert str(found) == "3 layers: 26 parameters freeze, statistics of 1 layer change"
    assert tree.state(tree.root) is State.TRAINABLE
    made(tree, edits.freeze(tree, [tree.find("base")]))
    assert str(edits.look(tree, edits.freeze(tree, [tree.find("base")]).change)) == "Nothing changes"


def test_that_policies_and_rules_are_steps_with_a_name():
    tree = base_and_head()
    bn = [tree.find("base/bn")]
    assert made(tree, edits.set_policy(tree, bn, StatisticsPolicy.STILL)) == "Statistics stand still in base/bn"
    assert made(tree, edits.set_stays_frozen(tree, bn, holds=True)).endswith("base/bn")
    assert tree.has_rule(bn[0], RuleKind.STAYS_FROZEN)
    assert (
        str(edits.look(tree, edits.set_stays_frozen(tree, bn, holds=False).change)) == "1 layer: 1 editing rule changes"
    )


def test_that_everything_before_or_behind_a_layer_is_one_step():
    build = Builder()
    tree = build.model(build.dense("a"), build.dense("b"), build.dense("c"))
    assert made(tree, edits.freeze_up_to(tree, tree.find("b"))) == "Freeze everything up to b"
    assert states(tree, "a", "b", "c") == ["frozen", "frozen", "trainable"]
    assert made(tree, edits.freeze_from_here(tree, tree.find("b"), trainable=True)) == "Thaw everything from b on"
    assert states(tree, "a", "b", "c") == ["frozen", "trainable", "trainable"]
