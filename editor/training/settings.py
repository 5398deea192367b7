"""What a run is asked to do, and what is said about it before it starts: plain data, without Keras."""

from __future__ import annotations

from typing import Literal

import msgspec

from editor.layers.structure import HeadActivation
from editor.training.data_options import DataOptions, Task
from editor.training.data_report import DataReport
from editor.training.words import AUTOMATIC

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop", "adagrad", "nadam", "lion")
LOSSES = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "kl_divergence",
    "poisson",
)
METRICS = ("accuracy", "top_k_categorical_accuracy", "auc", "mean_squared_error", "mean_absolute_error")


Keep = Literal["last", "best"]
"""The weights of the last batch, or of the epoch with the best value of the monitored metric."""


class EarlyStopping(msgspec.Struct, frozen=True, kw_only=True):
    """Ends a run when the monitored metric gets no better; as Keras's callback of this name.

    Attributes:
        patience: Epochs without an improvement after which the run ends, 1 upwards.
        min_delta: What counts as an improvement is more than this, 0 upwards.
    """

    patience: int = 5
    min_delta: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether the numbers are in their ranges."""
        return self.patience >= 1 and self.min_delta >= 0


class ReduceOnPlateau(msgspec.Struct, frozen=True, kw_only=True):
    """Lowers the learning rate when the monitored metric gets no better; as Keras's `ReduceLROnPlateau`.

    Attributes:
        factor: The new learning rate is the old one times this, between 0 and 1.
        patience: Epochs without an improvement after which it is lowered, 1 upwards.
        min_learning_rate: It is never lowered below this, 0 upwards.
    """

    factor: float = 0.5
    patience: int = 3
    min_learning_rate: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether the numbers are in their ranges."""
        return self.patience >= 1 and 0 < self.factor < 1 and self.min_learning_rate >= 0


class TrainSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a run; each name is a field of the training panel and an option of the command line.

    Attributes:
        data: Path of a file or folder, `module:function` or `FILE.py:function`, or `sample:digits`.
        data_options: How the data are read and prepared.
        epochs: Number of passes over the data, 1 upwards.
        batch_size: Samples in one step, 1 upwards.
        optimizer: One of `OPTIMIZERS`.
        learning_rate: The optimizer's learning rate, above 0.
        loss: One of `LOSSES`, or `AUTOMATIC`.
        metrics: Some of `METRICS`; or `AUTOMATIC` alone.
        validation_split: Share of the data kept for validation, 0.0 up to but not 1.0; not used where the data
            bring their own validation part.
        seed: Seed of shuffling, dropout and augmentation; None draws one.
        monitor: Metric that tells the best epoch, such as `val_loss`; `AUTOMATIC` takes the loss of the validation,
            or of the training where there is no validation.
        early_stopping: None trains all epochs.
        reduce_on_plateau: None leaves the learning rate alone.
        keep: The weights that a finished run ends with.
        checkpoint_epochs: Epochs between two kept weights, beside those kept by time; 0 for none.
        stop_on_nan: Whether a loss that is no number ends the run at once.
        mixed_precision: Whether layers compute in 16 bits, where the device is faster with it.
        jit_compile: Whether the train step is compiled by XLA.
        tensorboard: Folder for a TensorBoard log; empty for none.
    """

    data: str
    data_options: DataOptions = DataOptions()
    epochs: int = 5
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 0.001
    loss: str = AUTOMATIC
    metrics: tuple[str, ...] = (AUTOMATIC,)
    validation_split: float = 0.2
    seed: int | None = None
    monitor: str = AUTOMATIC
    early_stopping: EarlyStopping | None = None
    reduce_on_plateau: ReduceOnPlateau | None = None
    keep: Keep = "last"
    checkpoint_epochs: int = 0
    stop_on_nan: bool = True
    mixed_precision: bool = False
    jit_compile: bool = False
    tensorboard: str = ""

    def problems(self) -> dict[str, str]:
        """What is wrong with the settings by themselves, by field, in words that tell what to do."""
        checks = {
            "data": (bool(self.data), "Choose a data file, or the digits sample."),
            "epochs": (self.epochs >= 1, "Use 1 epoch or more."),
            "batch_size": (self.batch_size >= 1, "Use a batch size of 1 or more."),
            "optimizer": (self.optimizer in OPTIMIZERS, f"Use one of: {', '.join(OPTIMIZERS)}."),
            "learning_rate": (0 < self.learning_rate < float("inf"), "Use a learning rate above 0, such as 0.001."),
            "loss": (self.loss in (AUTOMATIC, *LOSSES), f"Use one of: {', '.join(LOSSES)}."),
            "metrics": (
                all(metric in (AUTOMATIC, *METRICS) for metric in self.metrics),
                f"Use some of: {', '.join(METRICS)}.",
            ),
            "validation_split": (0 <= self.validation_split < 1, "Use a share from 0 to below 1, such as 0.2."),
            "split_seed": (0 <= self.data_options.split_seed < 2**32, "Use a split seed from 0 to 4294967295."),
            "seed": (self.seed is None or 0 <= self.seed < 2**32, "Use a seed from 0 to 4294967295."),
            "early_stopping": (
                self.early_stopping is None
                or (self.early_stopping.patience >= 1 and self.early_stopping.min_delta >= 0),
                "Wait for 1 epoch or more, and use a least improvement of 0 or more.",
            ),
            "reduce_on_plateau": (
                self.reduce_on_plateau is None or self.reduce_on_plateau.is_sound,
                "Wait for 1 epoch or more, and use a factor between 0 and 1.",
            ),
            "checkpoint_epochs": (self.checkpoint_epochs >= 0, "Use 0 for none, or 1 epoch or more."),
        }
        return {field: text for field, (is_right, text) in checks.items() if not is_right}


class WantedOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What data ask of a model's last layer.

    Attributes:
        task: What they are learned as.
        units: 1 upwards: classes, labels or targets; 1 for two classes.
    """

    task: Task
    units: int

    @property
    def activation(self) -> HeadActivation:
        """That goes with the task."""
        return "softmax" if self.task == "multi-class" else "linear" if self.task == "regression" else "sigmoid"


