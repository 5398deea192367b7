from hypothesis import assume, given
from hypothesis import strategies as st

from editor.layers.accounts import State, StatisticsMode
from editor.layers.nodes import LayerNode, WeightNode
from editor.layers.policies import StatisticsPolicy
from editor.layers.tree import FlagChange, LayerTree
from tests.layers.records import Builder, base_and_head, edits, make_edits, models, picked, renamed, thoroughly


def everything(tree):
    """All that a tree shows, at every place."""
    return {node: (tree.account(node), tree.statistics_mode(node)) for node in tree.walk()}


# -- places ---------------------------------------------------------------------------------------------------


def test_that_paths_join_names_and_weights():
    tree = base_and_head()
    paths = [node.path for node in tree.walk()]
    assert paths[:4] == ["", "base", "base/conv1", "base/conv1:kernel"]
    assert paths[-2:] == ["head:kernel", "head:bias"]
    assert tree.find("base/bn").depth == 1
    assert tree.find("nothing") is None


def test_that_slashes_in_weight_names_are_escaped():
    build = Builder()
    tree = build.model(build.layer("cell", weights=[build.weight("part/kernel")]))
    assert tree.find("cell:part%2Fkernel").name == "part/kernel"


@thoroughly
@given(models())
def test_that_every_node_knows_its_place(record):
    tree = LayerTree(record)
    for node in tree.walk():
        assert tree.find(node.path) is node
        assert node.parent is None or node.parent.rows[node.row] is node
        if isinstance(node, LayerNode):
            assert node in tree.places(node)
            assert tree.is_first_place(node) == (tree.places(node)[0] is node)


@thoroughly
@given(models())
def test_that_each_weight_is_walked_once_at_its_first_place(record):
    tree = LayerTree(record)
    found = {}
    for node in tree.walk():
        if isinstance(node, WeightNode):
            found.setdefault(node.record.weight_id, node)
    assert list(tree.walk_weights()) == list(found.values())


# -- edits ----------------------------------------------------------------------------------------------------


@thoroughly
@given(models(), edits())
def test_that_reverting_edits_restores_every_flag_and_account(record, wishes):
    tree = LayerTree(record)
    before, map_before = everything(tree), tree.freeze_map()
    for change in reversed(make_edits(tree, wishes)):
        tree.apply(change.reverted)
    assert everything(tree) == before
    assert tree.freeze_map() == map_before


@thoroughly
@given(models(), edits())
def test_that_edits_joined_into_one_do_the_same(record, wishes):
    one_by_one, at_once = LayerTree(record), LayerTree(record)
    whole = FlagChange()
    for change in make_edits(one_by_one, wishes):
        whole = whole.then(change)
    at_once.apply(whole)
    assert at_once.freeze_map() == one_by_one.freeze_map()
    assert all(was != now for _, was, now in (*whole.weights, *whole.statistics))


@thoroughly
@given(models(), edits(), st.lists(st.integers(0, 500), max_size=4), st.booleans())
def test_that_an_edit_sets_all_weights_below_and_no_other(record, wishes, positions, trainable):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    before = {node.record.weight_id: tree.is_trainable(node.record) for node in tree.walk_weights()}
    nodes = picked(tree, positions)
    tree.apply(tree.plan(nodes, trainable=trainable))
    below = {weight.weight_id for node in nodes for weight in node.weights_below if not weight.is_statistics}
    for node in tree.walk_weights():
        key = node.record.weight_id
        assert tree.is_trainable(node.record) == (trainable if key in below else before[key])


@thoroughly
@given(models(), edits(), st.lists(st.integers(0, 500), max_size=4), st.booleans())
def test_that_the_same_edit_again_changes_nothing(record, wishes, positions, trainable):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    nodes = picked(tree, positions)
    tree.apply(tree.plan(nodes, trainable=trainable))
    assert not tree.plan(nodes, trainable=trainable)
    assert tree.apply(tree.plan(nodes, trainable=trainable)) == set()


@thoroughly
@given(models(), edits(), st.lists(st.integers(0, 500), min_size=1, max_size=4), st.booleans())
def test_that_an_edit_names_every_node_that_looks_different_now(record, wishes, positions, trainable):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    before = everything(tree)
    touched = tree.apply(tree.plan(picked(tree, positions), trainable=trainable))
    after = everything(tree)
    assert {node for node in before if before[node] != after[node]} <= touched
    assert all(node.parent in touched for node in touched if node.parent)


