"""Findings on trees that were made by hand."""

import msgspec
import pytest

from editor.layers.accounts import StatisticsMode
from editor.layers.findings.finding import KnownFacts, LastRun
from editor.layers.findings.problems import find_problems, map_findings
from editor.layers.mapping import MapReport, Misfit
from editor.layers.nodes import WeightNode
from editor.layers.policies import StatisticsPolicy
from editor.layers.records import LayerRecord
from tests.layers.records import Builder, base_and_head, renamed


def found(tree, **facts):
    """Findings by code; there is one of each."""
    findings = find_problems(tree, KnownFacts(**facts))
    by_code = {finding.code: finding for finding in findings}
    assert len(by_code) == len(findings), findings
    return by_code


def freeze(tree, *paths):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=False))
    return tree


def freeze_one_by_one(tree, *paths):
    """Weights alone, as `variable.trainable = False` does: statistics go on."""
    below = [weight for path in paths for weight in tree.find(path).weights_below if not weight.is_statistics]
    tree.apply(tree.change_to({weight.weight_id: False for weight in below}, {}))
    return tree


def ids(tree, *paths):
    return frozenset(weight.weight_id for path in paths for weight in tree.find(path).weights_below)


def cured(tree, finding, **facts):
    """The codes that are left after the cure, which must change something."""
    change = finding.cure.change(tree)
    assert change
    tree.apply(change)
    left = set(found(tree, **facts))
    tree.apply(change.reverted)
    return left


def with_config(record: LayerRecord, **changes) -> LayerRecord:
    return msgspec.structs.replace(record, **changes)


# -- no false alarms ------------------------------------------------------------------------------------------


def test_that_an_open_model_and_a_frozen_backbone_raise_nothing():
    tree = base_and_head()
    assert find_problems(tree) == ()
    assert find_problems(freeze(tree, "base")) == ()


def test_that_a_block_that_is_thawed_in_part_raises_nothing():
    assert find_problems(freeze(base_and_head(), "base/conv1", "base/bn")) == ()
    assert find_problems(freeze(base_and_head(), "head:bias")) == ()


# -- statistics -----------------------------------------------------------------------------------------------


def test_that_frozen_weights_over_moving_statistics_are_found_and_cured():
    tree = freeze_one_by_one(base_and_head(), "base")
    (finding,) = find_problems(tree)
    assert (finding.code, finding.severity, finding.path) == ("statistics-move", "warning", "base/bn")
    assert finding.cure.text == "Let Its Statistics Stand Still"
    assert cured(tree, finding) == set()
    tree.apply(finding.cure.change(tree))
    assert tree.statistics_mode(tree.find("base/bn")) is StatisticsMode.STILL


def test_that_cured_statistics_go_with_their_layer_again():
    tree = freeze_one_by_one(base_and_head(), "base")
    bn = tree.find("base/bn")
    tree.apply(tree.plan_policy([bn], StatisticsPolicy.UPDATE))
    tree.apply(found(tree)["statistics-move"].cure.edit(tree).change)
    assert tree.statistics_policy(bn) is StatisticsPolicy.WITH_LAYER
    tree.apply(tree.plan([bn], trainable=True))
    assert tree.statistics_mode(bn) is StatisticsMode.UPDATE


def test_that_statistics_meant_to_stand_still_do_so_after_a_thaw():
    tree = called_without_training()
    tree.apply(found(tree)["training-overridden"].cure.edit(tree).change)
    freeze(tree, "base")
    tree.apply(tree.plan([tree.find("base")], trainable=True))
    assert tree.statistics_mode(tree.find("base/bn")) is StatisticsMode.STILL


def normalizations(number, *, in_block=True):
    build = Builder()
    layers = [build.normalization(f"bn{at}") for at in range(number)]
    inner = [build.container("base", *layers)] if in_block else layers
    return build.model(*inner, build.dense("head"))


