"""Training after each kind of edit moves the trainable weights and the statistics that may move, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from editor.keras_model.flags import apply_tree
from editor.keras_model.saving import weight_values
from editor.keras_model.walk import walk_model
from editor.layers.accounts import StatisticsMode
from editor.layers.tree import LayerTree
from editor.training.run import RunWatcher, run_training
from editor.training.settings import TrainSettings
from tests import models
from tests.round_trip import hard_models
from tests.round_trip.families import inputs_of
from tests.round_trip.states import EVERY_KIND, Edit, State, made

NUM_SAMPLES = 16
MOVING = ("moving_mean", "moving_variance")


class Trial:
    """A model with its tree, what was in it before a run, and what has moved since."""

    def __init__(self, builder, folder):
        self.index = walk_model(models.seeded(builder))
        self.tree = LayerTree(self.index.root)
        self.x = inputs_of(self.index.model, NUM_SAMPLES)
        self.data = folder / "data.npz"
        num_outputs = self.index.model(self.x).shape[-1]
        y = np.arange(NUM_SAMPLES) % num_outputs if num_outputs > 1 else np.linspace(0, 1, NUM_SAMPLES)
        np.savez(self.data, x=self.x, y=y)

    def set(self, trainable, *paths):
        nodes = [self.tree.find(path) for path in paths]
        assert None not in nodes, paths
        self.tree.apply(self.tree.plan(nodes, trainable=trainable))

    def reached(self):
        """Paths of the weights that a gradient reaches, trainable or not, with the flags as they are."""
        apply_tree(self.index, self.tree)
        values = [variable.value for variable in self.index.variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            outputs = self.index.model(self.x, training=True)
            # Unlike any real loss this one has no symmetry: each output has its own target.
            targets = np.random.default_rng(models.SEED).uniform(-1, 1, outputs.shape)
            loss = tf.reduce_sum((outputs - targets) ** 2)
        gradients = tape.gradient(loss, values)
        return {
            node.path
            for node in self.tree.walk_weights()
            if (gradient := gradients[node.record.weight_id]) is not None
            and np.abs(tf.convert_to_tensor(gradient).numpy()).max() > 1e-5
        }

    def train(self):
        """Trains one epoch of two batches and gives the paths of the weights whose bytes have changed."""
        before = weight_values(self.index)
        settings = TrainSettings(
            data=str(self.data), epochs=1, batch_size=8, validation_split=0, seed=3, learning_rate=0.05
        )
        result = run_training(self.index, settings, self.tree.freeze_map(), watcher=RunWatcher())
        assert result.proof.is_kept, result.proof.violations
        now = weight_values(self.index)
        return {
            node.path
            for node in self.tree.walk_weights()
            if now[node.record.weight_id].tobytes() != before[node.record.weight_id].tobytes()
        }

    def trainable(self):
        return {node.path for node in self.tree.walk_weights() if self.tree.is_trainable(node.record)}

    def updating(self, names=None):
        """Paths of the statistics that update; of those called so alone."""
        return {
            weight.path
            for layer in self.tree.walk_layers()
            if self.tree.statistics_mode(layer) is StatisticsMode.UPDATE and self.tree.is_first_place(layer)
            for weight in layer.weights
            if weight.record.is_statistics and (names is None or weight.record.name in names)
        }

    def check(self):
        """Trains, and holds what has moved against the tree."""
        must_move = (self.reached() & self.trainable()) | self.updating(MOVING)
        moved = self.train()
        assert must_move - moved == set(), "stood still"
        assert moved - self.trainable() - self.updating() == set(), "moved"
        return moved


# -- each kind of edit ----------------------------------------------------------------------------------------

EDITS = {
    "leaf": (Edit("leaf", 2, trainable=False, updates=False),),
    "container": (Edit("container", 1, trainable=False, updates=False),),
    "root-and-a-thawed-leaf": (
        Edit("root", 0, trainable=False, updates=False),
        Edit("leaf", 1, trainable=True, updates=False),
    ),
    "weight": (Edit("weight", 4, trainable=False, updates=False),),
    "weight-of-a-frozen-model": (
        Edit("root", 0, trainable=False, updates=False),
        Edit("weight", 3, trainable=True, updates=False),
    ),
    "thawed-child": (Edit("thawed child", 15, trainable=True, updates=False),),
    "frozen-child": (Edit("thawed child", 8, trainable=False, updates=False),),
    "at-random": (Edit("all at random", 5, trainable=True, updates=True),),
    "every-kind": EVERY_KIND,
}
HARD = (
    hard_models.holds_functional,
    models.composites,
    models.siamese,
    models.deep_nest,
    hard_models.lenders,
    hard_models.three_levels,
    hard_models.time_distributed,
    hard_models.nameless_weights,
)
CASES = [(hard_models.attributes, kind) for kind in EDITS]
CASES += [(hard_models.holds_functional, kind) for kind in ("thawed-child", "frozen-child")]
CASES += [(builder, "every-kind") for builder in HARD]


@pytest.mark.parametrize(("builder", "kind"), CASES, ids=lambda it: it if isinstance(it, str) else it.__name__)
def test_that_after_an_edit_exactly_the_trainable_weights_move(builder, kind, tmp_path):
    trial = Trial(builder, tmp_path)
    state: State = EDITS[kind]
    trial.tree = made(trial.index.root, state)
    trial.check()


def test_that_of_biases_alone_the_biases_move(tmp_path):
    """BitFit (fact F4)."""
    trial = Trial(models.composites, tmp_path)
    biases = [node.path for node in trial.tree.walk_weights() if "bias" in node.record.name]
    trial.set(False, "")
    trial.set(True, *biases)
    moved = trial.check()
    assert moved <= set(biases)
    assert len(moved) > len(biases) / 2


def test_that_edits_between_runs_hold_in_the_next_one(tmp_path):
    """Flags that change after a `fit` do nothing in plain Keras (fact F10)."""
    trial = Trial(hard_models.attributes, tmp_path)
    for state in (EDITS["at-random"], EDITS["thawed-child"], EVERY_KIND):
        trial.tree = made(trial.index.root, state)
        trial.check()


def test_that_a_layer_that_several_hold_is_frozen_for_all_of_them(tmp_path):
    trial = Trial(hard_models.lenders, tmp_path)
    first, *others = trial.tree.places(trial.tree.find("lender/shared"))
    assert others
    trial.set(False, others[-1].path)
    assert not {path for path in trial.check() if path.startswith(f"{first.path}:")}


# -- statistics -----------------------------------------------------------------------------------------------

POLICIES = {
    "frozen-and-still": (False, StatisticsMode.STILL, set()),
    "updating-over-frozen-gamma-and-beta": (False, StatisticsMode.UPDATE, {*MOVING}),
    "still-while-gamma-and-beta-train": (True, StatisticsMode.STILL, {"gamma", "beta"}),
    "trainable-and-updating": (True, StatisticsMode.UPDATE, {"gamma", "beta", *MOVING}),
}
DEEP = (hard_models.attributes, "branches/left/1", "_hidden")
NORMALIZATIONS = [
    (models.bare_normalization, "bn", "head"),
    (models.siamese, "tower/bn", "same"),
    (hard_models.time_distributed, "each/layer/bn", "head"),
    (hard_models.three_levels, "outer/inner/norm", "head"),
    (hard_models.holds_functional, "holder/graph/bn", "head"),
]
HARDEST_POLICIES = ("updating-over-frozen-gamma-and-beta", "still-while-gamma-and-beta-train")
POLICY_CASES = [(*DEEP, policy) for policy in POLICIES]
POLICY_CASES += [(*case, policy) for case in NORMALIZATIONS for policy in HARDEST_POLICIES]


@pytest.mark.parametrize(
    ("builder", "path", "head", "policy"), POLICY_CASES, ids=lambda it: getattr(it, "__name__", it)
)
def test_that_a_normalization_in_a_frozen_block_follows_its_policy(builder, path, head, policy, tmp_path):
    trains, mode, expected = POLICIES[policy]
    trial = Trial(builder, tmp_path)
    trial.set(False, "")
    trial.set(True, head)
    layer = trial.tree.find(path)
    flags = {weight.record.weight_id: trains for weight in layer.weights}
    trial.tree.apply(trial.tree.change_to(flags, {layer.record.layer_id: mode}))
    assert trial.check() == {f"{head}:kernel", f"{head}:bias"} | {f"{path}:{name}" for name in expected}


@pytest.mark.parametrize("mode", StatisticsMode)
@pytest.mark.parametrize(
    ("builder", "path"), [(models.bare_normalization, "bare"), (hard_models.attributes, "pair/1")], ids=["flat", "deep"]
)
def test_that_statistics_without_gamma_and_beta_follow_their_bit(builder, path, mode, tmp_path):
    trial = Trial(builder, tmp_path)
    trial.tree.apply(trial.tree.change_to({}, {trial.tree.find(path).record.layer_id: mode}))
    moved = {name for name in MOVING if f"{path}:{name}" in trial.check()}
    assert moved == ({*MOVING} if mode is StatisticsMode.UPDATE else set())


# -- LoRA -----------------------------------------------------------------------------------------------------


def test_that_of_a_lora_layer_a_and_b_move_and_its_kernel_does_not(tmp_path):
    trial = Trial(hard_models.lora, tmp_path)
    assert {path for path in trial.check() if path.startswith("dense:")} == {
        "dense:bias",
        "dense:lora_kernel_a",
        "dense:lora_kernel_b",
    }


def test_that_a_freeze_taken_back_leaves_the_kernel_of_a_lora_layer_frozen(tmp_path):
    """Off and on again makes it trainable in plain Keras (fact F8)."""
    trial = Trial(hard_models.lora, tmp_path)
    change = trial.tree.plan([trial.tree.root], trainable=False)
    trial.tree.apply(change)
    apply_tree(trial.index, trial.tree)
    trial.tree.apply(change.reverted)
    assert "dense:kernel" not in trial.check()
