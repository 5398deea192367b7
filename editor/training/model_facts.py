"""What of a model its data are held against: plain data, without Keras."""

from __future__ import annotations

from dataclasses import dataclass

from editor.layers.records import Shape
from editor.training.words import AUTOMATIC


@dataclass(frozen=True, slots=True)
class WantedPreprocessing:
    """What a model wants done to images, as far as its layers tell.

    Attributes:
        name: `none`, the name of a module of `keras.applications`, or `auto` where the layers do not tell.
        reason: Why, in a sentence; empty for `auto`.
    """

    name: str = AUTOMATIC
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What of a model the data and the checks need to know.

    Attributes:
        input_shapes: One for each input, the batch first; empty where the model does not tell.
        output_shapes: One for each output, the batch first; empty where the model does not tell.
        last_activation: Name of the last layer's activation, `linear` where it has none, None where it cannot be told.
        last_class: Class of the last layer.
        input_dtypes: Keras dtype name of each input.
        input_names: Keras's name of each input; empty where the model does not tell.
        output_names: Keras's name of each output; empty where the model does not tell.
        activations: As `last_activation`, of each output; empty where the model does not tell.
        vocabularies: For each input that goes straight into an Embedding, how many different numbers it takes; None
            for the others.
        preprocessing: What it wants done to images.
        has_normalization: Whether a Normalization layer of the model brings its inputs to a common scale itself.
    """

    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    last_activation: str | None
    last_class: str
    input_dtypes: tuple[str, ...]
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    activations: tuple[str | None, ...] = ()
    vocabularies: tuple[int | None, ...] = ()
    has_normalization: bool = False
    preprocessing: WantedPreprocessing = WantedPreprocessing()

    @property
    def num_inputs(self) -> int:
        """Inputs of the model; 1 where it does not tell."""
        return max(len(self.input_shapes), 1)

    @property
    def num_outputs(self) -> int:
        """Outputs of the model; 1 where it does not tell."""
        return max(len(self.output_shapes), 1)

    def input_shape(self, at: int) -> Shape | None:
        """What one sample of an input has to be; None where the model does not tell."""
        return self.input_shapes[at][1:] if at < len(self.input_shapes) else None

    def output_shape(self, at: int) -> Shape | None:
        """What the model gives for one sample; None where the model does not tell."""
        return self.output_shapes[at][1:] if at < len(self.output_shapes) else None

    def activation(self, at: int) -> str | None:
        """The activation before an output; None where it cannot be told."""
        return self.activations[at] if at < len(self.activations) else self.last_activation

    def vocabulary(self, at: int) -> int | None:
        """How many different numbers the Embedding behind an input takes; None where there is none."""
        return self.vocabularies[at] if at < len(self.vocabularies) else None
