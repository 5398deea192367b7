"""The snippets of `python_code` do what they say, in a process that has Keras and nothing of this project."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import pytest

from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.accounts import StatisticsMode
from editor.layers.python_code import python_code
from editor.layers.selection import select
from editor.layers.tree import LayerTree
from tests import models
from tests.cases.block_stack import block_stack, renamed
from tests.cases.small_cnn import SmallCNN

PROGRAM = Path(__file__).parent / "plain_process.py"


def lora() -> keras.Model:
    """A layer whose own flag, put off and on again, thaws what it must not (fact F8)."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="d"), keras.layers.Dense(2)], name="lora")
    model.get_layer("d").enable_lora(2)
    return model


BUILDERS = (*models.BUILDERS, block_stack, renamed, lora)

UNSAVED = (models.shared_twice,)
"""Keras cannot reload a layer that stands in two submodels."""


# -- states ---------------------------------------------------------------------------------------------------


def freeze_weights(tree: LayerTree, source: random.Random) -> None:
    for weight in tree.walk_weights():
        tree.apply(tree.plan([weight], trainable=source.random() < 0.6))


def freeze_layers(tree: LayerTree, source: random.Random) -> None:
    for layer in tree.walk_layers():
        if source.random() < 0.4:
            tree.apply(tree.plan([layer], trainable=source.random() < 0.5))


def head_only(tree: LayerTree, _source: random.Random) -> None:
    tree.apply(tree.plan([tree.root], trainable=False))
    last = [layer for layer in tree.root.children if tree.account(layer).total.parameters][-1]
    tree.apply(tree.plan([last], trainable=True))


def first_half(tree: LayerTree, _source: random.Random) -> None:
    tree.apply(tree.plan([tree.root], trainable=True))
    weights = list(tree.walk_weights())
    tree.apply(tree.plan(weights[: len(weights) // 2], trainable=False))


def biases(tree: LayerTree, _source: random.Random) -> None:
    tree.apply(tree.plan([tree.root], trainable=False))
    tree.apply(tree.plan(select(tree, "**:b*"), trainable=True))


def two_bits(tree: LayerTree, source: random.Random) -> None:
    """Every policy of statistics at once, whatever the weights beside them are."""
    freeze_weights(tree, source)
    modes = {
        layer.record.layer_id: source.choice(list(StatisticsMode))
        for layer in tree.walk_layers()
        if layer is not tree.root and tree.statistics_mode(layer)
    }
    tree.apply(tree.change_to({}, modes))


def nothing(tree: LayerTree, _source: random.Random) -> None:
    tree.apply(tree.plan([tree.root], trainable=False))


STATES = (freeze_weights, freeze_layers, freeze_layers, head_only, first_half, biases, two_bits, nothing)


# -- cases ----------------------------------------------------------------------------------------------------


def case_of(index: ModelIndex, tree: LayerTree, code: str) -> dict[str, object]:
    variables = [False] * len(index.model.variables)
    for weight in tree.root.weights_below:
        if not weight.is_statistics:
            variables[weight.position] = tree.is_trainable(weight)
    at = {id(layer): place for place, layer in reversed(list(enumerate(index.model._flatten_layers())))}
    flags = {
        at[id(index.layers[layer.record.layer_id])]: tree.layer_flag(layer)
        for layer in tree.walk_layers()
        if tree.statistics_mode(layer)
    }
    return {"code": code, "variables": variables, "layers": flags}


def cases_for(builder, folder: Path) -> list[dict[str, object]]:
    model = builder()
    path = folder / f"{builder.__name__}.keras"
    is_saved = builder not in UNSAVED
    if is_saved:
        model.save(path)
        model = keras.saving.load_model(path, {"SmallCNN": SmallCNN}, compile=False)
    index = walk_model(model)
    cases = []
    states = STATES[:4] if builder is models.frozen_vgg16 else STATES
    for seed, change in enumerate(states):
        tree = LayerTree(index.root)
        change(tree, random.Random(seed))
        is_loading = is_saved and seed % 4 == 0
        case = case_of(index, tree, python_code(tree, file_name=str(path) if is_loading else None))
        source = {"file": str(path)} if is_saved else {"builder": builder.__name__}
        cases.append({"title": f"{builder.__name__}: {change.__name__} {seed}", **source, **case})
    return cases


def run_apart(cases: list[dict[str, object]], folder: Path) -> list[list[str]]:
    path = folder / "cases.json"
    path.write_text(json.dumps(cases), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), str(path)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(path.with_suffix(".results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[dict[str, object], list[str]]]]:
    """The cases of each model with the flags that came out wrong, all run in one process."""
    folder = tmp_path_factory.mktemp("snippets")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = {builder.__name__: cases_for(builder, folder) for builder in BUILDERS}
    results = iter(run_apart([case for each in cases.values() for case in each], folder))
    return {name: [(case, next(results)) for case in each] for name, each in cases.items()}


@pytest.mark.parametrize("name", [builder.__name__ for builder in BUILDERS])
def test_that_a_snippet_sets_every_flag_in_plain_keras(outcomes, name):
    for case, wrong in outcomes[name]:
        assert not wrong, f"{case['title']}\n{case['code']}"


def test_that_a_wrong_snippet_would_be_noticed(tmp_path: Path):
    path = tmp_path / "model.keras"
    models.digits_cnn().save(path)
    index = walk_model(keras.saving.load_model(path))
    tree = LayerTree(index.root)
    tree.apply(tree.plan([tree.find("conv")], trainable=False))
    case = {"file": str(path), **case_of(index, tree, "model.trainable = False")}
    stale = {"file": str(path), **case_of(index, tree, python_code(LayerTree(index.root)))}
    project = {**case, "code": "import editor"}
    assert all(run_apart([case, stale, project], tmp_path))


def test_that_plain_keras_passes_over_a_flag_that_a_layer_has_already(tmp_path: Path):
    """Why a snippet puts all flags off first: this is what makes a reloaded attention hard to freeze (fact F16)."""
    path = tmp_path / "model.keras"
    inputs = keras.Input((3, 4))
    values = keras.layers.MultiHeadAttention(2, 2, name="mha")(inputs, inputs)
    model = keras.Model(inputs, values)
    model.get_layer("mha").trainable = False
    model.save(path)
    reloaded = keras.saving.load_model(path)
    attention = reloaded.get_layer("mha")
    attention.trainable = False
    assert len(reloaded.trainable_variables) == 8

    tree = LayerTree(walk_model(reloaded).root)
    tree.apply(tree.plan([tree.find("mha")], trainable=False))
    exec(python_code(tree), {"model": reloaded})
    assert reloaded.trainable_variables == []
