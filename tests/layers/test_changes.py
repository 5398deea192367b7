import pytest
from hypothesis import given

from editor.layers.accounts import State, StatisticsMode
from editor.layers.changes import changes_since, snapshot_of
from editor.layers.freeze_map import Rule
from editor.layers.policies import RuleKind
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head, edits, make_edits, models, renamed, thoroughly

STILL, UPDATE = StatisticsMode.STILL, StatisticsMode.UPDATE


def plan(tree, *paths, trainable=False):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=trainable))


def rows_after(tree, *paths, trainable=False):
    opened = snapshot_of(tree)
    plan(tree, *paths, trainable=trainable)
    return changes_since(tree, opened).rows


def test_that_nothing_differs_at_first():
    tree = base_and_head()
    changes = changes_since(tree, snapshot_of(tree))
    assert not changes
    assert changes.was == changes.now


def test_that_a_block_that_changed_as_one_is_one_row_with_its_parts():
    tree = base_and_head()
    (row,) = rows_after(tree, "base")
    assert (row.path, row.class_name) == ("base", "Functional")
    assert (row.was, row.now) == (State.TRAINABLE, State.FROZEN)
    assert (row.was_text, row.now_text) == ("trainable, statistics update", "frozen, statistics still")
    assert (row.num_weights, row.num_parameters, row.num_statistics) == (6, 26, 1)
    assert [part.path for part in row.parts] == ["base/conv1", "base/bn", "base/conv2"]
    assert [part.path for part in row.parts[1].parts] == ["base/bn:gamma", "base/bn:beta", "base/bn"]
    assert [part.was_text for part in row.parts[1].parts] == ["trainable", "trainable", "statistics update"]


def test_that_a_block_that_changed_in_part_is_told_by_what_changed():
    rows = rows_after(base_and_head(), "base/conv1", "head:bias")
    assert [(row.path, row.num_weights) for row in rows] == [("base/conv1", 2), ("head:bias", 1)]
    assert (rows[1].class_name, rows[1].parts) == ("", ())


def test_that_the_whole_model_may_be_one_row():
    (row,) = rows_after(base_and_head(), "")
    assert (row.path, row.num_weights) == ("", 8)


def test_that_a_block_that_was_mixed_is_no_single_row():
    tree = base_and_head()
    plan(tree, "base/conv1")
    rows = rows_after(tree, "base")
    assert [row.path for row in rows] == ["base/bn", "base/conv2"]


def test_that_statistics_alone_are_told():
    tree = base_and_head()
    opened = snapshot_of(tree)
    tree.apply(tree.change_to({}, {tree.find("base/bn").record.layer_id: STILL}))
    (row,) = changes_since(tree, opened).rows
    assert (row.path, row.was, row.statistics_was, row.statistics_now) == ("base/bn", None, UPDATE, STILL)
    assert row.parts == ()


def test_that_a_shared_layer_is_told_once():
    build = Builder()
    shared = build.dense("shared")
    second = build.container("second", renamed(shared, "again"), build.dense("other"))
    tree = build.model(build.container("first", shared, build.dense("own")), second)
    assert [row.path for row in rows_after(tree, "second/again")] == ["first/shared"]


def test_that_the_summary_and_the_rules_are_told_too():
    tree = base_and_head()
    opened = snapshot_of(tree)
    tree.apply(tree.plan_rule([tree.find("base/bn")], RuleKind.STAYS_FROZEN, holds=True))
    changes = changes_since(tree, opened)
    assert changes
    assert (changes.rows, changes.rules_gone) == ((), ())
    assert changes.rules_new == (Rule(select="base/bn", rule="stays-frozen"),)
    ruled = snapshot_of(tree)
    tree.apply(changes.back)
    assert changes_since(tree, ruled).rules_gone == changes.rules_new
    plan(tree, "head")
    changes = changes_since(tree, opened)
    assert (changes.was.trainable.parameters, changes.now.trainable.parameters) == (35, 26)


def leaves(rows):
    for row in rows:
        yield from leaves(row.parts) if row.parts else [row]


@thoroughly
@given(models(), edits(), edits())
def test_that_all_that_differs_is_told_and_can_be_taken_back(record, before, after):
    tree = LayerTree(record)
    make_edits(tree, before)
    opened = snapshot_of(tree)
    make_edits(tree, after)
    changes = changes_since(tree, opened)
    assert bool(changes) == (snapshot_of(tree) != opened)
    told = {row.path: row for row in leaves(changes.rows)}
    weights = [node for node in tree.walk_weights() if node.record.weight_id in opened.weights]
    for node in weights:
        differs = tree.is_trainable(node.record) != opened.weights[node.record.weight_id]
        if differs:
            places = [place for place in tree.walk() if node.record in place.weights_below]
            assert any(place.path in told for place in places), node.path
    assert sum(row.num_weights for row in changes.rows) >= len(changes.back.weights) or not changes
    tree.apply(changes.back)
    assert snapshot_of(tree) == opened


@pytest.mark.parametrize("trainable", [False, True])
def test_that_a_snapshot_does_not_change_with_its_tree(trainable):
    tree = base_and_head()
    opened = snapshot_of(tree)
    plan(tree, "base", trainable=trainable)
    assert opened == snapshot_of(base_and_head())
