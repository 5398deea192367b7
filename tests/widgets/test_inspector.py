"""What the inspector says of layers, weights, several of them and the whole model."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from editor.files.preview import read_preview
from editor.layers.tree import LayerTree
from tests.widgets.trees import TreeBuilder, normalization_only, shared_encoder, vgg16_classifier
from widgets.icons import Icons
from widgets.inspector import Inspector
from widgets.inspector.config_tree import ConfigModel, plain_text
from widgets.inspector.facts import describe
from widgets.inspector.file_facts import file_facts
from widgets.inspector.weights_table import WeightsModel
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def theme(qapp) -> Theme:
    return Theme(Mode.LIGHT)


@pytest.fixture
def inspector(qtbot, theme) -> Inspector:
    inspector = Inspector(theme, Icons(theme))
    qtbot.addWidget(inspector)
    inspector.resize(540, 500)
    inspector.show()
    return inspector


def weights_of(inspector: Inspector) -> list[list[str]]:
    model = inspector.findChild(WeightsModel)
    return [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]


def test_that_a_layer_is_described(inspector):
    tree = LayerTree(vgg16_classifier())
    inspector.set_tree(tree)
    inspector.show_nodes((tree.find("vgg16/block5_conv1"),))
    assert inspector.facts == {
        "Path": "vgg16/block5_conv1",
        "Type": "Conv2D · 3 × 3, 512 filters, relu, same",
        "Output shape": "(batch, 14, 14, 512)",
        "State": "Trainable: training changes it",
        "Parameters": "2,359,808 trainable · 9.0 MB",
    }
    assert inspector.tabs.tabText(0) == "Layer"
    assert weights_of(inspector) == [
        ["kernel", "3 × 3 × 512 × 512", "float32", "2,359,296", "trainable"],
        ["bias", "512", "float32", "512", "trainable"],
    ]


def test_that_numbers_follow_a_change_of_flags(inspector):
    tree = LayerTree(vgg16_classifier())
    inspector.set_tree(tree)
    inspector.show_nodes((tree.find("batch_norm"),))
    assert inspector.facts["In training"] == "Statistics update: they follow the data"
    tree.apply(tree.plan([tree.find("batch_norm")], trainable=False))
    inspector.refresh()
    assert inspector.facts["State"] == "Frozen: training leaves it as it is"
    assert inspector.facts["Parameters"] == "2,048 · 8.0 KB"
    assert inspector.facts["Frozen"] == "1,024 · 4.0 KB"
    assert inspector.facts["Statistics"] == "1,024 · 4.0 KB"
    assert "Trainable" not in inspector.facts
    assert inspector.facts["In training"] == "Statistics stand still"
    assert [row[-1] for row in weights_of(inspector)] == ["frozen", "frozen", "statistics", "statistics"]
    tree.apply(tree.plan([tree.find("batch_norm:beta")], trainable=True))
    inspector.refresh()
    assert inspector.facts["State"] == "Partly trainable: 1 of 2 weights train"


def test_that_without_a_selection_the_whole_model_is_described(inspector):
    tree = LayerTree(vgg16_classifier())
    inspector.set_tree(tree)
    assert inspector.tabs.tabText(0) == "Model"
    assert inspector.facts["Layers"] == "23"
    assert inspector.facts["Weights"] == "32"
    assert inspector.facts["Parameters"] == "14,721,866 · 56.2 MB"
    assert inspector.facts["Trainable"] == "14,720,842 · 56.2 MB · > 99.9 %"
    assert inspector._hint.isVisible()
    inspector.show_nodes((tree.root,))
    assert inspector.facts["Layers"] == "23"


def test_that_several_layers_are_summed_and_what_is_shared_counts_once(inspector):
    tree = LayerTree(shared_encoder())
    inspector.set_tree(tree)
    both = (tree.find("left"), tree.find("right"), tree.find("left/encoder"))
    inspector.show_nodes(both)
    assert inspector.tabs.tabText(0) == "3 selected"
    assert inspector.facts["Selected"] == "3 layers"
    assert inspector.facts["Types"] == "2 Functional, 1 Dense"
    assert inspector.facts["Parameters"] == "36 trainable · 144 B"
    tree.apply(tree.plan([tree.find("right/encoder:bias")], trainable=False))
    inspector.refresh()
    assert inspector.facts["Parameters"] == "36 · 144 B"
    assert inspector.facts["Trainable"] == "32 · 128 B · 88.9 %"
    assert inspector.facts["Frozen"] == "4 · 16 B"


def test_that_a_shared_layer_names_its_other_places(inspector):
    tree = LayerTree(shared_encoder())
    inspector.set_tree(tree)
    inspector.show_nodes((tree.find("left/encoder"),))
    assert inspector.facts["Also at"] == "right/encoder"
    inspector.show_nodes((tree.find("right/encoder:kernel"),))
    assert inspector.facts["Also at"] == "left/encoder:kernel"
    assert inspector.facts["Shape"] == "8 × 4"


def test_that_layers_without_weights_or_with_statistics_alone_say_so(inspector):
    tree = LayerTree(normalization_only())
    inspector.set_tree(tree)
    inspector.show_nodes((tree.find("scale"),))
    assert inspector.facts["State"] == "Statistics only: nothing here is trained"
    assert inspector.facts["Output shape"] == "unknown"
    assert inspector.facts["In training"] == "Statistics update: they follow the data"
    inspector.show_nodes((tree.find("scale:mean"),))
    assert inspector.facts["Parameters"] == "3 statistics · 12 B"
    assert inspector.facts["In training"] == "Statistics update: they follow the data"
    vgg = LayerTree(vgg16_classifier())
    inspector.set_tree(vgg)
    inspector.show_nodes((vgg.find("pool"),))
    assert inspector.facts["State"] == "No weights: there is nothing to freeze"
    assert "Parameters" not in inspector.facts


def test_that_without_a_model_it_says_what_will_be_here(inspector):
    inspector.set_tree(LayerTree(normalization_only()))
    inspector.set_tree(None)
    assert inspector.facts == {}
    assert not inspector.tabs.isVisible()


def test_that_toggling_a_thousand_times_makes_no_widgets(inspector):
    tree = LayerTree(vgg16_classifier())
    inspector.set_tree(tree)
    node = tree.find("vgg16")
    inspector.show_nodes((node,))
    before = len(inspector.findChildren(object))
    for turn in range(1000):
        tree.apply(tree.plan([node], trainable=bool(turn % 2)))
        inspector.refresh()
    assert len(inspector.findChildren(object)) == before


def test_that_the_path_can_be_selected_and_copied(inspector, qtbot):
    tree = LayerTree(vgg16_classifier())
    inspector.set_tree(tree)
    inspector.show_nodes((tree.find("vgg16/block1_conv1"),))
    path = inspector._facts._rows[0]._path
    assert path.isReadOnly()
    qtbot.mouseDClick(path, Qt.MouseButton.LeftButton)
    assert path.selectedText()


def test_that_a_configuration_of_any_kind_is_read(qtmodeltester, theme):
    model = ConfigModel(theme)
    qtmodeltester.check(model)
    model.set_config(
        {
            "kernel_size": [3, 3],
            "use_bias": True,
            "rate": 0.5,
            "none": None,
            "initializer": {"class_name": "Zeros", "config": {"seed": None}},
            "layers": [{"class_name": "Dense", "config": {"units": 3}}, [1, [2]]],
            "vocabulary": ["word"] * 10_000,
        }
    )
    qtmodeltester.check(model)
    shown = {model.index(row, 0).data(): model.index(row, 1).data() for row in range(model.rowCount())}
    assert shown["kernel_size"] == "(3, 3)"
    assert shown["use_bias"] == "yes"
    assert shown["rate"] == "0.5"
    assert shown["none"] == "none"
    assert shown["initializer"] == "Zeros"
    assert shown["layers"] == "2 items"
    assert len(shown["vocabulary"]) <= 301
    model.set_config({})
    assert model.rowCount() == 0


def test_that_long_values_are_cut():
    assert plain_text("x" * 1000, 10) == "x" * 10 + "…"


def test_that_the_weights_table_is_a_sound_model(qtmodeltester, inspector):
    tree = LayerTree(vgg16_classifier())
    inspector.set_tree(tree)
    model = inspector.findChild(WeightsModel)
    qtmodeltester.check(model)
    inspector.show_nodes((tree.find("vgg16"), tree.find("batch_norm:gamma")))
    qtmodeltester.check(model)
    assert model.index(0, 0).data() == "vgg16/block1_conv1:kernel"


@pytest.mark.parametrize(
    ("class_name", "config", "text"),
    [
        ("Dense", {"units": 10, "activation": "softmax"}, "Dense · 10 units, softmax"),
        ("Dense", {"units": 1, "activation": "linear"}, "Dense · 1 unit"),
        ("MaxPooling2D", {"pool_size": [2, 2], "strides": [2, 2]}, "MaxPooling2D · 2 × 2, strides 2 × 2"),
        ("Dropout", {"rate": 0.25}, "Dropout · rate 0.25"),
        ("Embedding", {"input_dim": 10000, "output_dim": 64}, "Embedding · 10,000 entries, 64 wide"),
        ("Odd", {"units": {"class_name": "X"}, "kernel_size": "wide", "rate": "?"}, "Odd"),
    ],
)
def test_that_a_type_is_described_by_what_matters(class_name, config, text):
    assert describe(TreeBuilder().layer("x", class_name, config=config)) == text


def test_that_what_a_file_tells_is_not_told_of_another_one(models):
    path = models / "fer" / "emotion_model.hdf5"
    preview = read_preview(path)
    told = {fact.label: fact.text for fact in file_facts(preview, path=path)}
    assert told["File"] == "HDF5 model · Keras 2.0.5 · 852.4 KB"
    assert told["Compiled"] == "in the file, with Adam, learning rate 0.0001 · categorical_crossentropy · accuracy"
    saved = {fact.label: fact.text for fact in file_facts(preview, path=path.with_name("other.keras"))}
    assert "File" not in saved
    assert saved["Opened from"] == f"emotion_model.hdf5 · {told['File']}"
