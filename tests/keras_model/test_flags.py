from __future__ import annotations

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from editor.errors import FreezeMapError
from editor.keras_model.flags import apply_tree, flags_applied, tree_with_map
from editor.keras_model.walk import walk_model
from editor.layers.accounts import State, StatisticsMode
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.policies import RuleKind
from editor.layers.tree import FlagChange, LayerTree
from tests import models
from tests.round_trip import hard_models

DRAWN_ON = (
    models.composites,
    models.siamese,
    models.shared_twice,
    models.bare_normalization,
    models.spectral,
    models.deep_nest,
    models.after_layers,
)


@pytest.fixture(scope="module")
def walked_models():
    return Walked((index := walk_model(builder()), LayerTree(index.root)) for builder in DRAWN_ON)


class Walked(list):
    """Hypothesis writes down what it calls a test with, and models are long."""

    def __repr__(self):
        return "walked models"


def set_flags(tree, flags, modes):
    """Brings drawn flags onto a tree, whatever it had."""
    weights = [weight for weight in tree.root.weights_below if not weight.is_statistics]
    layers = [layer for layer in tree.walk_layers() if tree.is_first_place(layer) and tree.statistics_mode(layer)]
    tree.apply(
        FlagChange(
            tuple((weight.weight_id, False, flag) for weight, flag in zip(weights, flags, strict=False)),
            tuple(
                (layer.record.layer_id, StatisticsMode.STILL, mode) for layer, mode in zip(layers, modes, strict=False)
            ),
        )
    )


def all_flags(index):
    return [layer.trainable for layer in index.layers], [variable.trainable for variable in index.variables]


flag_lists = st.lists(st.booleans(), min_size=40, max_size=40)
mode_lists = st.lists(st.sampled_from(StatisticsMode), min_size=4, max_size=4)


# -- applying -------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, len(DRAWN_ON) - 1), flags=flag_lists, modes=mode_lists)
def test_that_any_flags_applied_are_found_by_a_fresh_walk(walked_models, which, flags, modes):
    index, tree = walked_models[which]
    set_flags(tree, flags, modes)
    apply_tree(index, tree)
    assert LayerTree(walk_model(index.model).root).freeze_map().layers == tree.freeze_map().layers
    expected = {
        id(index.variables[weight.weight_id])
        for weight in tree.root.weights_below
        if not weight.is_statistics and tree.is_trainable(weight)
    }
    assert {id(variable) for variable in index.model.trainable_variables} == expected


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, len(DRAWN_ON) - 1), flags=flag_lists, modes=mode_lists, later=flag_lists)
def test_that_flags_applied_for_a_while_leave_every_flag_as_it_was(walked_models, which, flags, modes, later):
    index, tree = walked_models[which]
    set_flags(tree, flags, modes)
    apply_tree(index, tree)
    before = all_flags(index)
    set_flags(tree, later, modes)
    with flags_applied(index, tree):
        assert LayerTree(walk_model(index.model).root).freeze_map().layers == tree.freeze_map().layers
    assert all_flags(index) == before


def test_that_an_error_inside_also_brings_the_flags_back():
    index = walk_model(models.composites())
    tree = LayerTree(index.root)
    before = all_flags(index)
    tree.apply(tree.plan([tree.find("composite")], trainable=False))
    with pytest.raises(ZeroDivisionError), flags_applied(index, tree):
        1 / 0  # noqa: B018
    assert all_flags(index) == before


@pytest.mark.parametrize("builder", models.BUILDERS, ids=lambda builder: builder.__name__)
def test_that_a_map_of_one_model_fits_another_of_the_same_kind(builder):
    """Automatic names differ from one to the other (fact F9), also inside subclassed models."""
    first = LayerTree(walk_model(builder()).root)
    for at, weight in enumerate(first.walk_weights()):
        if at % 3 == 0:
            first.apply(first.plan([weight], trainable=False))
    index = walk_model(builder())
    second = tree_with_map(index, first.freeze_map())
    assert [(flags.store, flags.weights, flags.statistics) for flags in second.freeze_map().layers.values()] == [
        (flags.store, flags.weights, flags.statistics) for flags in first.freeze_map().layers.values()
    ]


def test_that_automatic_names_that_moved_on_do_not_swap_flags():
    """In a subclassed model `zoom/dense_1` of one process is `zoom/dense` of another: the store key tells (F9)."""
    keras.backend.clear_session()
    first = LayerTree(walk_model(models.after_layers()).root)
    first.apply(first.plan([first.find("zoom/dense")], trainable=False))
    keras.backend.clear_session()
    keras.layers.Dense(1)
    index = walk_model(models.after_layers())
    second = tree_with_map(index, first.freeze_map())
    assert second.state(second.find("zoom/dense_1")) is State.FROZEN
    assert second.state(second.find("zoom/dense_2")) is State.TRAINABLE
    apply_tree(index, second)
    assert not any(variable.trainable for variable in index.model.zoom.layers[0].variables)


def test_that_rules_of_editing_follow_automatic_names_that_moved_on():
    keras.backend.clear_session()
    first = LayerTree(walk_model(hard_models.attributes()).root)
    ruled = [first.find(path) for path in ("zoom/dense_6", "zoom", "")]
    first.apply(first.plan_rule(ruled, RuleKind.STAYS_FROZEN, holds=True))
    keras.backend.clear_session()
    keras.layers.Dense(1)
    second = tree_with_map(walk_model(hard_models.attributes()), first.freeze_map())
    names = [layer.path for layer in second.walk_layers() if second.has_rule(layer, RuleKind.STAYS_FROZEN)]
    assert names == ["", "zoom", *(child.path for child in second.find("zoom").children[:1])]


def test_that_a_map_of_another_model_is_refused_by_name():
    strange = FreezeMap(layers={"base/conv_9": LayerFlags(store="nowhere", class_name="Conv2D", weights={})})
    with pytest.raises(FreezeMapError, match="base/conv_9"):
        tree_with_map(walk_model(models.digits_cnn()), strange)


def test_that_the_root_flag_is_always_on():
    model = models.digits_cnn()
    model.trainable = False
    index = walk_model(model)
    tree = LayerTree(index.root)
    assert tree.account(tree.root).trainable.weights == 0
    tree.apply(tree.plan([tree.find("digit")], trainable=True))
    apply_tree(index, tree)
    assert model.trainable
    assert len(model.trainable_variables) == 2
