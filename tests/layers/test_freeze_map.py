import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor import __version__
from editor.errors import FreezeMapError
from editor.layers.comparison import compare_maps
from editor.layers.freeze_map import SCHEMA, FreezeMap, Rule
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head, edits, make_edits, models, renamed, thoroughly


def with_flags_turned(record):
    """The same model with every flag the other way round."""
    turned = [
        msgspec.structs.replace(weight, is_trainable=not weight.is_trainable and not weight.is_statistics)
        for weight in record.weights
    ]
    children = [with_flags_turned(child) for child in record.children]
    return msgspec.structs.replace(
        record, weights=tuple(turned), children=tuple(children), is_flag_set=not record.is_flag_set
    )


def with_other_names(record):
    """The same model with every layer but the root renamed."""
    children = tuple(renamed(with_other_names(child), f"new_{at}") for at, child in enumerate(record.children))
    return msgspec.structs.replace(record, children=children)


@thoroughly
@given(models(), edits())
def test_that_a_map_restores_every_flag_on_a_fresh_tree(record, wishes):
    edited = LayerTree(record)
    make_edits(edited, wishes)
    saved = FreezeMap.from_json(edited.freeze_map().to_json())
    for fresh in (LayerTree(record), LayerTree(with_flags_turned(record))):
        change, report = fresh.plan_map(saved)
        fresh.apply(change)
        assert not report.unmatched
        assert not report.uncovered
        assert fresh.freeze_map() == edited.freeze_map() == saved
        assert fresh.account(fresh.root) == edited.account(edited.root)


@thoroughly
@given(models(), edits())
def test_that_a_map_fits_by_store_key_where_paths_differ(record, wishes):
    edited, other = LayerTree(record), LayerTree(with_other_names(record))
    make_edits(edited, wishes)
    change, report = other.plan_map(edited.freeze_map())
    other.apply(change)
    assert not report.unmatched
    assert not report.uncovered
    assert [flags.weights for flags in other.freeze_map().layers.values()] == [
        flags.weights for flags in edited.freeze_map().layers.values()
    ]


@thoroughly
@given(models(), edits())
def test_that_a_trees_own_map_changes_nothing(record, wishes):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    assert not tree.plan_map(tree.freeze_map())[0]


def test_that_the_json_has_the_schema_of_the_design():
    tree = base_and_head()
    tree.apply(tree.plan([tree.find("base")], trainable=False))
    saved = json.loads(tree.freeze_map().to_json())
    assert saved["schema"] == SCHEMA == 1
    assert saved["tool"] == f"frostline {__version__}"
    assert saved["layers"]["base/bn"] == {
        "store": "layers/batchnormalization_1",
        "class": "BatchNormalization",
        "weights": {"gamma": "frozen", "beta": "frozen"},
        "statistics": "still",
        "shapes": {"gamma": [4], "beta": [4]},
    }
    assert saved["layers"]["head"]["weights"] == {"kernel": "trainable", "bias": "trainable"}
    assert "statistics" not in saved["layers"]["head"]
    assert list(saved["layers"]) == ["base/conv1", "base/bn", "base/conv2", "head"]


def test_that_a_shared_layer_is_listed_once_with_its_other_places():
    build = Builder()
    twin = build.dense("twin")
    tree = build.model(twin, build.container("box", renamed(twin, "again")))
    layers = tree.freeze_map().layers
    assert list(layers) == ["twin"]
    assert layers["twin"].also_at == ("box/again",)


def test_that_weights_of_the_model_itself_are_in_the_map():
    build = Builder()
    tree = build.model(build.dense("head"), weights=[build.weight("scale")])
    saved = tree.freeze_map()
    assert saved.layers[""].weights == {"scale": "trainable"}
    tree.apply(tree.plan([tree.root], trainable=False))
    tree.apply(tree.plan_map(saved)[0])
    assert tree.account(tree.root).frozen.weights == 0


