from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from editor.keras_model.opening import open_model
from tests import models


@pytest.mark.parametrize(("written", "called"), [("a.keras", "a.model"), ("a.h5", "a.keras"), ("a.h5", "a.H5")])
def test_that_the_content_decides_what_a_file_is_and_not_its_name(tmp_path: Path, written: str, called: str) -> None:
    model = models.digits_cnn()
    model.save(tmp_path / written)
    shutil.copy(tmp_path / written, tmp_path / f"copy of {called}")
    loaded = open_model(tmp_path / f"copy of {called}")
    np.testing.assert_array_equal(models.outputs_of(loaded.model), models.outputs_of(model))
    assert not loaded.repairs