def test_that_many_alike_are_one_finding_at_their_block():
    tree = freeze_one_by_one(normalizations(50), "base")
    (finding,) = find_problems(tree)
    assert finding.path == "base"
    assert len(finding.paths) == 50
    assert "50 layers in base" in finding.text
    assert "bn0, bn1, bn2 and 47 more" in finding.text
    assert cured(tree, finding) == set()


def test_that_those_at_the_top_are_one_finding_about_the_model():
    tree = freeze_one_by_one(normalizations(3, in_block=False), "bn0", "bn2")
    (finding,) = find_problems(tree)
    assert (finding.path, finding.paths) == ("", ("bn0", "bn2"))
    assert "the model" in finding.title


def test_that_the_place_is_the_innermost_that_holds_all():
    build = Builder()
    block = build.container("block", build.normalization("a"), build.normalization("b"))
    tree = build.model(build.container("base", block, build.dense("conv")), build.dense("head"))
    (finding,) = find_problems(freeze_one_by_one(tree, "base/block"))
    assert finding.path == "base/block"


def bare_in_block():
    build = Builder()
    bare = build.layer("bare", "BatchNormalization", weights=build.statistics())
    return build.model(build.container("base", build.dense("conv"), bare), build.dense("head"))


def test_that_statistics_alone_are_found_where_all_around_is_frozen():
    tree = freeze(bare_in_block(), "base/conv")
    (finding,) = find_problems(tree)
    assert (finding.code, finding.path) == ("statistics-move", "base/bare")
    assert cured(tree, finding) == set()
    assert find_problems(freeze(bare_in_block(), "head")) == ()


def test_that_statistics_that_training_never_moves_are_no_finding():
    build = Builder()
    adapted = build.layer("scale", "Normalization", weights=build.statistics())
    tree = build.model(build.container("base", adapted, build.dense("conv")), build.dense("head"))
    assert find_problems(freeze(tree, "base/conv")) == ()


def test_that_a_frozen_kernel_that_is_rewritten_is_found():
    build = Builder()
    wrapper = build.layer(
        "spectral", "SpectralNormalization", weights=build.statistics()[:1], children=[build.dense("inner")]
    )
    tree = build.model(wrapper, build.dense("head"))
    assert find_problems(tree) == ()
    (finding,) = find_problems(freeze(tree, "spectral"))
    assert (finding.code, finding.cure) == ("frozen-but-rewritten", None)


# -- training=False in a call ---------------------------------------------------------------------------------


def called_without_training():
    build = Builder()
    base = build.container("base", build.dense("conv"), build.normalization("bn"))
    return build.model(with_config(base, fixed_training=False), build.dense("head"))


def test_that_a_call_without_training_warns_as_long_as_statistics_would_move():
    tree = called_without_training()
    finding = found(tree)["training-overridden"]
    assert (finding.severity, finding.path) == ("warning", "base")
    tree.apply(finding.cure.change(tree))
    assert found(tree)["training-overridden"].severity == "note"
    assert found(freeze(tree, "base"))["training-overridden"].severity == "note"


def test_that_it_is_told_once():
    assert set(found(freeze_one_by_one(called_without_training(), "base"))) == {
        "statistics-move",
        "training-overridden",
    }
    finding = found(freeze_one_by_one(called_without_training(), "base"))["training-overridden"]
    assert finding.severity == "note"


# -- dropout --------------------------------------------------------------------------------------------------


def with_random(class_name, **config):
    build = Builder()
    layer = with_config(build.layer("random", class_name), config=config)
    return build.model(build.container("base", build.dense("conv"), layer), build.dense("head"))


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("Dropout", {"rate": 0.5}),
        ("SpatialDropout2D", {"rate": 0.1}),
        ("GaussianNoise", {"stddev": 0.1}),
        ("StochasticDepth", {"drop_path_rate": 0.1}),
        ("LSTM", {"dropout": 0.0, "recurrent_dropout": 0.2}),
        ("MultiHeadAttention", {"dropout": 0.1}),
    ],
)
def test_that_what_draws_at_random_in_a_frozen_block_is_a_note(class_name, config):
    tree = with_random(class_name, **config)
    assert find_problems(tree) == ()
    (finding,) = find_problems(freeze(tree, "base"))
    assert (finding.code, finding.severity) == ("random-in-frozen-block", "note")
    assert finding.path == "base/random"


