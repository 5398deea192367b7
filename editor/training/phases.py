"""The phases of a run: each is one `fit` with flags of its own (facts F10 to F12, F25)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import msgspec

from editor.keras_model.flags import apply_tree
from editor.layers.freeze_map import FreezeMap
from editor.layers.tree import LayerTree
from editor.training.compiling import compile_model
from editor.training.data import Part
from editor.training.follower import Follower, LeftError, Progress, floats
from editor.training.marks import MarkKind
from editor.training.pipeline import ordered_batches, training_batches
from editor.training.proof import Prover
from editor.training.running import Running, sample_of
from editor.training.watching import Metrics


@dataclass(frozen=True)
class Phase:
    """A stretch of a run with one freeze map.

    Attributes:
        first_epoch: 0 upwards.
        num_epochs: Whole epochs of it.
        learning_rate: It began with.
        trainable: Parameters that trained.
        frozen: Parameters that could train and did not.
    """

    first_epoch: int
    num_epochs: int
    learning_rate: float
    trainable: int
    frozen: int
    freeze_map: FreezeMap


class PhaseRunner:
    """Trains a compiled model, phase by phase."""

    def __init__(self, running: Running, progress: Progress) -> None:
        self.progress = progress
        self.phases: list[Phase] = []
        self._running = running
        self._follower = Follower(running, progress)

    @property
    def is_at_best(self) -> bool:
        """Whether the model has the weights of its best epoch."""
        best, last = self.progress.best.best, len(self.progress.epochs) - 1
        return best is not None and best.epoch == last and not self._follower.is_broken_off

    def mark(self, kind: MarkKind, text: str) -> None:
        """Tells of something that belongs on the curves."""
        self._follower.mark(kind, text)

    def train(self, tree: LayerTree, prover: Prover) -> LayerTree:
        """Trains until the last epoch, or until the run is to end; returns the flags of the last phase.

        Args:
            tree: The flags of the first phase, which the model has.
            prover: Told of the end of each phase.
        """
        while self._running.control.ending is None:
            learning_rate = self._follower.learning_rate
            first_epoch = len(self.progress.epochs)
            self._fit(first_epoch)
            self._end_phase(tree, first_epoch, learning_rate)
            following = self.progress.next_tree
            prover.end_phase(tree, is_last=following is None)
            if following is None or not self._goes_on:
                break
            tree = following
            self._begin_phase(tree)
        if not self.phases:
            prover.end_phase(tree)
        self._follower.refuse_changes()
        if self.progress.log:
            self.progress.log.close()
        return tree

    @property
    def _goes_on(self) -> bool:
        progress = self.progress
        has_ended = progress.reason or progress.not_finite is not None or self._running.control.ending is not None
        return not has_ended and len(progress.epochs) < self._running.plan.settings.epochs

    def _fit(self, first_epoch: int) -> None:
        running, recipe = self._running, self._running.recipe
        model, data, plan = running.index.model, running.data, running.plan
        try:
            model.fit(
                training_batches(data.train, recipe, epoch=first_epoch),
                epochs=plan.settings.epochs,
                initial_epoch=first_epoch,
                steps_per_epoch=plan.num_batches,
                shuffle=False,
                validation_data=ordered_batches(data.validation, recipe) if data.validation else None,
                callbacks=[self._follower],
                verbose=0,
            )
        except LeftError:
            pass
        finally:
            # Keras keeps the validation data of a fit that was left by an error, and the next fit would use them.
            model._eval_epoch_iterator = None

    def _end_phase(self, tree: LayerTree, first_epoch: int, learning_rate: float) -> None:
        account = tree.account(tree.root)
        self.phases.append(
            Phase(
                first_epoch,
                len(self.progress.epochs) - first_epoch,
                learning_rate,
                account.trainable.parameters,
                account.frozen.parameters,
                tree.freeze_map(),
            )
        )

    def _begin_phase(self, tree: LayerTree) -> None:
        """New flags, a new optimizer with the slots and the learning rate of the old one."""
        running = self._running
        settings = msgspec.structs.replace(running.plan.settings, learning_rate=self._follower.learning_rate)
        self.progress.next_tree = None
        apply_tree(running.index, tree)
        compile_model(running.index, settings, running.plan.report, sample_of(running))
        self._follower.begin_phase(len(self.progress.epochs), tree)

    def evaluate(self, part: Part) -> Metrics:
        """The metrics of a part with the weights as they are; empty if the run was asked to end meanwhile."""
        hearing = _Hearing(self._running)
        try:
            return floats(
                self._running.index.model.evaluate(
                    ordered_batches(part, self._running.recipe), return_dict=True, verbose=0, callbacks=[hearing]
                )
            )
        except LeftError:
            return {}


class _Hearing(keras.callbacks.Callback):  # type: ignore[misc]
    """Does jobs while a model is evaluated, and leaves when the run is asked, once more, to end."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self._running = running
        self._num_asked = running.control.num_ending_requests

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        control = self._running.control
        if control.has_jobs:
            with self._running.precision.lifted():
                control.do_jobs()
        if control.num_ending_requests > self._num_asked:
            raise LeftError
