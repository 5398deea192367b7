"""New models that the engine makes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from editor.files.options import Application
from editor.keras_model.applications import build
from editor.processes.messages import MakeModel, ModelMade, RequestFailed
from tests.processes.engine_driver import EngineDriver

SMALL = Application(name="MobileNet", alpha=0.25, input_shape=(96, 96, 3), num_classes=4)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        # A network that answers nothing: what asks it all the same fails, and is seen in the answer.
        for name in ("http_proxy", "https_proxy"):
            patch.setenv(name, "http://127.0.0.1:9")
        driver = EngineDriver()
    yield driver
    driver.close()


def ask(engine, application, path, weights=None):
    request = MakeModel(
        request_id=engine.next_number(), application=application, path=str(path), weights=str(weights or "") or None
    )
    return engine.ask(request, (ModelMade, RequestFailed))


def test_that_the_engine_makes_a_model_that_plain_keras_opens(engine, tmp_path):
    made = ask(engine, SMALL, tmp_path / "new.keras")
    assert isinstance(made, ModelMade), made
    model = keras.saving.load_model(made.path)
    assert (model.input_shape, model.output_shape) == ((None, 96, 96, 3), (None, 4))


def test_that_weights_of_a_file_are_put_onto_it(engine, tmp_path):
    model = build(SMALL)
    model.save_weights(tmp_path / "x.weights.h5")
    made = ask(engine, SMALL, tmp_path / "new.keras", tmp_path / "x.weights.h5")
    assert isinstance(made, ModelMade), made
    for mine, its in zip(model.get_weights(), keras.saving.load_model(made.path).get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_that_weights_that_do_not_fit_leave_no_file(engine, tmp_path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)]).save_weights(tmp_path / "x.weights.h5")
    folder = tmp_path / "made"
    folder.mkdir()
    refused = ask(engine, SMALL, folder / "new.keras", tmp_path / "x.weights.h5")
    assert isinstance(refused, RequestFailed)
    assert "x.weights.h5" in refused.problem.summary
    assert not list(folder.iterdir())


def test_that_imagenet_is_refused_at_once_where_it_is_not_in_the_cache(engine, tmp_path):
    application = Application(name="MobileNet", alpha=0.25, weights="imagenet")
    refused = ask(engine, application, tmp_path / "new.keras")
    assert isinstance(refused, RequestFailed)
    assert "nothing is downloaded" in refused.problem.summary
    assert not any("Downloading" in line for line in engine.log)
