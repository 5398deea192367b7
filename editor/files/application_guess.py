"""Guesses from the shapes of stored weights alone which of `keras.applications` they are of.

An application fits if all weights of its base are among the stored ones, each as often as it has them; names do not
count, as automatic ones differ from process to process. The number of input channels is read off the weights that
the input goes into, the number of classes off the classifier. What is left over, such as another classifier, ranks
a fit lower: all weights of ResNet50 are in a ResNet101 too. Made by `python -m resources.make_applications`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from math import isqrt

import msgspec

from editor.files.applications import IMAGENET_CHANNELS, ApplicationFacts, facts_of
from editor.files.options import Application
from editor.layers.records import LayerRecord, WeightRecord
from editor.wording import counted
from resources import resource_path

DATA_FILE = "application_shapes.json"

_SIZE = re.compile(r"(?:(?<=[_\-. x])|^)(\d{2,4})(?=px|[_\-. x]|$)")
_SIZE_STEP = 32
"""All sizes that people name are multiples of it; years, epochs and versions are not, as a rule."""

_CHANNELS, _CLASSES, _FEATURES = "c", "n", "f"
_Pattern = tuple[int | str, ...]


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """An application whose weights are all there.

    Attributes:
        application: With its input's channels, with or without its top and classes. Its input's size is told where
            the weights depend on it; else it is the application's own.
        num_extra: Number of stored weights that it has no place for.
        is_size_by_name: Whether the input's size is what the name of the file or model says.
    """

    application: Application
    num_extra: int = 0
    is_size_by_name: bool = False

    def __str__(self) -> str:
        """As a sentence, such as "The shapes fit MobileNetV2 without its top."."""
        application = self.application
        facts = facts_of(application)
        assert facts
        channels = facts.input_shape(application)[2]
        input_text = "" if channels == IMAGENET_CHANNELS else f" for {counted(channels, 'input channel')}"
        top = f"with {counted(application.num_classes, 'class', 'classes')}"
        text = f"The shapes fit {facts.title}{input_text} {top if application.include_top else 'without its top'}"
        if self.is_size_by_name:
            text += f"; {facts.input_shape(application)[0]} px by its name"
        if self.num_extra:
            return f"{text}; {counted(self.num_extra, 'more weight')} {_are(self.num_extra)} not part of it."
        return f"{text}."


def guess_application(root: LayerRecord, names: Iterable[str] = ()) -> tuple[Guess, ...]:
    """The applications that the weights below `root` fit, the best one first; empty if there is none.

    Args:
        root: The weights.
        names: Of the file and the model, the first one counts most. Most weights do not depend on the input's size, and
            Keras has it in some names.
    """
    guesses = guess_from_shapes(weight.shape for weight in _weights(root) if _counts(weight))
    return tuple(_with_size_of(guess, tuple(names)) for guess in guesses)


def guess_from_shapes(shapes: Iterable[tuple[int, ...]]) -> tuple[Guess, ...]:
    """The same from shapes alone; those of single numbers are left out, as a count of batches is not always stored."""
    stored = Counter(shape for shape in shapes if shape)
    guesses = [guess for entry in _entries() if (guess := _fit(entry, stored))]
    return tuple(sorted(guesses, key=lambda guess: guess.num_extra))


def _with_size_of(guess: Guess, names: tuple[str, ...]) -> Guess:
    """With the input's size in a name, unless the shapes tell it; a name with none or several of them tells nothing."""
    application = guess.application
    facts = facts_of(application)
    assert facts
    is_told = facts.hidden and application.include_top
    size = next((size for name in names if (size := _size_in(name, facts.least_size))), facts.size)
    if is_told or size == facts.size:
        return guess
    channels = facts.input_shape(application)[2]
    sized = msgspec.structs.replace(application, input_shape=(size, size, channels))
    return msgspec.structs.replace(guess, application=sized, is_size_by_name=True)


def _size_in(name: str, least: int) -> int:
    sizes = {size for size in map(int, _SIZE.findall(name)) if size >= least and size % _SIZE_STEP == 0}
    return sizes.pop() if len(sizes) == 1 else 0


class _Entry(msgspec.Struct, frozen=True):
    """The shapes of one application, each with how often it occurs; `c`, `n` and `f` stand for what may differ."""

    name: str
    alpha: float
    base: dict[str, int]
    top: dict[str, int]


