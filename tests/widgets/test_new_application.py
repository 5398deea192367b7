"""The dialog of new models: what can be picked, what it comes to, and where weights come from."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QSpinBox, QWidget

from editor.files.applications import cached_path, facts_of
from editor.files.options import Application
from widgets.dialogs.new_application import NewApplicationDialog, NewModel

V2_FILES = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224{}.h5"


@pytest.fixture
def dialog(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    made = NewApplicationDialog(tmp_path, window)
    made.open()
    qtbot.waitExposed(made)
    yield made
    window.close()


def type_into(qtbot, field: QSpinBox, text: str) -> None:
    field.selectAll()
    qtbot.keyClicks(field, text)


def tick(qtbot, button: QAbstractButton) -> None:
    """Clicks the sign of a box or a radio button."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


def put_into_cache(*names: str) -> None:
    for name in names:
        path = cached_path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")


def asked(qtbot, dialog) -> NewModel:
    with qtbot.waitSignal(dialog.build_requested) as signal:
        qtbot.mouseClick(dialog.build_button, Qt.MouseButton.LeftButton)
    return signal.args[0]


def test_that_searching_and_building_take_a_few_keys(dialog, qtbot):
    qtbot.keyClicks(dialog.form.list_.field, "v3sm")
    qtbot.keyClick(dialog.form.list_.field, Qt.Key.Key_Down)
    with qtbot.waitSignal(dialog.build_requested) as signal:
        qtbot.keyClick(dialog.form.list_.field, Qt.Key.Key_Return)
    (wish,) = signal.args
    assert wish == NewModel(Application(name="MobileNetV3Small", alpha=0.75, input_shape=(224, 224, 3)))


def test_that_what_it_will_be_is_said_before(dialog, qtbot):
    assert dialog.form.text == "3,538,984 parameters, 13.5 MB"
    tick(qtbot, dialog.form.top_box)
    assert dialog.form.text == "2,257,984 parameters, 8.6 MB"
    assert not dialog.form.classes_field.isEnabled()
    note = dialog.findChild(QLabel, "applicationInputNote").text()
    assert "preprocess_input of keras.applications.mobilenet_v2" in note


def test_that_sizes_channels_and_classes_are_taken(dialog, qtbot):
    type_into(qtbot, dialog.form.height_field, "96")
    type_into(qtbot, dialog.form.width_field, "128")
    type_into(qtbot, dialog.form.channels_field, "1")
    type_into(qtbot, dialog.form.classes_field, "5")
    wish = asked(qtbot, dialog)
    assert wish.application == Application(name="MobileNetV2", input_shape=(96, 128, 1), num_classes=5)
    assert wish.weights is None


def test_that_another_application_brings_its_own_size(dialog):
    dialog.form.list_.choose("InceptionV3")
    assert dialog.form.application.input_shape == (299, 299, 3)
    assert dialog.form.height_field.minimum() == 75


def test_that_a_name_that_is_not_there_cannot_be_built(dialog, qtbot):
    qtbot.keyClicks(dialog.form.list_.field, "AlexNet")
    assert dialog.form.application is None
    assert dialog.form.text == "No application of this name."
    assert not dialog.build_button.isEnabled()
    dialog.form.list_.field.clear()
    assert dialog.build_button.isEnabled()


@pytest.mark.parametrize(
    ("application", "reason"),
    [
        (Application(name="MobileNetV2"), "no file"),
        (Application(name="MobileNetV2", input_shape=(224, 224, 1)), "3 channels"),
        (Application(name="MobileNetV2", num_classes=5), "1,000 classes"),
        (Application(name="MobileNetV2", input_shape=(100, 100, 3)), "size of 96 or 128 or 160 or 192 or 224"),
        (Application(name="VGG16", input_shape=(96, 96, 3)), "size of 224"),
    ],
)
def test_that_why_imagenet_cannot_be_had_is_said_in_full(dialog, qtbot, application, reason):
    dialog.form.show_application(application)
    assert reason in dialog.imagenet_text
    assert not dialog.imagenet_button.isEnabled()
    note = dialog.findChild(QLabel, "imagenetNote")
    qtbot.waitUntil(lambda: note.height() >= note.heightForWidth(note.width()))
    assert note.width() >= note.minimumSizeHint().width(), "a word is wider than the label"


def test_that_imagenet_is_offered_where_it_is_in_the_cache(dialog, qtbot):
    put_into_cache(V2_FILES.format(""), V2_FILES.format("_no_top"))
    dialog.form.show_application(Application(name="MobileNetV2", num_classes=1000))
    tick(qtbot, dialog.form.top_box)
    tick(qtbot, dialog.imagenet_button)
    assert dialog.imagenet_button.isChecked()
    assert asked(qtbot, dialog).application.weights == "imagenet"


def test_that_imagenet_goes_when_it_does_not_fit_any_more(dialog, qtbot):
    put_into_cache(V2_FILES.format(""))
    dialog.form.show_application(Application(name="MobileNetV2"))
    tick(qtbot, dialog.imagenet_button)
    type_into(qtbot, dialog.form.classes_field, "5")
    assert not dialog.imagenet_button.isEnabled()
    assert dialog.random_button.isChecked()


def test_that_weights_come_from_a_file(dialog, qtbot, tmp_path):
    dialog.file.radio.setChecked(True)
    assert not dialog.build_button.isEnabled()
    dialog.file.set_path(tmp_path / "mine.weights.h5")
    assert asked(qtbot, dialog).weights == tmp_path / "mine.weights.h5"


def test_that_any_size_goes_with_imagenet_without_the_top():
    facts = facts_of(Application(name="ResNet50"))
    bare = Application(name="ResNet50", include_top=False, input_shape=(100, 50, 3))
    assert "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5" in facts.imagenet_obstacle(bare)
