from __future__ import annotations

import threading

import numpy as np
import pytest

from editor.runs.workspace import WEIGHTS_FOLDER
from tests import models
from tests.processes.engine_driver import EngineDriver
from tests.processes.opened import Opened


@pytest.fixture(scope="package")
def engine():
    driver = EngineDriver()
    yield driver
    driver.close()
    assert driver.ends.empty()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("engine ")]


@pytest.fixture
def own_engine():
    """An engine that the test may end."""
    driver = EngineDriver()
    yield driver
    driver.close()


@pytest.fixture(scope="package")
def files(tmp_path_factory):
    """The models and the data that the tests use."""
    folder = tmp_path_factory.mktemp("files")
    for builder in (models.bare_normalization, models.small_cnn, models.after_layers, models.composites):
        models.seeded(builder).save(folder / f"{builder.__name__}.keras")
    x = models.sample_inputs(models.bare_normalization(), 16)
    np.savez(folder / "data.npz", x=x, y=np.arange(16) % 3)
    np.savez(folder / "images.npz", x=np.ones((8, 8, 8, 3), "float32"), y=np.arange(8) % 3)
    return folder


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "workspace" / WEIGHTS_FOLDER).mkdir(parents=True)
    return tmp_path / "workspace"


@pytest.fixture
def document(engine, files):
    document = Opened(engine, files / "bare_normalization.keras")
    yield document
    document.close()