@pytest.mark.parametrize(("class_name", "config"), [("Dropout", {"rate": 0}), ("LSTM", {}), ("Dense", {"rate": 0.5})])
def test_that_what_draws_nothing_is_not_told(class_name, config):
    assert find_problems(freeze(with_random(class_name, **config), "base")) == ()


def test_that_the_inside_of_a_layer_that_drops_is_not_counted_again():
    build = Builder()
    inner = with_config(build.layer("_dropout_layer", "Dropout"), config={"rate": 0.1})
    attention = build.layer("mha", "MultiHeadAttention", children=[build.dense("query_dense"), inner])
    tree = build.model(with_config(attention, config={"dropout": 0.1}), build.dense("head"))
    (finding,) = find_problems(freeze(tree, "mha"))
    assert finding.paths == ("mha",)


# -- learning -------------------------------------------------------------------------------------------------


def test_that_a_model_without_anything_trainable_is_told_and_its_last_layer_thawed():
    tree = base_and_head()
    tree.apply(tree.plan([tree.root], trainable=False))
    finding = found(tree)["nothing-trainable"]
    assert (finding.severity, finding.path, finding.cure.text) == ("warning", "", "Thaw head")
    assert cured(tree, finding) == set()


def test_that_the_last_layer_is_last_in_the_order_of_data():
    build = Builder()
    last = build.dense("a_head")
    first = build.dense("z_first")
    between = with_config(build.layer("m_relu", "ReLU"), takes_from=(first.layer_id,))
    last = with_config(last, takes_from=(between.layer_id,))
    tree = build.model(last, between, first)
    tree.apply(tree.plan([tree.root], trainable=False))
    assert found(tree)["nothing-trainable"].cure.text == "Thaw a_head"
    assert found(tree, unreached=ids(tree, "a_head"))["nothing-trainable"].cure.text == "Thaw z_first"


def test_that_a_model_without_weights_is_no_finding():
    build = Builder()
    assert find_problems(build.model(build.layer("relu", "ReLU"))) == ()


def test_that_thawed_layers_without_gradient_are_found_and_frozen():
    tree = base_and_head()
    known = {"unreached": ids(tree, "base/conv1", "base/bn")}
    finding = found(tree, **known)["no-gradient"]
    assert (finding.path, finding.paths) == ("base", ("base/conv1", "base/bn"))
    assert cured(tree, finding, **known) == set()
    assert find_problems(freeze(tree, "base"), KnownFacts(**known)) == ()


def test_that_single_weights_without_gradient_are_named():
    tree = base_and_head()
    assert found(tree, unreached=ids(tree, "head:bias"))["no-gradient"].path == "head:bias"


def test_that_a_run_that_could_not_learn_is_told_as_such():
    tree = freeze(base_and_head(), "head", "base/bn")
    finding = found(tree, unreached=ids(tree, "base"))["nothing-learns"]
    assert (finding.path, finding.paths) == ("", ("base/conv1", "base/conv2"))


def test_that_gradients_that_are_not_known_are_no_finding():
    assert find_problems(base_and_head(), KnownFacts(unreached=None)) == ()


@pytest.mark.parametrize(
    ("rate", "num_trained", "is_told"),
    [(0.001, 8, True), (0.01, 8, True), (0.0001, 8, False), (0.001, 20, False)],
)
def test_that_the_learning_rate_of_a_head_is_told_after_a_large_thaw(rate, num_trained, is_told):
    tree = base_and_head()  # 35 parameters can train
    last = LastRun(learning_rate=0.001, num_trainable=num_trained)
    findings = found(tree, learning_rate=rate, last_run=last)
    assert ("learning-rate-after-thaw" in findings) is is_told
    if is_told:
        assert findings["learning-rate-after-thaw"].cure.learning_rate == pytest.approx(0.0001)
        assert not findings["learning-rate-after-thaw"].cure.change(tree)


