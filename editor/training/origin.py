"""A model as it was before a run, so that a cancel can put everything back, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.src.utils.tracking import DotNotTrackScope

from editor.keras_model.walk import ModelIndex
from editor.runs.revisions import Array
from editor.training.snapshot import live_variables

_COMPILED_FUNCTIONS = ("train_function", "test_function", "predict_function")
_OF_TENSORFLOW = "_self_"
"""What TensorFlow's tracking calls its own attributes, which it keeps in step by itself."""


@dataclass(frozen=True)
class Origin:
    """What a run changes of a model: values, and what `compile` has set; the optimizer is kept as the object it is.

    Attributes:
        values: Each variable that training changes, and a copy of its value.
    """

    model: keras.Model
    values: tuple[tuple[keras.Variable, Array], ...]
    attributes: dict[str, Any]

    @classmethod
    def of(cls, index: ModelIndex) -> Origin:
        """Remembers a live model; to be called before anything of the run touches it."""
        values = ((variable, _copied(variable)) for variable in live_variables(index.model))
        return cls(index.model, tuple(values), dict(vars(index.model)))

    def put_back(self) -> None:
        """Gives the model its values, its optimizer and its compile settings of then; flags are left as they are."""
        for variable, value in self.values:
            variable.assign(value)
        with DotNotTrackScope():
            for name, value in self.attributes.items():
                if vars(self.model).get(name) is not value and not name.startswith(_OF_TENSORFLOW):
                    setattr(self.model, name, value)
            for name in vars(self.model).keys() - self.attributes.keys():
                if not name.startswith(_OF_TENSORFLOW):
                    delattr(self.model, name)
            # They were traced for the flags of an earlier run.
            for name in _COMPILED_FUNCTIONS:
                setattr(self.model, name, None)

    def weights(self, index: ModelIndex) -> list[Array]:
        """The value of each weight, by `weight_id`."""
        by_id = {id(variable): value for variable, value in self.values}
        return [by_id[id(variable)] if id(variable) in by_id else _copied(variable) for variable in index.variables]


def _copied(variable: keras.Variable) -> Array:
    return np.array(keras.ops.convert_to_numpy(variable))