class SettingsReport(msgspec.Struct, frozen=True):
    """What the engine found when it held settings against the data and the model.

    Attributes:
        problems: What is wrong, by field of `TrainSettings`, in words that tell what to do; empty when a run can start.
        data_text: The data in one line, such as `1,797 samples of 8 × 8 × 1 · 10 classes`; empty if unreadable.
        loss: The loss a run would use; where outputs have different ones, all of them with `+` between.
        metrics: The metrics a run would use, of all outputs.
        has_validation_data: Whether the data bring their own validation part.
        losses: The loss of each output, in the order of the model's outputs.
        output_metrics: The metrics of each output.
        output_names: Keras's names of several outputs, which stand before the names of their metrics.
        data: What was found in the data; None if unreadable.
        wanted_outputs: What each target asks of a head; empty where that cannot be told.
    """

    problems: dict[str, str] = {}
    data_text: str = ""
    loss: str = ""
    metrics: tuple[str, ...] = ()
    has_validation_data: bool = False
    losses: tuple[str, ...] = ()
    output_metrics: tuple[tuple[str, ...], ...] = ()
    output_names: tuple[str, ...] = ()
    data: DataReport | None = None
    wanted_outputs: tuple[WantedOutput, ...] = ()


class Move(msgspec.Struct, frozen=True):
    """How far a weight moved in a run.

    Attributes:
        weight_id: In the ids of the tree.
        distance: Euclidean norm of the difference, 0 upwards.
        norm: Euclidean norm of the weight before.
    """

    weight_id: int
    distance: float
    norm: float


class Proof(msgspec.Struct, frozen=True):
    """What moved and what did not, bit for bit, between the start and the end of a run.

    Attributes:
        frozen_unchanged: Frozen weights whose bytes are the same as before.
        frozen_total: All frozen weights.
        still_unchanged: Weights of statistics that stand still and are the same as before.
        still_total: All weights of statistics that stand still.
        changed_layers: Paths of the layers of which at least one weight changed.
        violations: Paths of the weights that should not have changed and did; empty unless something is broken.
        moves: Of each weight that changed, statistics too.
    """

    frozen_unchanged: int
    frozen_total: int
    still_unchanged: int = 0
    still_total: int = 0
    changed_layers: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether everything that should stand still did."""
        return not self.violations
