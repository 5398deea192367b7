"""What the commands do; each raises `EditorError` for what a person can mend."""

from __future__ import annotations

import argparse
import contextlib
import sys
from functools import partial
from pathlib import Path

import msgspec

from editor.data_arguments import data_options
from editor.errors import EditorError, FileError, LoadError, ModelError, PatchError, Problem, UsageError
from editor.files.atomic import write_atomically
from editor.files.facts import FileFacts
from editor.files.keras_archive import usable_freeze_map
from editor.files.options import OpenOptions
from editor.files.saved_model.place import unchanged
from editor.freeze_words import read_map, saved_lines
from editor.head_options import check_head_options
from editor.inspection import inspection, inspection_text
from editor.keras_model.compile_settings import restore_from_file
from editor.keras_model.flags import rebased
from editor.keras_model.gradients import unreached_weights
from editor.keras_model.opening import open_model
from editor.keras_model.saving import check_target, save_model
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.findings.finding import Finding, KnownFacts
from editor.layers.findings.problems import find_problems, map_findings
from editor.layers.mapping import MapReport
from editor.layers.patch_plan import PatchResult, patch_plan
from editor.layers.plain_keras import forgotten_by_plain_keras
from editor.layers.selection import plan_patterns
from editor.layers.tree import LayerTree
from editor.new_head import put_new_head
from editor.processes.reader_client import ReaderClient
from editor.run_options import with_run_options
from editor.run_printing import RunPrinter, stopped_by_interrupt
from editor.training.control import RunControl
from editor.training.report import run_report
from editor.training.run import RunResult, failure_of, run_training
from editor.training.settings import TrainSettings


class _Opened:
    """A model file, looked at by a reader and loaded, with the flags of its freeze map."""

    def __init__(self, path: Path, options: argparse.Namespace) -> None:
        with unchanged(path) as self.found:
            self._open(path, _given(options), allow_lambdas=options.allow_lambdas)

    def _open(self, path: Path, given: OpenOptions, *, allow_lambdas: bool) -> None:
        with ReaderClient(start=False) as reader:
            preview = reader.preview_now(path, options=given)
        self.facts = preview.facts
        if given.architecture:
            _check_architecture(self.facts, Path(given.architecture))
        if preview.obstacle:
            raise ModelError(preview.obstacle)
        if allow_lambdas:
            digests = tuple(need.digest for need in preview.needs if need.kind == "lambda")
            given = msgspec.structs.replace(given, allowed_lambdas=digests)
        # Standard output is for the command's own words, also when the custom code prints.
        with contextlib.redirect_stdout(sys.stderr):
            loaded = open_model(path, given)
        self.given = given
        self.custom_objects = loaded.custom_objects
        self.notes = (*(f"Repaired: {repair.line}" for repair in loaded.repairs), *loaded.notes, *loaded.remarks)
        self.index: ModelIndex = walk_model(loaded.model)
        self._path = path
        self.tree = LayerTree(self.index.root)
        self.map_report = MapReport()
        freeze_map, remarks = usable_freeze_map(path)
        self.notes = (*self.notes, *remarks)
        if freeze_map:
            change, self.map_report = self.tree.plan_map(rebased(self.tree, freeze_map))
            self.tree.apply(change)

    def compile(self) -> None:
        """Gives the model the compile settings and the optimizer in its file; prints what could not be restored."""
        with contextlib.redirect_stdout(sys.stderr):
            notes = restore_from_file(self.index, self._path, self.custom_objects)
        _say(notes)


def _given(options: argparse.Namespace) -> OpenOptions:
    architecture = str(options.architecture.absolute()) if options.architecture else None
    code = OpenOptions.of_code(options.custom_code)
    return msgspec.structs.replace(code, module=options.module, architecture=architecture)


def _check_architecture(facts: FileFacts, architecture: Path) -> None:
    """A reader looks at the file before Keras builds anything from it."""
    if facts.has_model_config:
        raise UsageError(
            f"{Path(facts.path).name} has an architecture of its own.",
            hint="Leave out --architecture, which is for files of weights alone.",
        )
    with ReaderClient(start=False) as reader:
        found = reader.probe_now(architecture)
    if not found.has_model_config:
        raise FileError(f"{architecture.name} has no architecture in it.", hint="Give a .json or a model file.")


def _check_other_file(opened: _Opened, target: Path) -> None:
    """A whole model does not take the place of the weights that it was made from."""
    if not opened.facts.has_model_config and target.resolve() == Path(opened.facts.path).resolve():
        raise FileError(
            f"{target.name} holds weights only, and a whole model would take their place.",
            hint="Save under another name.",
        )


def inspect(options: argparse.Namespace) -> None:
    """Prints the layers of a model and what is frozen."""
    opened = _Opened(options.model, options)
    found = inspection(opened.tree, opened.facts, _findings(opened), notes=opened.notes)
    print(msgspec.json.format(msgspec.json.encode(found)).decode() if options.json else inspection_text(found))


def _findings(opened: _Opened) -> tuple[Finding, ...]:
    with contextlib.redirect_stdout(sys.stderr):
        unreached = unreached_weights(opened.index)
    facts = KnownFacts(
        unreached=None if unreached is None else frozenset(unreached),
        forgotten=forgotten_by_plain_keras(opened.tree),
    )
    return (*map_findings(opened.map_report), *find_problems(opened.tree, facts))


