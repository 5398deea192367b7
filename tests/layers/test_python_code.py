from __future__ import annotations

import ast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from editor.layers.accounts import StatisticsMode
from editor.layers.python_code import python_code, restore_lines
from editor.layers.records import LayerRecord
from editor.layers.selection import select
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head, edits, make_edits, models, thoroughly


def lines_of(tree: LayerTree) -> list[str]:
    """The lines between those that every snippet begins and ends with."""
    text = python_code(tree)
    return text.partition("model.trainable = True\n")[2].partition("\nassert")[0].strip("\n").split("\n")


def freeze(tree: LayerTree, *patterns: str) -> LayerTree:
    return change(tree, patterns, trainable=False)


def thaw(tree: LayerTree, *patterns: str) -> LayerTree:
    return change(tree, patterns, trainable=True)


def change(tree: LayerTree, patterns: tuple[str, ...], *, trainable: bool) -> LayerTree:
    for pattern in patterns:
        tree.apply(tree.plan(select(tree, pattern), trainable=trainable))
    return tree


def graph(record: LayerRecord) -> LayerRecord:
    return msgspec.structs.replace(record, is_graph=True)


def reached(record: LayerRecord, *access: str) -> LayerRecord:
    return msgspec.structs.replace(record, access=access)


def chain(num_layers: int, *, with_normalization: bool = False) -> LayerTree:
    """`dense_a`, `dense_b`, …, each followed by a normalization if wished for; the last one is `head`."""
    build = Builder()
    layers = []
    for name in "abcdefghijk"[: num_layers - 1]:
        layers.append(build.dense(f"dense_{name}"))
        if with_normalization:
            layers.append(build.normalization(f"norm_{name}"))
    return LayerTree(graph(build.container("", *layers, build.dense("head"))))


def blocks() -> LayerTree:
    """A subclassed model with four blocks in a list and heads in a dict."""
    build = Builder()
    items = []
    for at in range(4):
        parts = [reached(build.dense(name), f".{name}") for name in ("query", "value")]
        items.append(reached(build.container(f"blocks/{at}", *parts, class_name="Block"), ".blocks", f"[{at}]"))
    heads = [reached(build.dense(f"heads/{key}"), ".heads", f'["{key}"]') for key in ("left", "right")]
    return build.model(*items, *heads)


# -- the shortest way to say it -------------------------------------------------------------------------------


def test_that_nothing_is_said_of_a_model_that_trains():
    assert lines_of(base_and_head()) == [""]
    assert lines_of(freeze(base_and_head(), "head")) != [""]


def test_that_all_is_frozen_by_a_loop_and_not_by_the_root():
    assert lines_of(freeze(chain(4), "**")) == ["for layer in model.layers:", "    layer.trainable = False"]


def test_that_a_frozen_base_is_one_line():
    assert lines_of(thaw(freeze(base_and_head(), "**"), "head")) == ['model.get_layer("base").trainable = False']


def test_that_all_but_the_head_is_a_slice_that_names_its_end():
    tree = thaw(freeze(chain(8), "**"), "head")
    assert lines_of(tree) == [
        "for layer in model.layers[:7]:  # up to dense_g",
        "    layer.trainable = False",
    ]


def test_that_names_that_begin_alike_are_one_test():
    tree = freeze(chain(11, with_normalization=True), "dense_*")
    assert lines_of(tree) == [
        "for layer in model.layers:",
        '    if layer.name.startswith("dense_"):',
        "        layer.trainable = False",
    ]


def test_that_a_class_is_told_by_isinstance():
    build = Builder()
    layers = [
        layer for name in "acegikmoqs" for layer in (build.dense(name), build.normalization(f"{name}_normalized"))
    ]
    tree = freeze(LayerTree(graph(build.container("", *layers))), "class:BatchNormalization")
    assert lines_of(tree) == [
        "for layer in model.layers:",
        "    if isinstance(layer, keras.layers.BatchNormalization):",
        "        layer.trainable = False",
    ]
    assert python_code(tree).startswith("import math\n\nimport keras\n")


def test_that_only_biases_are_told_by_their_name():
    tree = thaw(freeze(chain(6), "**"), "**:bias")
    assert lines_of(tree) == ["for weight in model.weights:", '    weight.trainable = weight.name == "bias"']


