from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from editor.errors import FileError, ModelError
from editor.keras_model.custom_code import load_custom_objects
from editor.keras_model.loading import load_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models as small
from tests.cases.forgetful_build import ForgetfulBuild

MODELS = Path(__file__).parent.parent / "data" / "models"
CASES = Path(__file__).parent.parent / "cases"
ACCEPTOR = MODELS / "mmsplice" / "Acceptor.h5"


def refused(path, custom_objects=None):
    with pytest.raises((ModelError, FileError)) as caught:
        load_model(path, custom_objects)
    problem = caught.value.problem
    assert problem.summary.endswith((".", "…"))
    assert "\n" not in problem.summary
    assert problem.hint
    return problem


# -- the files of others --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "num_parameters"),
    [
        ("mmsplice/Donor.h5", 18_433),
        ("fer/emotion_model.hdf5", 58_423),
        ("network-intrusion-detection/cnn_lstm_unsw_finetuned.h5", 76_457),
    ],
)
def test_that_what_keras_opens_opens_uncompiled(file, num_parameters):
    model = load_model(MODELS / file)
    tree = LayerTree(walk_model(model).root)
    assert tree.account(tree.root).total.parameters == num_parameters
    assert not model.compiled
    assert np.isfinite(small.outputs_of(model)).all()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("mmsplice/Acceptor.h5", ["needs the class 'ConvDNA'"]),
        ("faceverifyai/face_verification_model_updated_2_1.h5", ["needs the class 'L2Normalize'"]),
        ("dataprofiler/structured_model.keras", ["needs the class '"]),
        ("dgaintel/domain_classifier_model.h5", ["older Keras", "LSTM", "'time_major'"]),
    ],
)
def test_that_what_keras_does_not_open_is_refused_in_a_plain_sentence(file, words):
    problem = refused(MODELS / file)
    assert Path(file).name in problem.summary
    for word in words:
        assert word in problem.summary
    assert problem.details


# -- code -----------------------------------------------------------------------------------------------------


class L2Normalize(keras.layers.Layer):
    def __init__(self, axis=-1, **settings):
        super().__init__(**settings)
        self.axis = axis

    def call(self, inputs):
        return keras.ops.normalize(inputs)


def test_that_a_lambda_in_an_h5_file_is_refused():
    path = MODELS / "faceverifyai" / "face_verification_model_updated_2_1.h5"
    problem = refused(path, {"L2Normalize": L2Normalize})
    assert "Lambda" in problem.summary
    assert "run Python code" in problem.summary


def test_that_a_lambda_in_a_keras_file_is_refused(tmp_path):
    path = tmp_path / "lambda.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda value: value * 2)]).save(path)
    assert "Lambda" in refused(path).summary


def test_that_custom_code_opens_a_model_of_its_class():
    model = load_model(ACCEPTOR, load_custom_objects(CASES / "conv_dna.py"))
    tree = LayerTree(walk_model(model).root)
    assert tree.account(tree.root).total.parameters == 4_961
    assert "ConvDNA" in {layer.record.class_name for layer in tree.walk_layers()}


def test_that_an_unknown_class_in_a_keras_file_is_named(tmp_path):
    path = tmp_path / "model.keras"
    small.small_cnn().save(path)
    assert "needs the class 'SmallCNN'" in refused(path).summary


def test_that_a_subclassed_model_is_built_from_its_file(tmp_path):
    path = tmp_path / "model.keras"
    model = small.seeded(small.small_cnn)
    model.save(path)
    reloaded = load_model(path, load_custom_objects(CASES / "small_cnn.py"))
    np.testing.assert_array_equal(small.outputs_of(reloaded), small.outputs_of(model))


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit(3)", "def broken(:", "import a_module_that_nobody_has"])
def test_that_custom_code_that_raises_is_told(tmp_path, code):
    path = tmp_path / "broken_code.py"
    path.write_text(code)
    with pytest.raises(ModelError, match=r"broken_code\.py' failed") as caught:
        load_custom_objects(path)
    assert "Traceback" in caught.value.details


def test_that_custom_code_that_is_missing_is_told(tmp_path):
    with pytest.raises(FileError, match="There is no file"):
        load_custom_objects(tmp_path / "nowhere.py")


def test_that_a_class_without_an_argument_of_the_file_is_told_as_such():
    class Forgetful(keras.layers.Layer):
        pass

    Forgetful.__name__ = "L2Normalize"
    path = MODELS / "faceverifyai" / "face_verification_model_updated_2_1.h5"
    assert "'L2Normalize' that was given does not take 'axis'" in refused(path, {"L2Normalize": Forgetful}).summary


def test_that_a_class_that_cannot_be_built_is_told(tmp_path):
    path = tmp_path / "picky.py"
    path.write_text(
        "import keras\n\nclass SmallCNN(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
    )
    model = tmp_path / "model.keras"
    small.small_cnn().save(model)
    refused(model, load_custom_objects(path))


def test_that_code_run_again_keeps_the_name_of_its_module(tmp_path):
    path = tmp_path / "some_layers.py"
    path.write_text("import keras\n\nclass Same(keras.layers.Layer):\n    pass\n")
    modules = [load_custom_objects(path)["Same"].__module__ for _ in range(3)]
    assert modules == ["some_layers"] * 3


def test_that_code_does_not_take_the_place_of_a_module(tmp_path):
    path = tmp_path / "json.py"
    path.write_text("import json\n\nclass Same:\n    text = json.dumps({})\n")
    assert load_custom_objects(path)["Same"].text == "{}"


# -- damaged files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_that_a_truncated_file_is_refused_in_a_plain_sentence(tmp_path, suffix, share):
    path = tmp_path / f"model{suffix}"
    if suffix == ".keras":
        small.digits_cnn().save(path)
        content = path.read_bytes()
    else:
        content = (MODELS / "mmsplice" / "Donor.h5").read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(path)


def test_that_another_ending_is_refused_with_the_cure(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"")
    assert "does not end in .keras, .h5 or .hdf5" in refused(path).summary


def test_that_a_model_whose_weights_keras_leaves_in_the_file_is_refused(tmp_path):
    model = ForgetfulBuild()
    model(np.zeros((1, 4), "float32"))
    path = tmp_path / "forgetful.keras"
    model.save(path)
    with pytest.raises(ModelError, match=r"holds weights of .* that Keras does not load, and of 1 more"):
        load_model(path)


def test_that_walking_builds_no_layer():
    model = ForgetfulBuild()
    model.build((None, 4))
    walk_model(model)
    assert not model.one.built
