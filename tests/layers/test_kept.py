"""What an edit of layers leaves keeps its flags."""

from __future__ import annotations

from editor.layers.accounts import State, StatisticsMode
from editor.layers.changes import changes_since, snapshot_of
from editor.layers.kept import carry_flags, match_kept, opened_after, plan_freeze_kept, reverse
from editor.layers.tree import LayerTree
from tests.layers.records import Builder


def before_tree() -> LayerTree:
    build = Builder()
    base = build.layer("base", "Functional", children=[build.dense("one"), build.normalization("bn")])
    return LayerTree(build.layer("", "Sequential", children=[base, build.dense("head")]))


def after_tree() -> LayerTree:
    """Ids that mean something else than before, a name that was there for another layer, and one called otherwise."""
    build = Builder()
    new = build.dense("head_output")
    base = build.layer("base", "Functional", children=[build.normalization("norm"), build.dense("one")])
    return LayerTree(build.layer("", "Sequential", children=[base, new]))


KEPT = {"": "", "base": "base", "base/one": "base/one", "base/bn": "base/norm"}


def freeze(tree: LayerTree, *paths: str) -> None:
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=False))


def test_that_what_stays_keeps_its_flags_and_what_is_new_trains():
    before, after = before_tree(), after_tree()
    freeze(before, "base/one:kernel", "base/bn", "head")
    carry_flags(before, after, match_kept(before, after, KEPT))
    assert after.state(after.find("base/one:kernel")) is State.FROZEN
    assert after.state(after.find("base/one:bias")) is State.TRAINABLE
    assert after.statistics_mode(after.find("base/norm")) is StatisticsMode.STILL
    assert after.state(after.find("head_output")) is State.TRAINABLE


def test_that_all_that_stays_is_frozen_but_its_last_layers():
    before, after = before_tree(), after_tree()
    match = match_kept(before, after, KEPT)
    after.apply(plan_freeze_kept(after, match))
    assert after.state(after.find("base")) is State.FROZEN
    assert after.statistics_mode(after.find("base/norm")) is StatisticsMode.STILL
    assert after.state(after.find("head_output")) is State.TRAINABLE
    after.apply(plan_freeze_kept(after, match, but_last=1))
    assert after.state(after.find("base")) is State.MIXED


def test_that_changes_tell_layers_that_are_new_gone_and_called_otherwise():
    before, after = before_tree(), after_tree()
    match = match_kept(before, after, KEPT)
    opened = opened_after(snapshot_of(before), match)
    carry_flags(before, after, match)
    changes = changes_since(after, opened)
    assert changes.layers_new == ("head_output",)
    assert changes.layers_gone == ("head",)
    assert changes.renamed == (("base/bn", "base/norm"),)
    assert not changes.rows
    freeze(after, "base/one")
    assert [row.path for row in changes_since(after, opened).rows] == ["base/one"]


def test_that_a_match_goes_both_ways():
    before, after = before_tree(), after_tree()
    match = match_kept(before, after, KEPT)
    assert reverse(reverse(match)) == match
    assert len(match.layers) == len(KEPT)
