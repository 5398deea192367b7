"""What edits do to statistics, and the rules that hold for layers."""

from hypothesis import given

from editor.layers.accounts import State, StatisticsMode
from editor.layers.flag_change import FlagChange
from editor.layers.freeze_map import FreezeMap, Rule
from editor.layers.policies import RuleKind, StatisticsPolicy
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head, edits, make_edits, models, thoroughly

STILL, UPDATE = StatisticsMode.STILL, StatisticsMode.UPDATE


def apply_policy(tree, path, policy):
    tree.apply(tree.plan_policy([tree.find(path)], policy))


def toggle(tree, path, *, trainable):
    tree.apply(tree.plan([tree.find(path)], trainable=trainable))


def modes_after_freezing_and_thawing(tree):
    found = []
    for trainable in (False, True):
        toggle(tree, "base", trainable=trainable)
        found.append(tree.statistics_mode(tree.find("base/bn")))
    return found


def test_that_statistics_go_with_their_layer_by_default():
    tree = base_and_head()
    assert tree.statistics_policy(tree.find("base/bn")) is StatisticsPolicy.WITH_LAYER
    assert tree.statistics_policy(tree.find("head")) is None
    assert modes_after_freezing_and_thawing(tree) == [STILL, UPDATE]


def test_that_statistics_can_keep_updating_in_a_frozen_block():
    tree = base_and_head()
    apply_policy(tree, "base/bn", StatisticsPolicy.UPDATE)
    assert modes_after_freezing_and_thawing(tree) == [UPDATE, UPDATE]


def test_that_statistics_can_stand_still_while_gamma_and_beta_train():
    tree = base_and_head()
    apply_policy(tree, "base/bn", StatisticsPolicy.STILL)
    assert tree.statistics_mode(tree.find("base/bn")) is STILL
    assert tree.state(tree.find("base/bn")) is State.TRAINABLE
    assert modes_after_freezing_and_thawing(tree) == [STILL, STILL]


def test_that_going_back_to_the_default_lets_statistics_follow_at_once():
    tree = base_and_head()
    apply_policy(tree, "base/bn", StatisticsPolicy.UPDATE)
    toggle(tree, "base", trainable=False)
    apply_policy(tree, "base/bn", StatisticsPolicy.WITH_LAYER)
    assert tree.statistics_mode(tree.find("base/bn")) is STILL


def test_that_a_layer_that_stays_frozen_is_thawed_by_itself_alone():
    tree = base_and_head()
    toggle(tree, "base", trainable=False)
    tree.apply(tree.plan_rule([tree.find("base/bn")], RuleKind.STAYS_FROZEN, holds=True))
    toggle(tree, "base", trainable=True)
    assert tree.state(tree.find("base/bn")) is State.FROZEN
    assert tree.statistics_mode(tree.find("base/bn")) is STILL
    assert tree.state(tree.find("base/conv1")) is State.TRAINABLE
    toggle(tree, "base/bn", trainable=True)
    assert tree.state(tree.find("base")) is State.TRAINABLE
    toggle(tree, "base", trainable=False)
    assert tree.state(tree.find("base")) is State.FROZEN


def test_that_one_weight_of_a_layer_that_stays_frozen_can_be_thawed():
    tree = base_and_head()
    toggle(tree, "base", trainable=False)
    tree.apply(tree.plan_rule([tree.find("base/bn")], RuleKind.STAYS_FROZEN, holds=True))
    toggle(tree, "base/bn:gamma", trainable=True)
    assert tree.state(tree.find("base/bn")) is State.MIXED


def test_that_a_block_that_stays_frozen_keeps_all_below_it():
    build = Builder()
    tree = build.model(build.container("outer", build.container("inner", build.dense("conv")), build.dense("top")))
    toggle(tree, "", trainable=False)
    tree.apply(tree.plan_rule([tree.find("outer/inner")], RuleKind.STAYS_FROZEN, holds=True))
    toggle(tree, "outer", trainable=True)
    assert tree.state(tree.find("outer/inner/conv")) is State.FROZEN
    assert tree.state(tree.find("outer/top")) is State.TRAINABLE
    toggle(tree, "outer/inner", trainable=True)
    assert tree.state(tree.find("outer/inner/conv")) is State.TRAINABLE


