"""Every model of others that the tests have opens: four by themselves, three with the few classes that they need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from editor.errors import ModelError
from editor.files.options import OpenOptions
from editor.keras_model.opening import open_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models as small

MODELS = Path(__file__).parents[1] / "data" / "models"
CASES = Path(__file__).parents[1] / "cases"
ALL = {
    "mmsplice/Donor.h5": (None, 18_433),
    "mmsplice/Acceptor.h5": ("conv_dna", 4_961),
    "fer/emotion_model.hdf5": (None, 58_423),
    "network-intrusion-detection/cnn_lstm_unsw_finetuned.h5": (None, 76_457),
    "faceverifyai/face_verification_model_updated_2_1.h5": ("face_verification", 161_088),
    "dataprofiler/structured_model.keras": ("character_labeler", 155_352),
    "dgaintel/domain_classifier_model.h5": (None, 103_745),
}


def opened(file):
    code = ALL[file][0]
    return open_model(MODELS / file, OpenOptions.of_code(CASES / f"{code}.py") if code else None)


@pytest.mark.parametrize("file", ALL)
def test_that_each_real_model_opens(file):
    tree = LayerTree(walk_model(opened(file).model).root)
    assert tree.account(tree.root).total.parameters == ALL[file][1]


@pytest.mark.parametrize("file", [file for file, (code, _count) in ALL.items() if code])
def test_that_what_needs_code_is_refused_without(file):
    with pytest.raises(ModelError):
        open_model(MODELS / file)


def test_that_the_argument_that_is_gone_is_listed():
    (repair,) = opened("dgaintel/domain_classifier_model.h5").repairs
    assert repair.text == "'time_major' (False), which Keras 3 no longer takes, is left out: 'lstm_4'."
    assert repair.is_proven


def test_that_a_face_is_like_itself():
    model = opened("faceverifyai/face_verification_model_updated_2_1.h5").model
    faces = np.random.default_rng(0).random((2, 100, 100, 3), "float32")
    np.testing.assert_allclose(model([faces, faces]), np.ones((2, 1)), atol=1e-5)
    assert np.all(np.array(model([faces, faces[::-1] * 0.3])) < 1)


def test_that_labels_of_characters_are_computed_from_text():
    model = opened("dataprofiler/structured_model.keras").model
    confidences, likeliest, labels = (np.array(value) for value in model([np.array([["12.05.2020"], ["John"]])]))
    assert confidences.shape == (2, 3400, 24)
    np.testing.assert_array_equal(confidences.argmax(axis=-1), likeliest)
    # The threshold in the file is 0, below which no confidence is.
    np.testing.assert_array_equal(labels, likeliest)


def test_that_a_convolution_of_a_persons_class_computes():
    assert np.isfinite(small.outputs_of(opened("mmsplice/Acceptor.h5").model)).all()
