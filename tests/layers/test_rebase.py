from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from editor.layers.accounts import State
from editor.layers.freeze_map import FreezeMap
from editor.layers.rebase import carried, keys_of, match_keys, place_in
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from tests.layers.blinding import Blinding, blinded
from tests.layers.records import Builder, base_and_head, make_edits, models, picked, thoroughly


def states_of(tree: LayerTree) -> dict[int, bool]:
    return {
        weight.weight_id: tree.is_trainable(weight) for weight in tree.root.weights_below if not weight.is_statistics
    }


@thoroughly
@given(models(), st.sets(st.integers(0, 12)))
def test_that_each_layer_and_weight_of_a_preview_is_found_in_the_live_model(record: LayerRecord, blind: set[int]):
    blinding = Blinding(lambda layer: layer.layer_id in blind)
    preview, live = LayerTree(blinding.of(record)), LayerTree(record)
    there = match_keys(keys_of(preview), live)
    assert there.layers == blinding.layers
    assert there.weights == blinding.weights
    back = match_keys(keys_of(live), preview)
    assert back.layers == {value: key for key, value in blinding.layers.items()}


@thoroughly
@given(models(), st.sets(st.integers(0, 12)), st.lists(st.tuples(st.lists(st.integers(0, 500)), st.booleans())))
def test_that_edits_of_a_preview_do_the_same_to_the_live_model(record, blind, wishes):
    blinding = Blinding(lambda layer: layer.layer_id in blind)
    preview, live = LayerTree(blinding.of(record)), LayerTree(record)
    match = match_keys(keys_of(preview), live)
    for change in make_edits(preview, [wish for wish in wishes if wish[0]]):
        live.apply(carried(change, match, live))
    assert {blinding.weights[key]: flag for key, flag in states_of(preview).items()} == states_of(live)


@thoroughly
@given(models(), st.sets(st.integers(0, 12)), st.lists(st.integers(0, 500), min_size=1))
def test_that_each_place_of_a_preview_has_its_place_in_the_live_model(record, blind, positions):
    blinding = Blinding(lambda layer: layer.layer_id in blind)
    preview, live = LayerTree(blinding.of(record)), LayerTree(record)
    match = match_keys(keys_of(preview), live)
    for node in picked(preview, positions):
        place = place_in(live, node, preview, match)
        assert place is not None
        assert type(place) is type(node)
        assert live.state(place) is preview.state(node)


def test_that_what_was_asked_for_holds_also_where_the_preview_showed_it_so_already():
    record = base_and_head().root.record
    frozen = base_and_head()
    frozen.apply(frozen.plan([frozen.find("base/conv1")], trainable=False))
    preview, live = LayerTree(record), frozen
    match = match_keys(keys_of(preview), live)
    change = preview.plan([preview.find("base")], trainable=True)
    live.apply(carried(change, match, live))
    assert live.state(live.find("base")) is State.TRAINABLE


def test_that_a_map_with_names_fits_a_preview_without_them_and_back():
    build = Builder()
    inner = build.container("block", build.dense("in"), build.normalization("norm"), class_name="Custom")
    record = build.container("", inner, build.dense("head"))
    live, preview = LayerTree(record), LayerTree(blinded(record, "block"))
    live.apply(live.plan([live.find("block/in:bias"), live.find("block/norm")], trainable=False))
    change, report = preview.plan_map(live.freeze_map())
    preview.apply(change)
    assert not report.lines
    written = FreezeMap.from_json(preview.freeze_map().to_json())
    again = LayerTree(record)
    change, report = again.plan_map(written)
    again.apply(change)
    assert not report.lines
    assert again.freeze_map() == live.freeze_map()


def test_that_a_layer_with_an_unknown_name_is_not_found_by_the_path_of_another():
    build = Builder()
    first, second = build.dense("a"), build.dense("b")
    live = LayerTree(build.container("", first, second))
    # The file's keys look like the names of the live model, the other way round.
    shown = [replace(first, name="b", is_name_known=False), replace(second, name="a", is_name_known=False)]
    preview = LayerTree(replace(live.root.record, children=tuple(shown)))
    assert match_keys(keys_of(preview), live).layers == {0: 0, 1: 1, 2: 2}


def test_that_a_layer_that_changed_its_key_on_loading_is_found_by_its_path():
    build = Builder()
    record = build.container("", build.layer("gru", "CuDNNGRU", weights=[build.weight("kernel", (2, 9))]))
    build = Builder()
    repaired = build.container("", build.layer("gru", "GRU", weights=[build.weight("kernel", (9, 2))]))
    match = match_keys(keys_of(LayerTree(record)), LayerTree(repaired))
    assert match.layers == {0: 0, 1: 1}
    assert match.weights == {0: 0}