def freeze(options: argparse.Namespace) -> None:
    """Applies a map and patterns and saves the model.

    Raises:
        LoadError: The model cannot be built, but its file may be changed without.
    """
    is_in_place = not options.architecture and _is_same_format(options.model, options.output)
    if not is_in_place:
        check_target(options.output)
    try:
        opened = _Opened(options.model, options)
    except ModelError as error:
        has_code = options.custom_code or options.module or options.allow_lambdas
        if is_in_place and not has_code:  # What was given and is of no use is wrong.
            raise LoadError.from_problem(error.problem) from error
        raise
    _say(opened.notes)
    _check_other_file(opened, options.output)
    _say_unfit(opened.map_report.lines)
    if options.map:
        change, report = opened.tree.plan_map(read_map(options.map))
        opened.tree.apply(change)
        _say_unfit(report.lines)
    opened.tree.apply(plan_patterns(opened.tree, options.steps))
    can_patch = opened.facts.has_model_config and _is_same_format(options.model, options.output)
    if not can_patch or not _patch(opened, options.output):
        opened.compile()
        _save(opened, options.output)


def train(options: argparse.Namespace) -> None:
    """Applies patterns, trains and saves the model."""
    check_target(options.output)
    _check_report(options.report)
    check_head_options(options)
    settings = _settings(options)
    opened = _Opened(options.model, options)
    _say(opened.notes)
    _check_other_file(opened, options.output)
    _say_unfit(opened.map_report.lines)
    head = None
    if options.replace_head is None:
        opened.compile()
    else:
        head = put_new_head(opened.index, opened.tree, settings, options, opened.custom_objects)
        opened.index, opened.tree = head.index, head.tree
        _say((head.line, *head.notes))
    opened.tree.apply(plan_patterns(opened.tree, options.steps))
    result = _run(opened, settings, options.output)
    if result.proof is None:
        raise ModelError.from_problem(result.problem or Problem("The run was cancelled."))
    has_diverged = any(mark.kind == "nan" for mark in result.marks)
    if (result.is_stopped or result.reason) and not has_diverged:
        print(result.reason or f"Stopped after {len(result.epochs)} whole epochs; the {result.kept} weights are saved.")
    if result.test_metrics:
        print("Test: " + ", ".join(f"{name} {value:.4f}" for name, value in result.test_metrics.items()))
    print(f"{result.proof.frozen_unchanged} of {result.proof.frozen_total} frozen weights unchanged")
    _save(opened, options.output)
    if options.report:
        with write_atomically(options.report) as path:
            told = {**run_report(result, opened.tree), "head": head.report if head else None}
            path.write_bytes(msgspec.json.format(msgspec.json.encode(told)))
    if has_diverged:
        raise ModelError(result.reason)


def _run(opened: _Opened, settings: TrainSettings, target: Path) -> RunResult:
    control = RunControl()
    printer = RunPrinter(
        partial(print, flush=True), lambda epoch: _save_epoch(opened, target, epoch), every=settings.checkpoint_epochs
    )
    try:
        with stopped_by_interrupt(control, settings.keep):
            return run_training(opened.index, settings, opened.tree.freeze_map(), watcher=printer, control=control)
    except EditorError:
        raise
    # Keras and TensorFlow raise whatever they met, a custom layer what it likes.
    except Exception as error:
        raise failure_of(error) from error


def _save_epoch(opened: _Opened, target: Path, epoch: int) -> None:
    _save(opened, target.with_name(f"{target.stem}-epoch-{epoch}{target.suffix}"))


def _check_report(report: Path | None) -> None:
    if report and not report.parent.is_dir():
        raise FileError(f"There is no folder {str(report.parent)!r}.", hint="Make it, or choose another.")
    if report and report.is_dir():
        raise FileError(f"{str(report)!r} is a folder.", hint="Give the report a file name, such as report.json.")


def _settings(options: argparse.Namespace) -> TrainSettings:
    settings = TrainSettings(
        data=options.data,
        data_options=data_options(options),
        epochs=options.epochs,
        batch_size=options.batch_size,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        loss=options.loss,
        metrics=tuple(name for name in options.metrics.split(",") if name),
        validation_split=options.validation_split,
        seed=options.seed,
    )
    settings = with_run_options(settings, options)
    for field, problem in settings.problems().items():
        raise UsageError(f"--{field.replace('_', '-')} {getattr(options, field, '')}: {problem}")
    return settings


def _is_same_format(source: Path, target: Path) -> bool:
    # A SavedModel is a folder, whatever its name ends in.
    return source.is_file() and (source.suffix == target.suffix or {source.suffix, target.suffix} == {".h5", ".hdf5"})


def _patch(opened: _Opened, target: Path) -> bool:
    """Writes the flags alone; False where Keras has to write the model anew."""
    plan = patch_plan(
        opened.tree,
        Path(opened.facts.path),
        target,
        num_bytes=opened.found.size,
        mtime_ns=opened.found.mtime_ns,
        is_as_read=True,
    )
    try:
        with ReaderClient(start=False) as reader:
            result = reader.patch_now(plan)
    except PatchError:
        return False
    print(saved_lines(opened.tree, target, result))
    return True


def _save(opened: _Opened, target: Path) -> None:
    verified = save_model(
        opened.index,
        opened.tree.freeze_map(),
        target,
        custom_objects=opened.custom_objects,
        options=opened.given,
    )
    result = PatchResult(forgotten=verified.forgotten, notes=verified.notes)
    print(saved_lines(opened.tree, target, result))


def _say(notes: tuple[str, ...]) -> None:
    for note in notes:
        print(note)


def _say_unfit(unfit: tuple[str, ...]) -> None:
    if unfit:
        entries = "1 entry of the freeze map does" if len(unfit) == 1 else f"{len(unfit)} entries of the freeze map do"
        print(f"{entries} not fit the model, and nothing was changed there: {'; '.join(unfit)}")
