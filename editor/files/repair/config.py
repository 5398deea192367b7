"""Repairs a model's configuration, so that today's Keras builds what an old one meant."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from editor.errors import ModelError
from editor.files.facts import Repair
from editor.files.keras_knows import operation_module
from editor.files.repair.activations import repair_hard_sigmoid
from editor.files.repair.arguments import Subject, repair_arguments
from editor.files.repair.graph import repair_graph
from editor.files.repair.keras_layers import KERAS_LAYERS
from editor.files.repair.kinds import RepairNotes
from editor.files.repair.merge import as_graph, begins_with_merge
from editor.files.repair.old_names import KERAS_1_CLASS, NOT_TODAY, SAME_CLASS, class_of_today
from editor.files.repair.operations import OPERATION_LAYERS
from editor.files.repair.sequential import repair_sequential
from editor.files.repair.stored_weights import StoredLayer
from editor.files.repair.weight_layouts import layouts

Config = dict[str, Any]
Place = tuple[str, ...]

_MODELS = {"Functional": "Functional", "Model": "Functional", "Network": "Functional", "Sequential": "Sequential"}
_KERAS_MODULES = ("keras", "tf_keras", "tensorflow", "tensorflow_core")
_TODAYS_MODULES = ("keras.src.models", "keras.models")
_INSIDE = ("layer", "backward_layer", "forward_layer", "cell")


@dataclass(frozen=True)
class RepairedConfig:
    """A configuration that today's Keras can build.

    Attributes:
        config: The whole model, serialized as Keras 3 does it.
        repairs: What was changed, a line each; empty where Keras needs no help. Then `config` says the same as before.
        stored: Layers that stand otherwise in the file, by the names that lead to them from the root in `config`.
        lora_alphas: What Keras forgets when it builds a layer with LoRA, likewise.
    """

    config: Config
    repairs: tuple[Repair, ...] = ()
    stored: Mapping[Place, StoredLayer] = field(default_factory=dict)
    lora_alphas: Mapping[Place, float] = field(default_factory=dict)


def repair_config(
    config: Config,
    keras_version: str | None,
    *,
    given: frozenset[str] = frozenset(),
    backend: str | None = None,
) -> RepairedConfig:
    """Repairs the configuration of a model.

    Args:
        config: As `model_config` of an `.h5`, `config.json` of a `.keras`, or an architecture file has it; unchanged.
        keras_version: The version that wrote it; None where the file does not tell, as Keras 1.
        given: Names of classes that custom code gives; these are left as they are.
        backend: What the file says of Keras's backend.

    Raises:
        ModelError: Something in it has no counterpart in Keras 3.
    """
    first = (keras_version or "1").partition(".")[0]
    version = int(first) if first.isdecimal() else 1
    repairing = Repairing(version=version, given=given, backend=backend or "")
    repaired = repairing.layer(copy.deepcopy(config), (), "")
    return RepairedConfig(repaired, repairing.notes.repairs, repairing.stored, repairing.lora_alphas)


@dataclass
class Repairing:
    """One walk over a configuration.

    Attributes:
        version: The first number of Keras's version.
    """

    version: int
    given: frozenset[str]
    backend: str
    notes: RepairNotes = field(default_factory=RepairNotes)
    stored: dict[Place, StoredLayer] = field(default_factory=dict)
    lora_alphas: dict[Place, float] = field(default_factory=dict)

    def layer(self, entry: Config, above: Place, name: str, *, is_wrapped: bool = False) -> Config:
        """A serialized layer or model, repaired.

        Args:
            entry: The layer; it is changed.
            above: Names that lead to what holds it.
            name: Its name in the repaired model; empty for the root.
            is_wrapped: Whether another layer holds it, and no model.
        """
        class_name = str(entry.get("class_name", ""))
        if not self._is_of_keras(entry):
            return self._custom(entry, above, name)
        self._refuse_what_is_gone(class_name, name)
        if class_name in _MODELS or self._is_graph(entry):
            return self._model(entry, above, name)
        if self.version >= 3 and (operation := self._operation(entry, name)):
            return operation
        today = class_of_today(class_name, self.given)
        if today is None:
            return self._custom(entry, above, name)
        return self._keras_layer(entry, today, (*above, name), is_wrapped=is_wrapped)

    # -- kinds of layers ----------------------------------------------------------------------------------------

    def _is_of_keras(self, entry: Config) -> bool:
        """Whether a class is not a person's own, whatever it is called."""
        module = entry.get("module")
        registered = str(entry.get("registered_name") or "")
        is_elsewhere = isinstance(module, str) and module.partition(".")[0] not in _KERAS_MODULES
        return not is_elsewhere and ">" not in registered.removeprefix("Keras>")

    def _operation(self, entry: Config, name: str) -> Config | None:
        """An operation in a graph of Keras 3, which in an `.h5` does not say where it is from."""
        if str(entry.get("module", "")).startswith("keras.src.ops."):
            return entry
        module, settings = operation_module(entry["class_name"]), entry.get("config")
        # A layer writes its flag; some, such as Reshape, have an operation of the same name.
        is_layer = not isinstance(settings, dict) or "trainable" in settings
        if not module or is_layer or "module" in entry or entry["class_name"] in self.given:
            return None
        self.notes.add("operation-place", "The operation is looked for where Keras has it, not among layers", name)
        return with_module(entry, module)

    def _is_graph(self, entry: Config) -> bool:
        settings = entry.get("config")
        return isinstance(settings, dict) and {"layers", "input_layers", "output_layers"} <= settings.keys()

    def _refuse_what_is_gone(self, class_name: str, name: str) -> None:
        if class_name in NOT_TODAY and class_name not in self.given:
            raise ModelError(
                f"The layer {name!r} is a {class_name}; Keras 3 has nothing that does its work.",
                hint=f"Give custom code with the class {class_name!r}, or open it with the Keras that wrote it.",
            )

    def _custom(self, entry: Config, above: Place, name: str) -> Config:
        """A class that only custom code has; what it holds is its own business."""
        if self._is_graph(entry):
            return self._model(entry, above, name)
        settings = entry.get("config")
        if isinstance(settings, dict):
            settings.pop("batch_input_shape", None)
            if name:
                settings["name"] = name if "name" in settings else settings.pop("name", name)
        return with_module(entry, None)

    def _model(self, entry: Config, above: Place, name: str) -> Config:
        class_name = str(entry["class_name"])
        if isinstance(entry["config"], list):
            self.notes.add(
                "sequential-list", "The list of layers of an old Sequential is given a name", name or "model"
            )
            entry["config"] = {"name": str(entry.get("name") or name or "sequential"), "layers": entry["config"]}
        settings = entry["config"]
        is_root = not name and not above
        own = str(settings.get("name") or name or class_name.lower())
        settings["name"] = (name or own).replace("/", "_") if is_root else name
        place = () if is_root else (*above, name)
        if place and own != name:
            self.stored[place] = StoredLayer(own, class_name)
        self._note_old_module(entry, class_name, name or own)
        if class_name == "Sequential" and begins_with_merge(settings) and "Merge" not in self.given:
            entry["config"] = settings = as_graph(settings)
            class_name = "Functional"
        if class_name == "Sequential" or "input_layers" not in settings:
            if _MODELS.get(class_name) != "Sequential":
                return with_module(entry, None)
            repair_sequential(self, settings, place)
            return with_module({**entry, "class_name": "Sequential"}, "keras")
        repair_graph(self, settings, place)
        entry.pop("build_config", None)
        if class_name not in _MODELS:
            return with_module(entry, None)
        return {
            **entry,
            "class_name": "Functional",
            "module": "keras.src.models.functional",
            "registered_name": "Functional",
        }

    def _note_old_module(self, entry: Config, class_name: str, name: str) -> None:
        module = entry.get("module")
        if (
            class_name in _MODELS
            and isinstance(module, str)
            and module != "keras"
            and not module.startswith(_TODAYS_MODULES)
        ):
            self.notes.add("module", f"{class_name} of the module {module!r} is taken as today's", name)

    def _keras_layer(self, entry: Config, today: str, place: Place, *, is_wrapped: bool) -> Config:
        class_name, name = str(entry["class_name"]).removeprefix("Keras>"), place[-1]
        settings = entry["config"]
        stored_name = str(entry.get("name") or settings.get("name") or name)
        self._note_class(class_name, today, name)
        if is_wrapped and "module" not in entry:
            self.notes.add("module", "The class of a wrapped layer is found by its name alone", name)
        if today not in ("InputLayer", "Lambda"):
            self._drop_input_shape(settings, name, has_module="module" in entry)
        steps = layouts(class_name, today, settings, version=self.version, backend=self.backend)
        _cudnn_settings(class_name, settings)
        subject = Subject(today, name, self.version < 3, has_module="module" in entry)
        repair_arguments(settings, subject, self.notes)
        if "name" in settings or not is_wrapped:
            settings["name"] = name
        entry["class_name"] = today
        hard = repair_hard_sigmoid(entry, subject, self.notes)
        steps = (*self._noted(steps, name), *hard.steps)
        if steps or stored_name != name or class_name != today:
            self.stored[place] = StoredLayer(stored_name, class_name, steps)
        self._keep_alpha(settings, today, place)
        self._inside(settings, place)
        if self.version < 3:
            entry.pop("build_config", None)
        return hard.around(with_module(entry, "keras.layers"))

    def _keep_alpha(self, settings: Config, today: str, place: Place) -> None:
        """Other layers than these keep it."""
        alpha, rank = settings.get("lora_alpha"), settings.get("lora_rank")
        if today not in ("Dense", "Embedding", "ReversibleEmbedding") or not rank or alpha == rank:
            return
        if isinstance(alpha, int | float):
            self.lora_alphas[place] = alpha
            text = f"'lora_alpha' ({alpha}) is kept, for which Keras would take the rank ({rank})"
            self.notes.add("lora-alpha", text, place[-1])

    def _drop_input_shape(self, settings: Config, name: str, *, has_module: bool) -> None:
        settings.pop("input_dtype", None)
        if settings.pop("batch_input_shape", None) is not None and has_module:
            text = "'batch_input_shape', which Keras 3 no longer takes, is left out, as the input has it"
            self.notes.add("argument-gone", text, name)

    def _note_class(self, class_name: str, today: str, name: str) -> None:
        if class_name.startswith("CuDNN"):
            what = f"{class_name} of NVIDIA's library becomes {today}, and its weights are laid out anew"
            self.notes.add("cudnn", what, name)
        elif class_name in SAME_CLASS:
            self.notes.add("class-renamed", f"{class_name} is called {today} today", name)
        elif class_name in KERAS_1_CLASS:
            self.notes.add("keras-1-class", f"{class_name} of Keras 1 is called {today} today", name)

    def _noted(self, steps: tuple[str, ...], name: str) -> tuple[str, ...]:
        for step in steps:
            if step == "flip-kernel":
                self.notes.add("theano-kernels", "Kernels that were written for Theano are mirrored", name)
            elif not step.startswith("cudnn"):
                self.notes.add("keras-1-weights", "Weights in the order of Keras 1 are laid out anew", name)
        return steps

    def _inside(self, settings: Config, place: Place) -> None:
        """The layers that wrappers and recurrent layers hold."""
        for key in _INSIDE:
            if _is_serialized(settings.get(key)):
                settings[key] = self._held(settings[key], place)
        # Keras 2 takes layers such as LeakyReLU for activations, too.
        activation = settings.get("activation")
        if isinstance(activation, dict) and _is_serialized(activation) and self._is_layer_of_keras_2(activation):
            settings["activation"] = self._held(activation, place)
        if isinstance(settings.get("cells"), list):
            settings["cells"] = [
                self._held(cell, place) if _is_serialized(cell) else cell for cell in settings["cells"]
            ]

    def _is_layer_of_keras_2(self, entry: Config) -> bool:
        return self.version < 3 and entry["class_name"] in KERAS_LAYERS and entry["class_name"] not in self.given

    def _held(self, entry: Config, place: Place) -> Config:
        settings = entry["config"]
        name = str((settings.get("name") if isinstance(settings, dict) else "") or entry["class_name"])
        return self.layer(entry, place, name.replace("/", "_"), is_wrapped=True)


def with_module(entry: Config, module: str | None) -> Config:
    """A serialized object that says where its class is from, as Keras 3 wants it."""
    if module is not None:
        return {**entry, "module": module, "registered_name": None}
    return {"module": None, "registered_name": entry["class_name"], **entry}


def _is_serialized(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def _cudnn_settings(class_name: str, settings: Config) -> None:
    """What the GPU classes did without saying so."""
    if not class_name.startswith("CuDNN"):
        return
    settings.setdefault("activation", "tanh")
    settings.setdefault("recurrent_activation", "sigmoid")
    if class_name == "CuDNNGRU":
        settings["reset_after"] = True


__all__ = ["OPERATION_LAYERS", "RepairedConfig", "Repairing", "repair_config", "with_module"]