def test_that_what_does_not_fit_is_reported_by_name():
    saved = base_and_head().freeze_map()
    build = Builder()
    head = build.layer("head", weights=[build.weight("kernel")])
    other = build.model(msgspec.structs.replace(head, store="elsewhere"), build.dense("extra"))
    _, report = other.plan_map(saved)
    assert set(report.unmatched) == {"base/conv1", "base/bn", "base/conv2", "head:bias"}
    assert report.uncovered == ("extra",)


def test_that_what_a_map_does_not_name_stays_as_it_is():
    tree = base_and_head()
    tree.apply(tree.plan([tree.find("head")], trainable=False))
    saved = tree.freeze_map()
    partial = msgspec.structs.replace(saved, layers={"head": saved.layers["head"]})
    fresh = base_and_head()
    change, report = fresh.plan_map(partial)
    assert len(change.weights) == 2
    assert report.uncovered == ("base/conv1", "base/bn", "base/conv2")


def test_that_rules_survive_the_json():
    rules = (Rule("class:BatchNormalization", "stays-frozen"),)
    saved = msgspec.structs.replace(base_and_head().freeze_map(), rules=rules)
    assert FreezeMap.from_json(saved.to_json()) == saved


@pytest.mark.parametrize("select", ["re:(a+)+$", "**a**a**a**ac", "*a*a*"])
def test_that_a_pattern_that_could_take_for_ever_is_reported_and_not_matched(select):
    tree = base_and_head()
    rules = (Rule(select, "stays-frozen"), Rule("class:BatchNormalization", "stays-frozen"))
    _, report = tree.plan_map(msgspec.structs.replace(tree.freeze_map(), rules=rules))
    assert report.unmatched == (f"rule stays-frozen of {select}",)


def test_that_a_newer_schema_is_refused_and_says_what_to_do():
    with pytest.raises(FreezeMapError, match="schema 2") as caught:
        FreezeMap.from_json('{"schema": 2, "layers": {}}')
    assert "newer version" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"schema": 1}',
        b'{"schema": 1, "layers": {"a": {"store": "", "class": "Dense", "weights": {"kernel": "warm"}}}}',
        '{"schema": 1, "layers": "\ud800"}',
        b'{"schema": 1, "layers": ' + b"[" * 100_000,
    ],
    ids=["empty", "list", "no schema", "not UTF-8", "no layers", "other flag", "half a character", "very deep"],
)
def test_that_what_is_no_freeze_map_is_refused_in_words(text):
    with pytest.raises(FreezeMapError, match="not a freeze map"):
        FreezeMap.from_json(text)


@thoroughly
@given(st.binary(max_size=200))
def test_that_any_bytes_are_a_map_or_refused(data):
    try:
        FreezeMap.from_json(data)
    except FreezeMapError as error:
        assert error.hint


# -- names that have moved on ---------------------------------------------------------------------------------


def numbered(*names):
    """Layers of one shape, one after the other, with the store keys of their places."""
    build = Builder()
    layers = [msgspec.structs.replace(build.dense(name), store=f"layers/dense_{at}") for at, name in enumerate(names)]
    return build.model(*layers)


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_that_automatic_names_that_have_moved_on_give_no_layer_its_neighbours_flags(frozen):
    """Of one architecture `dense`, `dense_1`, `dense_2` in one process, `dense_1`, `dense_2`, `dense_3` in another."""
    first, second = numbered("dense", "dense_1", "dense_2"), numbered("dense_1", "dense_2", "dense_3")
    first.apply(first.plan([first.root.children[frozen]], trainable=False))
    change, report = second.plan_map(first.freeze_map())
    second.apply(change)
    assert report.lines == ()
    assert [second.state(layer) == "frozen" for layer in second.root.children] == [at == frozen for at in range(3)]
    assert compare_maps(second.freeze_map(), first.freeze_map()).differing == ()


def test_that_a_layer_found_by_its_path_is_not_given_to_another_by_its_key():
    longer = numbered("dense", "dense_1", "dense_2", "dense_3")
    longer.apply(longer.plan([longer.find("dense")], trainable=False))
    shorter = numbered("dense_1", "dense_2", "dense_3")
    change, report = shorter.plan_map(longer.freeze_map())
    assert not change
    assert report.unmatched == ("dense",)
