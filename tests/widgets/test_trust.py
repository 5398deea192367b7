"""The dialog about code: what it shows, what it takes to agree, and what is remembered."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QWidget

from editor.files.code_files import find_module
from editor.files.code_needs import code_needs
from editor.files.facts import CodeNeed, FileFacts, Preview
from editor.files.options import OpenOptions
from editor.layers.records import LayerRecord
from widgets.dialogs.trust import TrustDialog
from widgets.settings import Settings
from widgets.trust import Trust

LAMBDAS = json.loads((Path(__file__).parents[1] / "data" / "lambdas" / "lambdas.json").read_text(encoding="utf-8"))
NORM = CodeNeed(kind="class", name="L2Normalize", module="face.layers", paths=("base/norm", "head/norm"))
LOSS = CodeNeed(kind="function", name="my_loss", paths=("loss",))


def lambda_needs(*codes: str) -> tuple[CodeNeed, ...]:
    layers = [
        {"class_name": "Lambda", "config": {"name": f"lambda_{number}", "function": [code, None, None]}}
        for number, code in enumerate(codes)
    ]
    return code_needs({"class_name": "Sequential", "config": {"name": "s", "layers": layers}})


ADD, SUM, OTHER = lambda_needs(LAMBDAS["3.11"]["add"], LAMBDAS["3.11"]["sum"], LAMBDAS["3.9"]["sum"])


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def trust(window, settings):
    return Trust(window, settings)


@pytest.fixture
def code(tmp_path):
    """Code that would leave a mark if anybody ran it."""
    code = tmp_path / "face_code.py"
    code.write_text(f"open({str(tmp_path / 'mark')!r}, 'w').close()\nclass L2Normalize:\n    pass\n")
    yield code
    assert not (tmp_path / "mark").exists()


def preview(tmp_path: Path, *needs: CodeNeed) -> Preview:
    facts = FileFacts(
        path=str(tmp_path / "face.h5"),
        format="h5",
        keras_version="3.10.0",
        num_bytes=1,
        has_model_config=True,
        has_freeze_map=False,
    )
    return Preview(facts=facts, root=LayerRecord(layer_id=0, name="", class_name="Functional"), needs=needs)


def shown(window: QWidget) -> TrustDialog:
    (dialog,) = (each for each in window.findChildren(TrustDialog) if each.isVisible())
    return dialog


def is_asked(window: QWidget) -> bool:
    return any(each.isVisible() for each in window.findChildren(TrustDialog))


def press(qtbot, button: QWidget) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def tick(qtbot, dialog: TrustDialog, row: int) -> None:
    """Clicks the box in front of a Lambda."""
    index = dialog.list.model().index(row, 0)
    place = dialog.list.visualRect(index)
    qtbot.mouseClick(
        dialog.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.left() + 12, place.center().y())
    )


def test_that_what_needs_no_code_to_be_loaded_asks_nothing(trust, window, tmp_path):
    answers = []
    trust.decide(preview(tmp_path), OpenOptions(), answers.append)
    trust.decide(preview(tmp_path, LOSS), OpenOptions(), answers.append)
    given = OpenOptions(custom_code="code.py")
    trust.decide(preview(tmp_path, NORM), given, answers.append)
    assert answers == [OpenOptions(), OpenOptions(), given]
    assert not is_asked(window)


def test_that_the_dialog_names_what_is_needed_and_what_would_be_run(trust, window, tmp_path, code, qtbot):
    trust.decide(preview(tmp_path, NORM, ADD, LOSS), OpenOptions(), lambda _options: None)
    dialog = shown(window)
    rows = [[dialog.list.topLevelItem(row).text(column) for column in range(3)] for row in range(3)]
    assert rows == [
        ["class L2Normalize", "base/norm, head/norm", "face.layers"],
        ["Lambda lambda_0", "lambda_0", "code in the model file"],
        ["function my_loss", "loss", "unknown; the model opens without it"],
    ]
    assert not dialog.run_button.isEnabled()
    assert dialog.source.module_field.text() == "face"
    assert dialog.source.module is None
    dialog.source.choose_file(code)
    assert dialog.text.toPlainText().startswith("open(")
    assert str(code) in dialog.about.text()
    assert hashlib.sha256(code.read_bytes()).hexdigest() in dialog.about.text()
    assert dialog.run_button.text() == "Run This File and Open"
    assert not dialog.run_button.isEnabled()
    assert dialog.lacking.text() == "Tick Lambda lambda_0, or choose a file that defines Lambda_lambda_0."
    with code.open("a") as stream:
        stream.write("Lambda_lambda_0 = L2Normalize\n")
    dialog.source.choose_file(code)
    assert dialog.run_button.isEnabled()
    assert not dialog.lacking.isVisible()
    dialog.list.setCurrentItem(dialog.list.topLevelItem(1))
    assert "BINARY_OP" in dialog.text.toPlainText()
    assert "Lambda_lambda_0" in dialog.about.text()


def test_that_enter_and_escape_keep_the_preview_only(trust, window, tmp_path, code, qtbot):
    answers = []
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        trust.decide(preview(tmp_path, NORM), OpenOptions(), answers.append)
        dialog = shown(window)
        dialog.source.choose_file(code)
        qtbot.keyClick(dialog, key)
        assert not is_asked(window)
    assert answers == []


def test_that_consent_is_remembered_for_the_very_code(trust, window, settings, tmp_path, code, qtbot):
    answers = []
    trust.decide(preview(tmp_path, NORM), OpenOptions(architecture="a.json"), answers.append)
    dialog = shown(window)
    dialog.source.choose_file(code)
    press(qtbot, dialog.run_button)
    digest = hashlib.sha256(code.read_bytes()).hexdigest()
    given = OpenOptions(architecture="a.json", custom_code=str(code), code_digest=digest)
    assert answers == [given]

    again = Trust(window, Settings(tmp_path / "settings.ini"))
    again.decide(preview(tmp_path, NORM), OpenOptions(architecture="a.json"), answers.append)
    assert answers == [given, given]
    assert not is_asked(window)

    code.write_text(code.read_text() + "# other\n")
    again.decide(preview(tmp_path, NORM), OpenOptions(), answers.append)
    dialog = shown(window)
    assert len(answers) == 2
    assert dialog.findChild(QLabel, "codeWarning").text().startswith("The code has changed since you agreed")
    assert "# other" in dialog.text.toPlainText()
    press(qtbot, dialog.run_button)
    assert answers[2].code_digest == hashlib.sha256(code.read_bytes()).hexdigest()

    assert again.forget() == 1
    again.decide(preview(tmp_path, NORM), OpenOptions(), answers.append)
    assert is_asked(window)
    assert not shown(window).warning.isVisible()
    press(qtbot, shown(window).keep_button)


def test_that_the_same_preview_asks_again_although_it_is_remembered(trust, window, tmp_path, code, qtbot):
    answers = []
    asked = preview(tmp_path, NORM)
    trust.decide(asked, OpenOptions(), answers.append)
    shown(window).source.choose_file(code)
    press(qtbot, shown(window).run_button)
    trust.decide(asked, answers[0], answers.append)
    assert len(answers) == 1
    assert shown(window).source.custom_code == str(code)
    press(qtbot, shown(window).keep_button)


def test_that_lambdas_are_agreed_to_one_by_one_or_all(trust, window, tmp_path, qtbot):
    answers = []
    trust.decide(preview(tmp_path, ADD, SUM), OpenOptions(), answers.append)
    dialog = shown(window)
    qtbot.waitExposed(dialog)
    tick(qtbot, dialog, 1)
    assert dialog.list.allowed == (SUM.digest,)
    assert not dialog.run_button.isEnabled()
    assert dialog.lacking.text().startswith("Tick Lambda lambda_0, or choose a file that defines Lambda_lambda_0")
    tick(qtbot, dialog, 0)
    assert dialog.run_button.text() == "Run the Ticked Lambdas and Open"
    assert dialog.run_button.isEnabled()
    assert dialog.all_lambdas.isChecked()
    tick(qtbot, dialog, 1)
    assert not dialog.all_lambdas.isChecked()
    qtbot.keyClick(dialog.all_lambdas, Qt.Key.Key_Space)
    assert dialog.list.allowed == (ADD.digest, SUM.digest)
    press(qtbot, dialog.run_button)
    assert answers == [OpenOptions(allowed_lambdas=(ADD.digest, SUM.digest))]
    trust.decide(preview(tmp_path, ADD, SUM), OpenOptions(), answers.append)
    assert answers[1] == answers[0]
    trust.decide(preview(tmp_path, ADD), OpenOptions(), answers.append)
    assert is_asked(window)
    press(qtbot, shown(window).keep_button)


def test_that_a_lambda_of_the_compile_settings_cannot_be_agreed_to(trust, window, tmp_path, qtbot):
    loss = msgspec.structs.replace(SUM, name="loss", paths=("loss",))
    trust.decide(preview(tmp_path, ADD, loss), OpenOptions(), lambda _options: None)
    dialog = shown(window)
    assert not dialog.all_lambdas.isVisible()
    assert dialog.list.topLevelItem(1).text(2) == "compile settings: never run"
    assert not dialog.list.topLevelItem(1).flags() & Qt.ItemFlag.ItemIsUserCheckable
    tick(qtbot, dialog, 0)
    assert dialog.run_button.isEnabled()
    press(qtbot, dialog.keep_button)


def test_that_a_lambda_of_another_python_cannot_be_agreed_to(trust, window, tmp_path, qtbot):
    trust.decide(preview(tmp_path, OTHER), OpenOptions(), lambda _options: None)
    dialog = shown(window)
    qtbot.waitExposed(dialog)
    tick(qtbot, dialog, 0)
    assert dialog.list.allowed == ()
    assert not dialog.all_lambdas.isVisible()
    assert not dialog.run_button.isEnabled()
    assert dialog.list.topLevelItem(0).text(2) == "code of another Python: never run"
    assert "Lambda_lambda_2" in dialog.about.text()
    press(qtbot, dialog.keep_button)


def test_that_an_installed_module_is_found_without_importing_it(trust, window, tmp_path, monkeypatch, qtbot):
    package = tmp_path / "face_package"
    package.mkdir()
    (package / "__init__.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w')\n")
    (package / "layers.py").write_text("class L2Normalize: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    answers = []
    trust.decide(preview(tmp_path, NORM), OpenOptions(), answers.append)
    dialog = shown(window)
    field = dialog.source.module_field
    field.selectAll()
    qtbot.keyClicks(field, "face_package.nothing")
    assert not dialog.run_button.isEnabled()
    assert "No Python module 'face_package.nothing'" in dialog.about.text()
    field.selectAll()
    qtbot.keyClicks(field, "face_package.layers")
    assert "class L2Normalize" in dialog.text.toPlainText()
    assert "The first of 2 Python files, " in dialog.about.text()
    assert dialog.run_button.text() == "Import This Module and Open"
    press(qtbot, dialog.run_button)
    assert answers[0].module == "face_package.layers"
    both = find_module("face_package")
    assert (both.num_files, answers[0].code_digest) == (2, both.digest)
    (package / "__init__.py").write_text("changed\n")
    assert find_module("face_package.layers").digest != both.digest
    assert not (tmp_path / "mark").exists()
    assert "face_package" not in sys.modules


def test_that_a_file_that_is_no_text_or_gone_can_be_looked_at(trust, window, tmp_path, qtbot):
    trust.decide(preview(tmp_path, NORM), OpenOptions(), lambda _options: None)
    dialog = shown(window)
    strange = tmp_path / "strange.py"
    strange.write_bytes(bytes(range(256)) * 100)
    dialog.source.choose_file(strange)
    assert not dialog.run_button.isEnabled()
    assert "Python cannot read 'strange.py'" in dialog.lacking.text()
    strange.write_text("class Other: pass\n")
    dialog.source.choose_file(strange)
    assert not dialog.run_button.isEnabled()
    assert dialog.lacking.text() == "This file does not have L2Normalize."
    strange.unlink()
    dialog.source.choose_file(strange)
    assert not dialog.run_button.isEnabled()
    assert "There is no file" in dialog.about.text()
    press(qtbot, dialog.keep_button)


HIDDEN = "+AAo-print('hidden')"


def test_that_what_is_shown_is_what_is_run(trust, window, tmp_path):
    trust.decide(preview(tmp_path, NORM), OpenOptions(), lambda _options: None)
    dialog = shown(window)
    code = tmp_path / "disguised.py"
    code.write_text(f"# coding: utf-7\nclass L2Normalize: pass # {HIDDEN}\n")
    dialog.source.choose_file(code)
    assert dialog.text.toPlainText().splitlines()[1:] == ["class L2Normalize: pass # ", "print('hidden')"]
    long = f"x = 1;{' ' * 300}y = 2"
    code.write_text(f"a = 'q\u202e' # \u2066b\n{long}\n# not\u2028a line\n\tclass L2Normalize: 'ö'\n", "utf-8")
    dialog.source.choose_file(code)
    lines = dialog.text.toPlainText().splitlines()
    assert lines[0] == r"a = 'q\u202e' # \u2066b"
    assert "".join([lines[1], lines[2].removeprefix("↪ ")]) == long
    assert lines[3:] == [r"# not\u2028a line", "    class L2Normalize: 'ö'"]
    dialog.reject()


def test_that_names_in_a_file_disguise_nothing(trust, window, tmp_path):
    name = "Norm\u202e<img src='/dev/zero'>"
    trust.decide(preview(tmp_path, CodeNeed(kind="class", name=name, paths=(name,))), OpenOptions(), lambda _: None)
    item = shown(window).list.topLevelItem(0)
    assert item.text(0) == r"class Norm\u202e<img src='/dev/zero'>"
    assert "<img" not in item.toolTip(1)
    shown(window).reject()


def test_that_damaged_consents_are_none(settings):
    settings._store.setValue("consents", "{no json")
    assert settings.consent("x") is None
    assert settings.forget_consents() == 0
