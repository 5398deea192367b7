from __future__ import annotations

from pathlib import Path

import keras
import pytest

from editor.files.preview import read_preview
from editor.keras_model.h5_saving import save_h5
from editor.keras_model.loading import load_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models
from tests.files.preview.same_tree import check_same
from tests.round_trip.families import CUSTOM_OBJECTS


def live_root(path: Path, custom_objects: dict | None = None):
    return walk_model(load_model(path, custom_objects)).root


def saved(model: keras.Model, folder: Path, *frozen: str, code: Path | None = None) -> Path:
    """As Frostline writes it: what is frozen is also in the configuration, where it can be."""
    index = walk_model(model)
    tree = LayerTree(index.root)
    for path in frozen:
        node = tree.find(path)
        assert node is not None, path
        tree.apply(tree.plan([node], trainable=False))
    target = folder / "model.h5"
    save_h5(index, tree.freeze_map(), target, custom_objects=CUSTOM_OBJECTS, custom_code=code)
    return target


@pytest.mark.parametrize(
    "builder",
    [models.digits_cnn, models.siamese, models.bare_normalization, models.spectral, models.deep_nest],
    ids=lambda b: b.__name__,
)
def test_that_a_file_of_keras_3_tells_the_live_tree(builder, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    model = builder()
    model.save(path)
    assert check_same(read_preview(path).root, live_root(path)) == []
