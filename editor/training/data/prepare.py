"""From settings to samples: what kind of data a path names, and who reads that kind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from msgspec.structs import replace

from editor.errors import DataError
from editor.training.data.array_files import is_array_folder
from editor.training.data.arrays import from_arrays, prepare_arrays
from editor.training.data.file_kinds import kind_of
from editor.training.data.images.prepare_images import prepare_images
from editor.training.data.noting import noted
from editor.training.data.parts import Prepared
from editor.training.data.preprocessing import with_preprocessing
from editor.training.data.samples import read_sample
from editor.training.data.table.prepare_table import prepare_table
from editor.training.data.unfit import UnfitDataError
from editor.training.function_code import function_name
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings
from editor.training.words import SAMPLE_PREFIX


def prepare(settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
    """Reads the data of a run and brings them to what the model takes.

    Args:
        settings: The data, and how they are to be read.
        facts: The model that they are for.
        seed: Decides what is drawn for the validation part.

    Raises:
        DataError: The data cannot be read, or nothing that the model takes can be made of them.
    """
    return finish(read(settings, facts, seed), settings, facts)


def finish(data: Prepared, settings: TrainSettings, facts: ModelFacts) -> Prepared:
    """Data that were read, with what is done to them batch by batch.

    Raises:
        DataError: It does not go with them.
    """
    report = replace(data.report, target_names=data.target_names)
    data = dataclasses.replace(data, report=report)
    try:
        return with_preprocessing(noted(data, settings), settings.data_options, facts)
    except DataError as error:
        raise UnfitDataError(error, data.report) from error


def read(settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
    """Reads the data of a run; the arguments are those of `prepare`.

    Raises:
        DataError: The data cannot be read, or do not go with the model.
    """
    if settings.data.startswith(SAMPLE_PREFIX):
        return from_arrays(read_sample(settings.data), settings, facts, seed)
    if function_name(settings.data):
        # Keras is imported for this alone.
        from editor.training.function_data import prepare_function

        return prepare_function(settings, facts)
    path = Path(settings.data)
    if path.is_dir():
        return (prepare_arrays if is_array_folder(path) else prepare_images)(settings, facts, seed)
    if kind_of(path) == "table":
        return prepare_table(settings, facts, seed)
    return prepare_arrays(settings, facts, seed)