def test_that_a_map_takes_rules_away_that_it_does_not_have():
    build = Builder()
    tree = build.model(build.container("block", build.dense("conv")), build.dense("head"))
    plain = tree.freeze_map()
    for path in ("block", "head"):
        tree.apply(tree.plan_rule([tree.find(path)], RuleKind.STAYS_FROZEN, holds=True))
    change, _ = tree.plan_map(plain)
    tree.apply(change)
    assert tree.freeze_map() == plain


def test_that_policies_and_rules_travel_in_the_map():
    tree = base_and_head()
    apply_policy(tree, "base/bn", StatisticsPolicy.UPDATE)
    tree.apply(tree.plan_rule([tree.find("base/bn")], RuleKind.STAYS_FROZEN, holds=True))
    saved = FreezeMap.from_json(tree.freeze_map().to_json())
    assert set(saved.rules) == {Rule("base/bn", "stays-frozen"), Rule("base/bn", "statistics-update")}
    other = base_and_head()
    change, report = other.plan_map(saved)
    other.apply(change)
    assert report.lines == ()
    assert other.freeze_map() == saved


def two_norms():
    build = Builder()
    return build.model(build.normalization("one"), build.normalization("two"), build.dense("head"))


def test_that_a_rule_of_every_layer_of_a_class_is_told_by_the_class():
    tree = two_norms()
    norms = [tree.find("one"), tree.find("two")]
    tree.apply(tree.plan_rule(norms, RuleKind.STAYS_FROZEN, holds=True))
    assert tree.freeze_map().rules == (Rule("class:BatchNormalization", "stays-frozen"),)


def test_that_rules_that_cannot_be_understood_are_reported():
    tree = two_norms()
    rules = (Rule("re:(", "stays-frozen"), Rule("one", "dances"))
    _, report = tree.plan_map(FreezeMap(layers={}, rules=rules))
    assert report.unmatched == ("rule stays-frozen of re:(", "rule dances of one")


def test_that_flags_which_part_statistics_from_weights_pin_them():
    """A file of plain Keras may hold any two bits (fact F5); thawing and freezing keeps what they say."""
    build = Builder()
    drifting = build.layer(
        "bn",
        "BatchNormalization",
        weights=[build.weight("gamma", (4,), is_trainable=False), *build.statistics()],
        is_flag_set=True,
    )
    tree = build.model(drifting)
    assert tree.statistics_policy(tree.find("bn")) is StatisticsPolicy.UPDATE
    for trainable in (True, False):
        toggle(tree, "bn", trainable=trainable)
    assert tree.statistics_mode(tree.find("bn")) is UPDATE


def test_that_a_map_without_rules_pins_what_it_parts():
    tree = base_and_head()
    text = tree.freeze_map().to_json().replace(b'"update"', b'"still"')
    change, _ = tree.plan_map(FreezeMap.from_json(text))
    tree.apply(change)
    assert tree.statistics_policy(tree.find("base/bn")) is StatisticsPolicy.STILL


def test_that_weights_of_another_shape_are_reported_and_left_alone():
    build = Builder()
    narrow = build.model(build.layer("conv", weights=[build.weight("kernel", (2, 3), is_trainable=False)]))
    build = Builder()
    wide = build.model(build.layer("conv", weights=[build.weight("kernel", (2, 5))]))
    change, report = wide.plan_map(narrow.freeze_map())
    assert not change
    assert report.lines == ("conv:kernel: shape (2, 3) in the map, (2, 5) in the model",)


@thoroughly
@given(models(), edits())
def test_that_rules_survive_undo_and_the_map(record, wishes):
    tree = LayerTree(record)
    before = tree.freeze_map()
    whole = FlagChange()
    for change in make_edits(tree, wishes):
        whole = whole.then(change)
    owners = [node for node in tree.walk_layers() if tree.statistics_mode(node)][::2]
    for policy in StatisticsPolicy:
        change = tree.plan_policy(owners, policy)
        tree.apply(change)
        whole = whole.then(change)
    change = tree.plan_rule(owners, RuleKind.STAYS_FROZEN, holds=True)
    tree.apply(change)
    whole = whole.then(change)
    after = tree.freeze_map()
    tree.apply(whole.reverted)
    assert tree.freeze_map() == before
    other = LayerTree(record)
    change, _ = other.plan_map(after)
    other.apply(change)
    assert other.freeze_map() == after
