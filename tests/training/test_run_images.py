from __future__ import annotations

from pathlib import Path

import keras

from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.training.data_options import Augmentation, DataOptions
from tests.training.image_files import write_classes
from tests.training.test_run import train

AUGMENTATION = (Augmentation(layer="RandomRotation"), Augmentation(layer="RandomBrightness", config={"factor": 0.2}))


def trained(folder: Path, num_epochs: int = 4) -> tuple[float, list[bytes]]:
    """The accuracy on the validation part, and the weights, of a small model trained on a folder."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dropout(0.2), keras.layers.Dense(2)]
    index = walk_model(keras.Sequential([*layers, keras.layers.Softmax()]))
    options = DataOptions(augmentation=AUGMENTATION)
    result = train(
        index,
        LayerTree(index.root),
        str(folder),
        epochs=num_epochs,
        batch_size=8,
        learning_rate=0.03,
        seed=4,
        validation_split=0.25,
        data_options=options,
    )
    return result.epochs[-1]["val_accuracy"], [weight.numpy().tobytes() for weight in index.model.weights]


def test_that_a_model_learns_from_a_folder_and_a_seed_repeats_it_exactly(tmp_path: Path) -> None:
    accuracy, weights = trained(write_classes(tmp_path, num_each=16))
    assert accuracy == 1.0
    assert trained(tmp_path) == (accuracy, weights)
