import pytest
from hypothesis import given

from editor.layers.accounts import Account, State, Tally
from editor.layers.nodes import WeightNode
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head, edits, make_edits, models, picked, thoroughly


def weights_in(node):
    """All weights below a node by id, found by going down row by row."""
    if isinstance(node, WeightNode):
        return {node.record.weight_id: node.record}
    return {key: weight for row in node.rows for key, weight in weights_in(row).items()}


def recount(tree, node):
    counts = {"trainable": [0, 0, 0], "frozen": [0, 0, 0], "statistics": [0, 0, 0]}
    for weight in weights_in(node).values():
        kind = "statistics" if weight.is_statistics else "trainable" if tree.is_trainable(weight) else "frozen"
        numbers = (weight.num_parameters, weight.num_bytes, 1)
        counts[kind] = [old + new for old, new in zip(counts[kind], numbers, strict=True)]
    return Account(**{kind: Tally(*numbers) for kind, numbers in counts.items()})


@thoroughly
@given(models(), edits())
def test_that_kept_accounts_always_equal_a_fresh_count(record, wishes):
    tree = LayerTree(record)
    for positions, trainable in [([0], True), *wishes]:
        change = tree.plan(picked(tree, positions), trainable=trainable)
        tree.apply(change)
        for node in tree.walk():
            assert tree.account(node) == recount(tree, node)


@thoroughly
@given(models(), edits())
def test_that_total_is_trainable_and_frozen_and_statistics(record, wishes):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    for node in tree.walk():
        account = tree.account(node)
        parts = (account.trainable, account.frozen, account.statistics)
        assert account.total.parameters == sum(part.parameters for part in parts)
        assert account.total.num_bytes == sum(part.num_bytes for part in parts) == 4 * account.total.parameters
        assert account.total.weights == len(weights_in(node))
        assert 0 <= account.trainable_share <= 1


@thoroughly
@given(models(), edits())
def test_that_the_total_never_changes(record, wishes):
    tree = LayerTree(record)
    before = {node: tree.account(node).total for node in tree.walk()}
    make_edits(tree, wishes)
    assert {node: tree.account(node).total for node in tree.walk()} == before


def test_that_counts_of_a_frozen_base_are_right():
    tree = base_and_head()
    tree.apply(tree.plan([tree.find("base")], trainable=False))
    account = tree.account(tree.root)
    assert (account.trainable.parameters, account.frozen.parameters, account.statistics.parameters) == (9, 26, 8)
    assert account.trainable.num_bytes == 36
    assert account.trainable_share == pytest.approx(9 / 43)


@pytest.mark.parametrize(
    ("trainable", "frozen", "statistics", "state"),
    [
        (1, 0, 0, State.TRAINABLE),
        (1, 0, 1, State.TRAINABLE),
        (0, 1, 1, State.FROZEN),
        (1, 1, 0, State.MIXED),
        (0, 0, 1, State.STATISTICS),
        (0, 0, 0, State.WEIGHTLESS),
    ],
)
def test_that_the_state_follows_from_the_weights(trainable, frozen, statistics, state):
    tallies = [Tally(parameters=5 * count, weights=count) for count in (trainable, frozen, statistics)]
    assert Account(*tallies).state is state


def test_that_nothing_has_a_trainable_share_of_zero():
    assert Account().trainable_share == 0.0


def test_that_a_weight_without_values_still_has_a_state():
    build = Builder()
    tree = build.model(build.layer("empty", weights=[build.weight(shape=(0, 3))]))
    assert tree.state(tree.find("empty")) is State.TRAINABLE
    assert tree.account(tree.root).total.parameters == 0