def test_that_frozen_weights_over_statistics_that_move_take_two_bits():
    tree = base_and_head()
    tree.apply(tree.plan([tree.root], trainable=True))
    norm = tree.find("base/bn")
    still = {norm.record.layer_id: StatisticsMode.STILL}
    update = {norm.record.layer_id: StatisticsMode.UPDATE}
    gamma = {weight.record.weight_id: False for weight in norm.weights if not weight.record.is_statistics}

    tree.apply(tree.change_to({}, still))
    assert lines_of(tree)[:2] == ["bn = " + 'model.get_layer("base").get_layer("bn")', "bn.trainable = False"]
    tree.apply(tree.change_to(gamma, update))
    assert not any(line.startswith("bn.trainable") for line in lines_of(tree))


# -- ways to a layer ------------------------------------------------------------------------------------------


def test_that_the_same_parts_of_list_items_share_a_loop():
    assert lines_of(freeze(blocks(), "blocks/*/query")) == [
        "for layer in model.blocks[:4]:",
        "    layer.query.trainable = False",
    ]
    assert lines_of(freeze(blocks(), "blocks/0", "blocks/1", "blocks/2")) == [
        "for layer in model.blocks[:3]:",
        "    layer.trainable = False",
    ]


def test_that_a_dict_is_asked_by_its_key():
    assert lines_of(freeze(blocks(), "heads/left")) == ['model.heads["left"].trainable = False']


def test_that_an_automatic_name_counts_only_where_the_file_gives_it():
    build = Builder()
    inner = [msgspec.structs.replace(build.dense(name), config={"name": name}) for name in ("dense", "dense_1", "out")]
    plain = LayerTree(graph(build.container("", *inner)))
    assert lines_of(freeze(plain, "dense_1")) == ['model.get_layer("dense_1").trainable = False']

    nested = reached(graph(build.container("part", *inner, class_name="Sequential")), ".part")
    subclassed = LayerTree(build.layer("", "Custom", children=[nested]))
    assert lines_of(freeze(subclassed, "part/dense_1")) == ["model.part.layers[1].trainable = False"]
    assert lines_of(thaw(freeze(subclassed, "part"), "part/dense", "part/dense_1")) == [
        'model.part.get_layer("out").trainable = False'
    ]


def test_that_weights_of_one_name_are_told_by_their_position():
    build = Builder()
    scales = [build.weight("scale#1"), build.weight("scale#2")]
    tree = LayerTree(graph(build.container("", build.layer("norm", weights=scales))))
    assert lines_of(freeze(tree, "norm:scale#2")) == ['model.get_layer("norm").weights[1].trainable = False']


def test_that_names_from_a_file_cannot_become_code():
    build = Builder()
    name = '")\nimport os  # '
    tree = LayerTree(graph(build.container("", build.dense(name), build.dense("head"))))
    found = ast.parse(python_code(freeze(tree, "re:(?s).*import.*")))
    imported = [alias.name for node in ast.walk(found) if isinstance(node, ast.Import) for alias in node.names]
    assert imported == ["math"]


# -- the whole text -------------------------------------------------------------------------------------------


def test_that_a_snippet_loads_counts_and_reminds_of_compiling():
    text = python_code(base_and_head(), file_name='my "best".keras')
    assert text.split("\n")[:5] == [
        "import math",
        "",
        "import keras",
        "",
        'model = keras.saving.load_model("my \\"best\\".keras", compile=False)',
    ]
    *_, check, reminder = text.rstrip("\n").split("\n")
    trainable = base_and_head().account(base_and_head().root).trainable.parameters
    assert check.endswith(f"model.trainable_weights) == {trainable}")
    assert "Compile the model after this" in reminder


def test_that_lines_for_a_saved_file_are_python():
    text = restore_lines("m.keras")
    assert 'restore_freeze(model, "m.keras")' in text
    ast.parse(text)


@thoroughly
@given(record=models(), wishes=edits(), modes=st.lists(st.sampled_from(StatisticsMode), min_size=1))
def test_that_every_state_of_every_tree_has_a_snippet(record, wishes, modes):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    layers = [layer.record.layer_id for layer in tree.walk_layers()]
    tree.apply(tree.change_to({}, {key: modes[at % len(modes)] for at, key in enumerate(layers)}))
    ast.parse(python_code(tree))
