"""What the window knows of keras.applications, held against Keras."""

from __future__ import annotations

import msgspec
import pytest

from editor.files.applications import applications, cached_path, facts_of
from editor.files.options import Application
from editor.keras_model.applications import build
from resources import make_applications
from resources.make_applications import describe, names
from tests.files.application_shapes import entry_of


def test_that_every_application_of_keras_is_listed():
    assert sorted({facts.name for facts in applications()}) == names()


def test_that_what_is_listed_is_what_keras_builds(monkeypatch):
    monkeypatch.setattr(make_applications, "IMAGENET_SIZES", ())  # Each takes two builds more.
    known, shapes = describe("MobileNet", 0.25)
    facts = facts_of(Application(name="MobileNet", alpha=0.25))
    found = msgspec.json.decode(msgspec.json.encode(known), type=type(facts))
    assert found.top_files.items() <= facts.top_files.items()
    assert found.no_top_files.items() <= facts.no_top_files.items()
    same = {"top_files": facts.top_files, "no_top_files": facts.no_top_files}
    assert msgspec.structs.replace(found, **same) == facts
    entry = entry_of("MobileNet", 0.25)
    assert msgspec.convert(shapes, type(entry)) == entry


@pytest.mark.parametrize(
    "application",
    [
        Application(name="MobileNetV3Small", alpha=0.75, input_shape=(64, 96, 5), num_classes=3),
        Application(name="VGG16", input_shape=(70, 32, 1), num_classes=10),
        Application(name="EfficientNetB0", input_shape=(64, 64, 1), include_top=False),
    ],
    ids=lambda application: application.name,
)
def test_that_the_number_of_parameters_is_known_before_building(application):
    assert facts_of(application).num_parameters(application) == build(application).count_params()


def test_that_an_unknown_application_is_told():
    assert facts_of(Application(name="AlexNet")) is None
    assert facts_of(Application(name="VGG16", alpha=0.5)) is None


def test_that_the_cache_is_where_keras_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert cached_path("x.h5") == tmp_path / "models" / "x.h5"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cached_path("x.h5") == tmp_path / ".keras" / "models" / "x.h5"
