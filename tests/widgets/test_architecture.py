"""The question for the architecture of a file of weights."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from editor.files.facts import FileFacts, Preview
from editor.files.options import Application, OpenOptions
from editor.layers.records import LayerRecord, WeightRecord
from tests.files.application_shapes import entry_of, filled
from widgets.dialogs.architecture import NO_GUESS, ArchitectureDialog, ArchitectureQuestion

OPTIONS = OpenOptions(custom_code="/somewhere/code.py")


def preview_of(shapes, path: Path = Path("/somewhere/w.weights.h5"), file_format="weights") -> Preview:
    weights = tuple(
        WeightRecord(number, str(number), shape, "float32", 0, is_statistics=False, is_trainable=True)
        for number, shape in enumerate(shapes)
    )
    facts = FileFacts(
        path=str(path),
        format=file_format,
        keras_version=None,
        num_bytes=0,
        has_model_config=False,
        has_freeze_map=False,
    )
    return Preview(facts=facts, root=LayerRecord(layer_id=0, name="", class_name="", weights=weights))


@pytest.fixture
def window(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def question(window):
    return ArchitectureQuestion(window)


@pytest.fixture
def mobile_net():
    return preview_of(filled(entry_of("MobileNetV2"), top=False))


def dialog_of(window: QWidget) -> ArchitectureDialog:
    (dialog,) = [found for found in window.findChildren(ArchitectureDialog) if found.isVisible()]
    return dialog


def click(qtbot, dialog, name: str) -> None:
    qtbot.mouseClick(dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5", 96),
        ("mine-128x128.weights.h5", 128),
        ("160px.h5", 160),
        ("epoch_100_of_2024.weights.h5", 224),
        ("batch_32_size_96.weights.h5", 224),
        ("v2_64.h5", 64),
    ],
)
def test_that_the_size_in_a_files_name_is_taken(question, window, name, size):
    question.decide(preview_of(filled(entry_of("MobileNetV2"), top=False), Path(name)), OPTIONS, list)
    dialog = dialog_of(window)
    assert dialog.options.application.input_shape == (size, size, 3)
    assert (f"{size} px by its name" in dialog.guess_label.text()) == (size != 224)


def test_that_the_size_in_the_models_name_is_taken_where_the_files_has_none(question, window, mobile_net):
    question.decide(msgspec.structs.replace(mobile_net, model_name="mobilenetv2_1.00_96"), OPTIONS, list)
    assert dialog_of(window).options.application.input_shape == (96, 96, 3)


def test_that_the_guess_is_said_and_chosen(question, window, mobile_net, qtbot):
    answers = []
    question.decide(mobile_net, OPTIONS, answers.append)
    dialog = dialog_of(window)
    assert dialog.guess_label.text() == "The shapes fit MobileNetV2 without its top."
    click(qtbot, dialog, "openWithArchitectureButton")
    wanted = Application(name="MobileNetV2", input_shape=(224, 224, 3), include_top=False)
    assert answers == [OpenOptions(custom_code=OPTIONS.custom_code, application=wanted)]


def test_that_a_file_of_weights_can_stay_as_it_is(question, window, mobile_net, qtbot):
    answers = []
    question.decide(mobile_net, OPTIONS, answers.append)
    click(qtbot, dialog_of(window), "keepWeightsButton")
    assert not answers
    assert not [found for found in window.findChildren(ArchitectureDialog) if found.isVisible()]


def test_that_escape_keeps_it_as_it_is(question, window, mobile_net, qtbot):
    answers = []
    question.decide(mobile_net, OPTIONS, answers.append)
    qtbot.keyClick(dialog_of(window), Qt.Key.Key_Escape)
    assert not answers
    assert not [found for found in window.findChildren(ArchitectureDialog) if found.isVisible()]


def test_that_without_a_guess_a_file_is_asked_for(question, window, qtbot, tmp_path):
    answers = []
    question.decide(preview_of([(3, 5), (5,)]), OPTIONS, answers.append)
    dialog = dialog_of(window)
    assert dialog.guess_label.text() == NO_GUESS
    assert dialog.file.radio.isChecked()
    assert not dialog.open_button.isEnabled()
    assert not dialog.form.isEnabled()
    dialog.file.set_path(tmp_path / "layers.json")
    click(qtbot, dialog, "openWithArchitectureButton")
    assert answers == [OpenOptions(custom_code=OPTIONS.custom_code, architecture=str(tmp_path / "layers.json"))]


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("keras", OPTIONS),
        ("weights", OpenOptions(architecture="/somewhere/layers.json")),
        ("weights", OpenOptions(application=Application(name="VGG16"))),
    ],
)
def test_that_nothing_is_asked_where_nothing_is_missing(question, window, file_format, options):
    answers = []
    question.decide(preview_of([(3, 5)], file_format=file_format), options, answers.append)
    assert answers == [options]
    assert not window.findChildren(ArchitectureDialog)


def test_that_another_file_takes_the_question_away(question, window, mobile_net):
    answers = []
    question.decide(mobile_net, OPTIONS, answers.append)
    question.cancel()
    assert not answers
    assert not [dialog for dialog in window.findChildren(ArchitectureDialog) if dialog.isVisible()]
