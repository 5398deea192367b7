"""Commands on a model file that run nothing of it and import neither Keras nor TensorFlow."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from editor.errors import LoadError, PatchError
from editor.files.code_needs import needed_to_load
from editor.files.facts import CodeNeed, Preview
from editor.files.options import OpenOptions
from editor.freeze_words import read_map, saved_lines
from editor.inspection import inspection, inspection_text
from editor.layers.findings.finding import Finding, KnownFacts
from editor.layers.findings.problems import find_problems, map_findings
from editor.layers.mapping import MapReport
from editor.layers.patch_plan import patch_plan
from editor.layers.plain_keras import forgotten_by_plain_keras
from editor.layers.selection import plan_patterns
from editor.layers.tree import LayerTree
from editor.processes.reader_client import ReaderClient

_CODES = {"class": "custom-class", "function": "custom-function", "lambda": "lambda"}


def inspect(options: argparse.Namespace) -> None:
    """Prints what a model's file alone tells of its layers and of what is frozen."""
    architecture = str(options.architecture.absolute()) if options.architecture else None
    with ReaderClient(start=False) as reader:
        preview = reader.preview_now(options.model, options=OpenOptions(architecture=architecture))
    tree = LayerTree(preview.root)
    report = MapReport()
    if preview.freeze_map:
        change, report = tree.plan_map(preview.freeze_map)
        tree.apply(change)
    # A file without an architecture is nothing that plain Keras loads as a model.
    known = KnownFacts(forgotten=forgotten_by_plain_keras(tree) if preview.facts.has_model_config else ())
    findings = (*_needs(preview), *map_findings(report, is_preview=True), *find_problems(tree, known))
    notes = (*preview.notes, preview.obstacle) if preview.obstacle else preview.notes
    found = inspection(tree, preview.facts, findings, source="preview", notes=notes)
    print(msgspec.json.format(msgspec.json.encode(found)).decode() if options.json else inspection_text(found))


def freeze(options: argparse.Namespace, reason: LoadError) -> None:
    """Changes the flags in a file whose model cannot be built here, and says so.

    Raises:
        LoadError: The file has no flags.
        PatchError: Only Keras could change them.
        SelectionError: A pattern selects nothing.
    """
    model: Path = options.model
    found = model.stat()
    with ReaderClient(start=False) as reader:
        preview = reader.preview_now(model)
        if not preview.facts.has_model_config:
            raise reason
        print(f"{model.name} is not loaded: {reason.summary} Its flags alone are changed, by what the file tells.")
        tree = LayerTree(preview.root)
        for freeze_map in (preview.freeze_map, read_map(options.map) if options.map else None):
            if freeze_map:
                change, report = tree.plan_map(freeze_map)
                tree.apply(change)
                for line in report.lines:
                    print(f"Not found in the preview, and left out: {line}")
        tree.apply(plan_patterns(tree, options.steps))
        plan = patch_plan(
            tree, model, options.output, num_bytes=found.st_size, mtime_ns=found.st_mtime_ns, is_as_read=True
        )
        try:
            result = reader.patch_now(plan)
        except PatchError as error:
            raise PatchError(error.summary, hint=reason.hint, details=error.details) from error
    print(saved_lines(tree, options.output, result))


def _needs(preview: Preview) -> tuple[Finding, ...]:
    to_load = needed_to_load(preview.needs)
    return tuple(_need(need, is_to_load=need in to_load) for need in preview.needs)


def _need(need: CodeNeed, *, is_to_load: bool) -> Finding:
    what = "a Lambda whose code is in the file" if need.kind == "lambda" else f"the {need.kind} {need.name}"
    origin = f" of {need.module}" if need.module else ""
    return Finding(
        "warning" if is_to_load else "note",
        _CODES[need.kind],
        need.paths[0] if need.paths else "",
        f"Needs {what}{origin}",
        "Keras does not have it. The model can be looked at and frozen without; loading it takes code that you trust."
        if is_to_load
        else "Keras does not have it. The model was compiled with it, and loads without.",
        paths=need.paths,
    )
