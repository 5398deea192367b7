"""What of a model's needs is not covered yet by the code that was chosen and the Lambdas that were ticked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from editor.files.code_needs import needed_to_load
from editor.files.code_text import visible_lines
from editor.files.facts import CodeNeed
from editor.files.lambda_parts import replacement_name
from editor.wording import some_of

_STAR = re.compile(r"^\s*from\s+\S+\s+import\s*\*", re.MULTILINE)
# What is registered may be in a module that the file imports.
_IMPORT = re.compile(r"^\s*(?:from|import)\s+(?!(?:keras|tensorflow|numpy|__future__)\b)\w", re.MULTILINE)


def uncovered(
    needs: tuple[CodeNeed, ...], allowed: Collection[str], *, text: str | None, is_module: bool
) -> tuple[CodeNeed, ...]:
    """The needs without which the model cannot be loaded and that nothing was given for.

    Args:
        needs: Of the model.
        allowed: Digests of the Lambdas that may run.
        text: The text of the Python file that was chosen; None without one.
        is_module: Whether an installed module was chosen: what it has is only known when it is imported.
    """
    return tuple(
        need
        for need in needed_to_load(needs)
        if not (need.digest in allowed if need.kind == "lambda" else is_module)
        and not (text is not None and _may_have(text, need))
    )


def lacking_words(needs: Iterable[CodeNeed], *, is_chosen: bool) -> Iterator[str]:
    """What is still needed, a sentence each.

    Args:
        needs: What is not covered.
        is_chosen: Whether code was chosen, which does not have them.
    """
    needs = list(needs)
    names = [need.name for need in needs if need.kind != "lambda"]
    lambdas = [need for need in needs if need.kind == "lambda"]
    if names:
        yield f"This file does not have {_listed(names)}." if is_chosen else f"Choose the code of {_listed(names)}."
    replacements = _listed(replacement_name(need.paths[0]) for need in lambdas)
    runnable = _listed(f"Lambda {need.name}" for need in lambdas if need.is_runnable)
    if runnable and all(need.is_runnable for need in lambdas):
        yield f"Tick {runnable}, or choose a file that defines {replacements}."
    elif runnable:
        others = _listed(replacement_name(need.paths[0]) for need in lambdas if not need.is_runnable)
        yield f"Tick {runnable}, and choose a file that defines {others}."
    elif lambdas:
        yield f"Choose a file that defines {replacements}."


def _may_have(text: str, need: CodeNeed) -> bool:
    """Whether a file may give it: by its name, or by what it imports, which is not looked into."""
    name = replacement_name(need.paths[0]) if need.kind == "lambda" else need.name
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) or _STAR.search(text):
        return True
    return bool(need.registered_name and _IMPORT.search(text))


def _listed(names: Iterable[str]) -> str:
    return some_of([*dict.fromkeys(visible_lines(name)[0] for name in names)])
