"""Tables on disk and models to hold them against, for the tests of tables."""

from __future__ import annotations

from editor.training.checks import check
from editor.training.data import prepare
from editor.training.data_options import DataOptions
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings

PETS = """name,kind,weight,legs
Rex,dog,30,4
Tom,cat,4,4
Hansi,bird,0.1,2
Bello,dog,25,4
Mia,cat,5,
Coco,bird,0.2,2
"""


def facts(inputs=((2,),), outputs=((3,),), activation="softmax", **changes):
    """What is known of a model, the batch left out of the shapes."""
    return ModelFacts(
        tuple((None, *shape) for shape in inputs),
        tuple((None, *shape) for shape in outputs),
        activation,
        "Dense",
        changes.pop("input_dtypes", ("float32",) * len(inputs)),
        **changes,
    )


def settings_for(path, *, share=0.0, **options):
    return TrainSettings(data=str(path), validation_split=share, data_options=DataOptions(**options))


def prepared(path, model=None, *, share=0.0, seed=1, **options):
    return prepare(settings_for(path, share=share, **options), model or facts(), seed)


def problems(path, model=None, **options):
    model = model or facts()
    settings = settings_for(path, **options)
    return check(settings, prepare(settings, model, 1), model).problems
