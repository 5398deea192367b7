from __future__ import annotations

from hypothesis import HealthCheck, Phase, assume, given, settings

from editor.layers.flag_change import FlagChange
from editor.layers.tree import LayerTree
from tests.layers.records import models
from tests.layers.snapshots import NUM_EDITS, effective, many_edits, snapshot

a_few = settings(
    deadline=None,
    max_examples=12,
    # A sequence of 200 edits does not shrink in a reasonable time.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def tree_with_weights(record):
    tree = LayerTree(record)
    assume(any(not weight.is_statistics for weight in tree.root.weights_below))
    return tree


@a_few
@given(models(), many_edits())
def test_that_200_edits_are_undone_and_redone_state_by_state(record, wishes):
    tree = tree_with_weights(record)
    snapshots, changes = [snapshot(tree)], []
    for wish in wishes:
        changes.append(effective(tree, wish))
        tree.apply(changes[-1])
        snapshots.append(snapshot(tree))
    assert len(changes) == NUM_EDITS
    for at in reversed(range(NUM_EDITS)):
        tree.apply(changes[at].reverted)
        assert snapshot(tree) == snapshots[at]
    for at, change in enumerate(changes):
        tree.apply(change)
        assert snapshot(tree) == snapshots[at + 1]


@a_few
@given(models(), many_edits())
def test_that_200_edits_joined_into_one_are_undone_as_one(record, wishes):
    tree = tree_with_weights(record)
    before, whole = snapshot(tree), FlagChange()
    for wish in wishes:
        change = effective(tree, wish)
        tree.apply(change)
        whole = whole.then(change)
    after = snapshot(tree)
    tree.apply(whole.reverted)
    assert snapshot(tree) == before
    tree.apply(whole)
    assert snapshot(tree) == after


@a_few
@given(models(), many_edits())
def test_that_the_map_of_every_state_brings_it_back(record, wishes):
    """As when a file is opened."""
    tree = tree_with_weights(record)
    for wish in wishes[:20]:
        tree.apply(effective(tree, wish))
        again = LayerTree(record)
        change, report = again.plan_map(tree.freeze_map())
        assert not report.lines
        assert not report.uncovered
        again.apply(change)
        assert snapshot(again) == snapshot(tree)
