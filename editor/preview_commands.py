"""Commands on a model file that run nothing of it and import neither Keras nor TensorFlow."""

from __future__ import annotations

import argparse

import msgspec

from editor.files.facts import CodeNeed, Preview
from editor.files.options import OpenOptions
from editor.inspection import inspection, inspection_text
from editor.layers.findings.finding import Finding, KnownFacts
from editor.layers.findings.problems import find_problems, map_findings
from editor.layers.mapping import MapReport
from editor.layers.plain_keras import forgotten_by_plain_keras
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
    findings = (*_needs(preview), *map_findings(report), *find_problems(tree, _known(tree)))
    notes = (*preview.notes, preview.obstacle) if preview.obstacle else preview.notes
    found = inspection(tree, preview.facts, findings, source="preview", notes=notes)
    print(msgspec.json.format(msgspec.json.encode(found)).decode() if options.json else inspection_text(found))


def _known(tree: LayerTree) -> KnownFacts:
    return KnownFacts(forgotten=forgotten_by_plain_keras(tree))


def _needs(preview: Preview) -> tuple[Finding, ...]:
    return tuple(map(_need, preview.needs))


def _need(need: CodeNeed) -> Finding:
    what = "a Lambda whose code is in the file" if need.kind == "lambda" else f"the {need.kind} {need.name}"
    origin = f" of {need.module}" if need.module else ""
    return Finding(
        "warning",
        _CODES[need.kind],
        need.paths[0] if need.paths else "",
        f"Needs {what}{origin}",
        "Keras does not have it. The model can be looked at and frozen without; loading it takes code that you trust.",
        paths=need.paths,
    )