# -- shared layers, LoRA, plain Keras -------------------------------------------------------------------------


def shared_in_two():
    build = Builder()
    shared = build.dense("shared")
    first = build.container("first", shared, build.dense("own"))
    second = build.container("second", renamed(shared, "again"), build.dense("own"))
    return build.model(first, second, build.dense("head"))


def test_that_a_shared_layer_frozen_from_one_side_is_told():
    tree = shared_in_two()
    assert find_problems(tree) == ()
    (finding,) = find_problems(freeze(tree, "first"))
    assert (finding.code, finding.path) == ("shared-with-frozen", "first/shared")
    assert finding.paths == ("first/shared", "second/again")
    assert "stands still in second too" in finding.text
    assert finding.cure is None
    assert find_problems(freeze(tree, "second")) == ()


def test_that_a_shared_layer_that_moves_a_frozen_block_can_be_frozen():
    tree = freeze(shared_in_two(), "first/own")
    (finding,) = find_problems(tree)
    assert "moves in first" in finding.text
    assert {finding.code for finding in find_problems(tree)} == {"shared-with-frozen"}
    tree.apply(finding.cure.change(tree))
    assert "stands still in second" in find_problems(tree)[0].text


def test_that_many_shared_layers_of_two_containers_are_one_finding():
    build = Builder()
    shared = [build.dense(f"s{at}") for at in range(5)]
    first = build.container("first", *shared, build.dense("own"))
    tree = build.model(first, build.container("second", *shared, build.dense("own")))
    (finding,) = find_problems(freeze(tree, "first"))
    assert finding.path == "first"
    assert len(finding.paths) == 10


def test_that_a_layer_used_again_by_what_holds_its_container_is_no_finding():
    build = Builder()
    shared = build.dense("shared")
    tree = build.model(build.container("first", shared, build.dense("own")), renamed(shared, "tied"))
    assert find_problems(freeze(tree, "first/own")) == ()


def with_lora(*, base_trains):
    build = Builder()
    weights = [
        build.weight("kernel", is_trainable=base_trains),
        *(build.weight(f"lora_kernel_{part}") for part in "ab"),
    ]
    layer = with_config(build.layer("dense", weights=weights), has_lora=True)
    return build.model(build.container("base", layer), build.dense("head"))


def test_that_lora_is_noted_and_a_base_that_trains_is_a_warning():
    (note,) = find_problems(with_lora(base_trains=False))
    assert (note.code, note.severity) == ("lora", "note")
    tree = with_lora(base_trains=True)
    (warning,) = find_problems(tree)
    assert (warning.code, warning.cure.text) == ("lora-base-trains", "Freeze the Base Kernel")
    assert cured(tree, warning) == {"lora"}


def test_that_what_plain_keras_forgets_is_one_note_for_a_block():
    tree = freeze(base_and_head(), "base")
    forgotten = tuple(node for node in tree.walk() if isinstance(node, WeightNode) and node.path.startswith("base/c"))
    (finding,) = find_problems(tree, KnownFacts(forgotten=forgotten))
    assert (finding.code, finding.severity, finding.path) == ("plain-keras-forgets", "note", "base")
    assert "4 frozen weights" in finding.title


# -- as a whole -----------------------------------------------------------------------------------------------


def test_that_warnings_come_first():
    tree = freeze(with_random("Dropout", rate=0.5), "base", "head")
    assert [finding.severity for finding in find_problems(tree)] == ["warning", "note"]


def test_that_entries_of_a_map_that_do_not_fit_are_findings():
    report = MapReport(unmatched=("gone/dense",), misfits=(Misfit("head:kernel", (2, 3), (2, 4)),))
    missing, other = map_findings(report)
    assert (missing.code, missing.path) == ("map-entry", "gone/dense")
    assert (other.code, other.path) == ("map-shape", "head:kernel")
    assert "(2, 3)" in other.text
