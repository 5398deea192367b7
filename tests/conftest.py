"""What every test stands on: no screen, no file of the user's, nothing left running."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from editor.native import prepare_tensorflow

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Before any test imports TensorFlow: a command that a test runs here would set it later, and processes that are started
# then would compute in another way, in the last bit, than this one.
prepare_tensorflow()


@pytest.fixture(autouse=True)
def _own_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings and workspaces of a test are its own, those of its subprocesses too."""
    folder = tmp_path_factory.mktemp("frostline")
    monkeypatch.setenv("FROSTLINE_SETTINGS", str(folder / "settings.ini"))
    monkeypatch.setenv("FROSTLINE_WORKSPACES", str(folder / "workspaces"))
    yield


@pytest.fixture(autouse=True, scope="session")
def _own_history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Records of runs too; engines that several tests share start before any test's own fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROSTLINE_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield


@pytest.fixture(autouse=True)
def _own_registrations() -> Iterator[None]:
    """What code that a test gives registers with Keras is gone after it; Keras is not imported for that."""
    keras = sys.modules.get("keras")
    before = dict(keras.saving.get_custom_objects()) if keras else {}
    yield
    if keras:
        registered = keras.saving.get_custom_objects()
        registered.clear()
        registered.update(before)


@pytest.fixture(autouse=True)
def _no_open_name_scope() -> Iterator[None]:
    """What the next test builds is named by itself alone; Keras is not imported for that."""
    yield
    if "keras" in sys.modules:
        from keras.src.backend.common import global_state

        open_scopes = global_state.get_global_attribute("name_scope_stack") or []
        names = [scope.name for scope in open_scopes]
        open_scopes.clear()
        assert not names


@pytest.fixture
def models() -> Path:
    """Real models that nobody here made; see tests/data/README.md."""
    return Path(__file__).parent / "data" / "models"
