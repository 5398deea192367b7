"""What is said of a file that was opened: what it lacks, what was repaired, and what of the edits found no place."""

from __future__ import annotations

from dataclasses import dataclass

from editor.errors import Problem
from editor.files.facts import NO_ARCHITECTURE, Preview, Repair
from editor.wording import counted, some_of
from widgets.document import Document, Stage
from widgets.notice_bar import Level


@dataclass(frozen=True)
class Said:
    """A notice.

    Attributes:
        details: The long text behind it; empty without one.
    """

    level: Level
    text: str
    details: str = ""


def opened_words(document: Document, *, lost: tuple[str, ...] = (), differing: tuple[str, ...] = ()) -> Said | None:
    """What a person should know about an opening; None where there is nothing to say, or not yet.

    Args:
        document: What was opened.
        lost: Paths of weights whose edits the live model has no place for.
        differing: Paths of weights that the preview had shown in another state.
    """
    if document.stage is Stage.LOADING:
        return None
    # What stands against loading from the first is said below the layers.
    trouble = document.trouble if document.has_failed else None
    sentences = [trouble_words(document, trouble)] if trouble else []
    details = [trouble.details] if trouble and trouble.details else []
    sentences += [_repaired_words(document.repairs)] if document.repairs else []
    details += [repair.line for repair in document.repairs]
    for paths, words in (
        (document.map_report.lines, "{} of the file's freeze map {do} not fit this model and {were} left out."),
        (lost, "{} of your edits {have} no place in the live model."),
        (differing, "{} {have} another state than the preview could tell."),
    ):
        if paths:
            noun = "entry" if paths is document.map_report.lines else "weight"
            sentences.append(_agreeing(words, len(paths), noun))
            details += [*([""] if details else []), *paths]
    sentences += document.notes
    is_proven = all(repair.is_proven for repair in document.repairs)
    is_harmless = is_proven and len(sentences) == bool(document.repairs)
    # That it has no architecture stands below the layers, with the question for it.
    sentences += [remark for remark in document.remarks if remark != NO_ARCHITECTURE]
    if not sentences:
        return None
    return Said(Level.INFO if is_harmless else Level.WARNING, " ".join(sentences), "\n".join(details))


def trouble_words(document: Document, trouble: Problem) -> str:
    """Why there is no live model, what to do, and what can be done without."""
    return " ".join(filter(None, (trouble.summary, trouble.hint, _still_works(document))))


def _still_works(document: Document) -> str:
    if document.needs_new_file:
        return "Freezing works all the same; File › Export Freeze Map keeps it."
    # Into a file that is another one now nothing can be written.
    is_as_read = document.workspace.info.is_file_unchanged
    return "Freezing and saving the flags work all the same." if is_as_read else ""


def needs_words(preview: Preview) -> str:
    """What a file needs code for, in a sentence."""
    kinds = (
        ("class", "the class", "the classes"),
        ("function", "the function", "the functions"),
        ("lambda", "the code of the Lambda layer", "the code of the Lambda layers"),
    )
    parts = []
    for kind, one, several in kinds:
        names = [need.name for need in preview.needs if need.kind == kind]
        if names:
            parts.append(f"{one if len(names) == 1 else several} {some_of(names)}")
    more = "" if all(need.kind == "lambda" for need in preview.needs) else ", which Keras does not have"
    return f"The model needs {' and '.join(parts)}{more}."


def _repaired_words(repairs: tuple[Repair, ...]) -> str:
    num_unproven = sum(not repair.is_proven for repair in repairs)
    unproven = f", {num_unproven:,} of them unproven" if num_unproven else ""
    if len(repairs) == 1:
        return f"Repaired on loading{' (unproven)' if num_unproven else ''}: {repairs[0].text}"
    return f"{counted(len(repairs), 'thing')} were repaired on loading{unproven}."


def _agreeing(words: str, num: int, noun: str) -> str:
    plural = {"entry": "entries", "weight": "weights"}[noun]
    verbs = {"do": "does", "were": "was", "have": "has"} if num == 1 else {"do": "do", "were": "were", "have": "have"}
    return words.format(counted(num, noun, plural), **verbs)
