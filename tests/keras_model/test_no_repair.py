"""What Keras 3 itself writes is never repaired: it opens by plain Keras, as before."""

from __future__ import annotations

import inspect
import json

import keras
import pytest
from keras.src.legacy.saving import json_utils, saving_options
from keras.src.legacy.saving.saving_utils import model_metadata

from editor.files.repair import repair_config
from editor.files.repair.keras_layers import KERAS_LAYERS
from tests import models as small
from tests.round_trip import hard_models

NOT_BUILT = ("lenders", "no_config")
HARD = [
    builder
    for name, builder in vars(hard_models).items()
    if inspect.isfunction(builder) and not name.startswith("_") and name not in NOT_BUILT
    if builder.__module__ == hard_models.__name__ and not inspect.signature(builder).parameters
]
RUN_OTHER_CODE = {"FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"}


@pytest.mark.parametrize("builder", [*small.SMALL_BUILDERS, *HARD], ids=lambda builder: builder.__name__)
def test_that_a_model_of_keras_3_needs_no_repair(builder):
    model = builder()
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    assert repair_config(config, keras.__version__).repairs == ()
    with saving_options.keras_option_scope(use_legacy_config=True):
        metadata = model_metadata(model, include_optimizer=False)["model_config"]
    config = json.loads(json.dumps(metadata, default=json_utils.get_json_type))
    assert repair_config(config, keras.__version__).repairs == ()


def test_that_the_layers_of_keras_are_known():
    names = {
        name
        for name, value in vars(keras.layers).items()
        if inspect.isclass(value) and issubclass(value, keras.layers.Layer) and value.__name__ == name
    }
    assert names - RUN_OTHER_CODE == KERAS_LAYERS