@thoroughly
@given(models(), edits())
def test_that_planning_alone_changes_nothing(record, wishes):
    tree = LayerTree(record)
    before = everything(tree)
    for positions, trainable in wishes:
        tree.plan(picked(tree, positions), trainable=trainable)
    assert everything(tree) == before


@thoroughly
@given(models(), edits(), st.integers(0, 500), st.booleans())
def test_that_statistics_of_edited_layers_follow_their_weights(record, wishes, position, trainable):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    (node,) = picked(tree, [position])
    change = tree.plan([node], trainable=trainable)
    tree.apply(change)
    changed = {weight_id for weight_id, _, _ in change.weights}
    for layer in tree.walk_layers():
        own = [weight for weight in layer.record.weights if not weight.is_statistics]
        is_default = tree.statistics_policy(layer) is StatisticsPolicy.WITH_LAYER
        if own and is_default and changed & {weight.weight_id for weight in own}:
            trains = any(tree.is_trainable(weight) for weight in own)
            assert tree.statistics_mode(layer) is (StatisticsMode.UPDATE if trains else StatisticsMode.STILL)


def test_that_freezing_a_tied_weight_stills_the_statistics_of_the_other_layer_that_holds_it():
    build = Builder()
    kernel = build.weight("kernel")
    first = build.layer("first", weights=[kernel])
    second = build.layer("second", weights=[kernel, *build.statistics()])
    tree = build.model(first, second)
    tree.apply(tree.plan([tree.find("first")], trainable=False))
    assert tree.statistics_mode(tree.find("second")) is StatisticsMode.STILL


# -- sharing --------------------------------------------------------------------------------------------------


def test_that_a_shared_layer_changes_in_all_its_places_and_counts_once():
    build = Builder()
    twin = build.dense("twin")
    tree = build.model(build.container("left", twin), build.container("right", renamed(twin, "other")))
    left, right = tree.find("left/twin"), tree.find("right/other")
    touched = tree.apply(tree.plan([left], trainable=False))
    assert {node.path for node in touched} >= {"", "left", "right", "left/twin", "right/other", "right/other:bias"}
    assert tree.state(right) is State.FROZEN
    assert tree.places(right) == (left, right)
    assert tree.account(tree.root).total.parameters == tree.account(left).total.parameters == 9


@thoroughly
@given(models(), edits())
def test_that_all_places_of_a_layer_always_look_the_same(record, wishes):
    tree = LayerTree(record)
    make_edits(tree, wishes)
    for layer in tree.walk_layers():
        first = tree.places(layer)[0]
        assert tree.account(layer) == tree.account(first)
        assert tree.statistics_mode(layer) == tree.statistics_mode(first)


def test_that_a_tied_weight_changes_in_both_layers():
    build = Builder()
    embedding = build.weight("embeddings", (10, 4))
    tree = build.model(build.layer("embed", weights=[embedding]), build.layer("logits", weights=[embedding]))
    tree.apply(tree.plan([tree.find("logits:embeddings")], trainable=False))
    assert tree.state(tree.find("embed")) is State.FROZEN
    assert tree.account(tree.root).frozen.parameters == 40


# -- statistics -----------------------------------------------------------------------------------------------


def test_that_freezing_a_layer_stills_its_statistics_and_thawing_lets_them_update():
    tree = base_and_head()
    bn = tree.find("base/bn")
    tree.apply(tree.plan([tree.find("base")], trainable=False))
    assert tree.statistics_mode(bn) is StatisticsMode.STILL
    tree.apply(tree.plan([tree.find("base/bn:gamma")], trainable=True))
    assert tree.statistics_mode(bn) is StatisticsMode.UPDATE


def test_that_a_layer_of_statistics_alone_is_toggled_by_its_statistics():
    build = Builder()
    tree = build.model(build.layer("scale", "Normalization", weights=build.statistics()))
    scale = tree.find("scale")
    assert tree.statistics_mode(scale) is StatisticsMode.UPDATE
    change = tree.plan([tree.root], trainable=False)
    assert change and not change.weights
    assert scale in tree.apply(change)
    assert tree.statistics_mode(scale) is StatisticsMode.STILL
    assert tree.state(scale) is State.STATISTICS


@thoroughly
@given(models(), edits())
def test_that_a_layers_flag_tells_its_statistics_and_the_root_always_trains(record, wishes):
    tree = LayerTree(record)
    assume(record.children)
    make_edits(tree, wishes)
    assert tree.layer_flag(tree.root)
    for layer in list(tree.walk_layers())[1:]:
        mode = tree.statistics_mode(layer)
        expected = mode is StatisticsMode.UPDATE if mode else tree.state(layer) is not State.FROZEN
        assert tree.layer_flag(layer) is expected