class _Data(msgspec.Struct, frozen=True):
    keras_version: str
    applications: tuple[_Entry, ...]


@cache
def _entries() -> tuple[_Entry, ...]:
    return msgspec.json.decode(resource_path(DATA_FILE).read_bytes(), type=_Data).applications


def _fit(entry: _Entry, stored: Counter[tuple[int, ...]]) -> Guess | None:
    application = Application(name=entry.name, alpha=entry.alpha, include_top=False)
    facts = facts_of(application)
    found = _take(entry.base, stored)
    if not found or not facts:
        return None
    numbers, left = found
    shape = (facts.size, facts.size, numbers[_CHANNELS])
    is_usual = shape[2] == IMAGENET_CHANNELS
    bare = msgspec.structs.replace(application, input_shape=None if is_usual else shape)
    top = _take(entry.top, left)
    # A classifier of its own leaves something over as a rule, or is just like the application's.
    if top and not top[1] and (whole := _with_top(bare, facts, shape, top[0])):
        return Guess(application=whole)
    return Guess(application=bare, num_extra=left.total())


def _with_top(
    bare: Application, facts: ApplicationFacts, shape: tuple[int, int, int], numbers: dict[str, int]
) -> Application | None:
    """The application with the top that was found; None if no square image has so many features."""
    whole = msgspec.structs.replace(bare, include_top=True, num_classes=numbers[_CLASSES])
    if not facts.hidden:
        return whole
    num_places, rest = divmod(numbers[_FEATURES], facts.hidden.channels)
    side = isqrt(num_places)
    if rest or side * side != num_places:
        return None
    size = side * facts.hidden.stride
    return whole if size == facts.size else msgspec.structs.replace(whole, input_shape=(size, size, shape[2]))


def _take(
    wanted: dict[str, int], stored: Counter[tuple[int, ...]]
) -> tuple[dict[str, int], Counter[tuple[int, ...]]] | None:
    """The numbers that the marks stand for, and what is left of `stored`; None if not all is there."""
    patterns = {_parse(text): number for text, number in wanted.items()}
    fixed = Counter({_fill(pattern, {}): number for pattern, number in patterns.items() if not _marks(pattern)})
    if not fixed <= stored:
        return None
    left = stored - fixed
    numbers: dict[str, int] = {}
    for mark in sorted({mark for pattern in patterns for mark in _marks(pattern)}):
        marked = {pattern: number for pattern, number in patterns.items() if mark in pattern}
        for value in _candidates(mark, marked, left):
            filled = Counter({_fill(pattern, {mark: value}): number for pattern, number in marked.items()})
            if filled <= left:
                numbers[mark] = value
                left -= filled
                break
        else:
            return None
    return numbers, left


def _candidates(mark: str, marked: dict[_Pattern, int], left: Counter[tuple[int, ...]]) -> list[int]:
    """The numbers that a mark could stand for: those in the longest pattern with it."""
    pattern = max(marked, key=len)
    place = pattern.index(mark)
    found = {shape[place] for shape in left if len(shape) == len(pattern) and _agrees(pattern, shape)}
    return sorted(found, key=lambda value: (value != IMAGENET_CHANNELS, value))


def _agrees(pattern: _Pattern, shape: tuple[int, ...]) -> bool:
    return all(wanted in (size, _CHANNELS, _CLASSES, _FEATURES) for wanted, size in zip(pattern, shape, strict=True))


def _parse(text: str) -> _Pattern:
    return tuple(int(part) if part.isdigit() else part for part in text.split("x"))


def _marks(pattern: _Pattern) -> tuple[str, ...]:
    return tuple(part for part in pattern if isinstance(part, str))


def _fill(pattern: _Pattern, numbers: dict[str, int]) -> tuple[int, ...]:
    return tuple(part if isinstance(part, int) else numbers[part] for part in pattern)


def _weights(root: LayerRecord) -> Iterator[WeightRecord]:
    """Each weight once, however many layers share it."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        record = pending.pop()
        pending += record.children
        for weight in record.weights:
            if weight.weight_id not in seen:
                seen.add(weight.weight_id)
                yield weight


def _counts(weight: WeightRecord) -> bool:
    """Whether it is one of a model's weights: not the state of a generator of random numbers."""
    return "float" in weight.dtype


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
