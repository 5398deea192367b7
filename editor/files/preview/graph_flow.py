"""Joins the layers of a graph: who takes from whom, with which shapes and with which `training`."""

from __future__ import annotations

import itertools

from editor.files.preview.drafts import Draft
from editor.files.preview.graph_order import Call, Config, GraphOrder, Source, shape_of
from editor.files.preview.keras_layers import default_training
from editor.files.preview.output_counts import num_outputs
from editor.layers.records import Shape


def join_graph(draft: Draft, inner: dict[str, Draft], graph: GraphOrder) -> None:
    """Who takes from whom, and the shapes that calls tell."""
    calls = graph.calls_of
    producers: dict[str, list[Draft]] = {}
    for name, at in graph.calls:
        sources = [source.layer for source in calls[name][at].sources]
        found = [each for source in sources for each in ([inner[source]] if source in inner else producers[source])]
        taken = [*(inner[name].takes_from if name in inner else ()), *found]
        distinct = list({id(each): each for each in taken}.values())
        if name in inner:
            inner[name].takes_from = distinct
        else:
            # A bare operation hands on what it takes.
            producers[name] = distinct
    for name, each in inner.items():
        _set_call(each, calls[name])
        each.sources = _joined(calls[name][0].inputs, inner)
    draft.outputs = _joined(graph.outputs, inner)
    draft.num_outputs = len(graph.outputs)
    _set_outputs(inner, calls)
    inputs = [inner[source.layer] for source in graph.inputs if source.layer in inner]
    draft.input_shapes = draft.input_shapes or tuple(shape for each in inputs for shape in each.input_shapes)


def _joined(sources: list[Source], inner: dict[str, Draft]) -> list[tuple[Draft, int]]:
    found = [(inner[source.layer], source.output) for source in sources if source.layer in inner]
    # A later call of a layer may give another shape.
    is_whole = len(found) == len(sources) and all(not source.call or inner[source.layer].is_graph for source in sources)
    return found if is_whole else []


def _set_call(draft: Draft, calls: list[Call]) -> None:
    shapes = [source.shape for source in calls[0].inputs]
    if shapes and None not in shapes:
        draft.input_shapes = tuple(shape for shape in shapes if shape is not None)
    if draft.is_keras:  # what the default is in another class only its code knows
        draft.num_outputs = draft.num_outputs if draft.is_graph else _num_outputs(draft, calls[0])
        default = default_training(draft.class_name)
        told = [call.training for call in calls if call.training is not None and call.training is not default]
        draft.fixed_training = told[-1] if told else None


def _num_outputs(draft: Draft, call: Call) -> int | None:
    if draft.class_name == "TimeDistributed" and draft.made:
        return draft.made[0].num_outputs
    return num_outputs(draft.class_name, draft.settings, len(call.inputs), gives_scores=call.gives_scores)


def _set_outputs(inner: dict[str, Draft], calls: dict[str, list[Call]]) -> None:
    """What the consumers of a first call tell of its outputs, if all of them are told."""
    told: dict[str, dict[int, Shape]] = {}
    for called in calls.values():
        for call in called:
            for source in call.sources:
                if source.shape is not None and source.call == 0:
                    told.setdefault(source.layer, {})[source.output] = source.shape
    for name, draft in inner.items():
        outputs = told.get(name, {})
        if sorted(outputs) == list(range(draft.num_outputs or 0)):
            draft.output_shapes = tuple(outputs[at] for at in sorted(outputs))
        if draft.class_name == "InputLayer":
            draft.output_shapes = draft.input_shapes


def join_chain(draft: Draft, inner: dict[str, Draft], settings: Config) -> None:
    """The same for a Sequential, in which each layer takes what the one before it gives."""
    layers = list(inner.values())
    shown = [each for each in layers if each.class_name != "InputLayer"]
    for each in shown:
        if each.is_keras and not each.is_graph:
            each.num_outputs = _num_outputs(each, Call())
    for before, after in itertools.pairwise(shown):
        after.takes_from = [before]
        after.sources = [(before, 0)]
        if len(after.input_shapes) == 1:
            before.output_shapes = after.input_shapes
    if not draft.input_shapes and layers:
        first = shape_of(settings.get("build_input_shape")) or shape_of(layers[0].settings.get("batch_input_shape"))
        draft.input_shapes = layers[0].input_shapes or ((first,) if first else ())
    draft.outputs = [(shown[-1], 0)] if shown else []
    draft.num_outputs = shown[-1].num_outputs if shown else None
    if shown and not shown[0].input_shapes:
        shown[0].input_shapes = draft.input_shapes
