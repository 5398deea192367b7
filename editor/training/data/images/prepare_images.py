"""From a folder of images to what a run trains on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from editor.errors import DataError
from editor.training.data.images.decoding import ImageForm, form_of, image_size, reading_images
from editor.training.data.images.listing import ClassFolder, ImageFile, ImageFolders, find_parts, list_images, listing
from editor.training.data.images.loading import LoadedImages, load_images, take_images
from editor.training.data.parts import Array, Part, Prepared
from editor.training.data.reporting import balancing_weights, more_words, target_bars
from editor.training.data.splitting import draw_validation
from editor.training.data.targets import more_outputs_note
from editor.training.data.unfit import about_part
from editor.training.data_options import Task
from editor.training.data_report import DataReport, Skipped
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings
from editor.wording import some_of

MOST_SKIPPED_TOLD = 100
_NUM_MEASURED = 200
_LARGEST_SIZE, _SIZE_STEP = 224, 32
"""The size that most models of `keras.applications` have, and what all of them can halve five times."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A part of the data: where its images are from, and what was read."""

    folder: ClassFolder
    images: LoadedImages

    @property
    def targets(self) -> Array:
        return np.array([file.class_number for file in self.images.files], np.int64)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return (*self.folder.skipped, *self.images.skipped)


def prepare_images(settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
    """Reads a folder of images with a subfolder for each class, or its subfolders `train`, `validation` and `test`.

    Args:
        settings: The folder, and how it is to be read.
        facts: The model that the images are for.
        seed: Decides what is drawn for the validation part.

    Raises:
        DataError: No classifier of images can be trained on it.
    """
    options = settings.data_options
    folders = _folders(settings)
    listed = list_images(folders.train)
    others: dict[str, ClassFolder] = {}
    for part, folder in (("val", folders.validation), ("test", folders.test)):
        with about_part(part, options):
            others |= {part: list_images(folder, listed.classes)} if folder else {}
    if facts.num_inputs > 1 or facts.num_outputs > 1:
        raise DataError(
            f"{folders.train.name} is a folder of images with one class each, but the model has {facts.num_inputs} "
            f"inputs and {facts.num_outputs} outputs.",
            hint="Use a model with one of each, or a Python function that gives all of them.",
        )
    form, form_notes = _form(facts, listed, settings)
    train = _load(listed, form)
    _check_classes(train)
    found: dict[str, _Loaded] = {}
    for part, other in others.items():
        with about_part(part, options):
            found[part] = _load(other, form)
    validation, test = found.get("val"), found.get("test")
    train_part, validation_part, sources = _split(train, validation, settings, seed)
    data = Prepared(
        train_part,
        DataReport(kind="images", text=""),
        validation=validation_part,
        test=_part(test) if test else None,
        class_weight=balancing_weights(train_part.targets[0], "multi-class") if options.balance_classes else None,
        input_names=("the images",),
        target_names=(listed.path.name,),
        has_own_validation=validation is not None,
        class_names=listed.classes,
        sources=sources,
    )
    loaded = [part for part in (train, validation, test) if part]
    notes = (*form_notes, *_notes(loaded, facts))
    report = replace(_report(data, form, loaded), task=_task(facts), notes=notes)
    return dataclasses.replace(data, report=report)


def _folders(settings: TrainSettings) -> ImageFolders:
    found = find_parts(Path(settings.data))
    options = settings.data_options
    return ImageFolders(
        found.train,
        Path(options.validation) if options.validation else found.validation,
        Path(options.test) if options.test else found.test,
    )


def _form(facts: ModelFacts, listed: ClassFolder, settings: TrainSettings) -> tuple[ImageForm, tuple[str, ...]]:
    """What images are brought to, and what is to be said about it."""
    shape = facts.input_shape(0)
    is_free = shape is None or None in shape[:2]
    size = _usual_size(listed.files) if is_free else (0, 0)
    form = form_of(shape, size, settings.data_options.fitting)
    text = f"The model takes images of any size; these are brought to {form.height} × {form.width}."
    return form, (text,) if is_free else ()


def _usual_size(files: Sequence[ImageFile]) -> tuple[int, int]:
    """The images' own size if they all have one, and a small one; else a square of about their shorter sides."""
    step = max(len(files) // _NUM_MEASURED, 1)
    with reading_images():
        sizes = [size for file in files[::step] if (size := image_size(file.path))]
    if len(set(sizes)) == 1 and max(sizes[0]) <= _LARGEST_SIZE:
        return sizes[0]
    shorter = float(np.median([min(size) for size in sizes])) if sizes else _LARGEST_SIZE
    side = int(np.clip(round(shorter / _SIZE_STEP) * _SIZE_STEP, _SIZE_STEP, _LARGEST_SIZE))
    return side, side


def _load(folder: ClassFolder, form: ImageForm) -> _Loaded:
    images = load_images(folder.files, form)
    if not images.files:
        first = images.skipped[0]
        raise DataError(
            f"None of the {len(folder.files):,} images in {folder.path.name} can be read: {first.name} {first.reason}.",
            hint="Look at the files, and copy them again.",
        )
    return _Loaded(folder, images)


def _check_classes(train: _Loaded) -> None:
    """Refuses images of which those of one class alone could be read."""
    there = np.unique(train.targets)
    if len(there) == 1:
        name = train.folder.classes[there[0]]
        first = train.images.skipped[0]
        raise DataError(
            f"Of the classes in {train.folder.path.name}, only {name} has images that can be read: {first.name} "
            f"{first.reason}.",
            hint="Look at the files of the other classes, and copy them again.",
        )


def _split(
    train: _Loaded, validation: _Loaded | None, settings: TrainSettings, seed: int
) -> tuple[Part, Part | None, tuple[str, ...]]:
    """The training and validation parts, and the file of each training sample."""
    sources = [f"{file.path.parent.name}/{file.path.name}" for file in train.images.files]
    whole = _part(train)
    if validation is not None:
        return whole, _part(validation), tuple(sources)
    if settings.validation_split == 0:
        return whole, None, tuple(sources)
    targets = whole.targets[0]
    classes = targets if settings.data_options.is_stratified else None
    kept, drawn = draw_validation(len(targets), settings.validation_split, seed, classes)
    parts = [Part((take_images(whole.inputs[0], rows),), (targets[rows],)) for rows in (kept, drawn)]
    return parts[0], parts[1], tuple(sources[row] for row in kept)


def _part(loaded: _Loaded) -> Part:
    return Part((loaded.images.pixels,), (loaded.targets,))


# -- what is told ---------------------------------------------------------------------------------------------


def _task(facts: ModelFacts) -> Task:
    shape = facts.output_shape(0)
    return "binary" if shape and shape[-1] == 1 else "multi-class"


def _report(data: Prepared, form: ImageForm, loaded: Sequence[_Loaded]) -> DataReport:
    skipped = [each for part in loaded for each in part.skipped]
    numbers = [part.num_samples if part else 0 for part in (data.train, data.validation, data.test)]
    num_more = numbers[1] if data.has_own_validation else 0
    num_own = numbers[0] + numbers[1] - num_more
    more = "".join(f" · {words}" for words in more_words(num_more, numbers[2]))
    sizes = " × ".join(str(size) for size in form.shape)
    held = data.validation.targets[0] if data.validation else None
    left_out = f" · {len(skipped):,} left out" if skipped else ""
    return DataReport(
        kind="images",
        text=f"{num_own:,} images of {sizes} · {len(data.class_names):,} classes{more}{left_out}",
        num_train=numbers[0],
        num_validation=numbers[1],
        num_test=numbers[2],
        bars=(target_bars(data.train.targets[0], held, data.class_names),),
        skipped=tuple(skipped[:MOST_SKIPPED_TOLD]),
        num_skipped=len(skipped),
    )


def _notes(loaded: Sequence[_Loaded], facts: ModelFacts) -> tuple[str, ...]:
    classes, notes = loaded[0].folder.classes, []
    for part in loaded:
        there = {file.class_number for file in part.images.files}
        absent = [name for number, name in enumerate(classes) if number not in there]
        if absent:
            notes.append(f"{part.folder.path.name} has no images of {listing(absent)}.")
    shape = facts.output_shape(0)
    num_outputs = shape[-1] if shape else None
    if num_outputs is not None and len(classes) < num_outputs:
        notes.append(more_outputs_note(num_outputs, len(classes)))
    if all(name.isdecimal() for name in classes) and sorted(classes, key=int) != list(classes):
        notes.append(
            f"The classes are numbered by their folders' names as text: {some_of(classes, 4)}. Name the folders 01, "
            "02, … if the model's outputs are in the order of the numbers."
        )
    return tuple(notes)
