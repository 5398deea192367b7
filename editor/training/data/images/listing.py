"""Finds the images of a folder with a subfolder for each class, and those of its training and validation parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import Image

from editor.errors import DataError
from editor.training.data.file_kinds import TABLE_ENDINGS
from editor.training.data_report import Skipped
from editor.training.progress import note_progress

TRAIN_NAMES = ("train", "training")
VALIDATION_NAMES = ("validation", "val", "valid")
TEST_NAMES = ("test", "testing")

_FORMATS = (
    "PNG",
    "JPEG",
    "MPO",
    "GIF",
    "BMP",
    "DIB",
    "TIFF",
    "WEBP",
    "AVIF",
    "JPEG2000",
    "PPM",
    "ICO",
    "TGA",
    "PCX",
    "QOI",
)
"""Pillow's names of what is read: pictures as people have them. Some of its others start another program."""

_PASSED_OVER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx", "__pycache__"})
_HINT = "Make a folder with a subfolder for each class, and put the images of a class into its subfolder."
_NUM_NAMED = 5


@dataclass(frozen=True)
class ImageFile:
    """An image and the number of its class."""

    path: Path
    class_number: int


@dataclass(frozen=True)
class ClassFolder:
    """What was found in a folder with a subfolder for each class.

    Attributes:
        path: The folder.
        classes: Names of the subfolders, sorted as Keras's `image_dataset_from_directory` sorts them.
        files: All images, class by class, sorted by path.
        skipped: What is left out, and why.
    """

    path: Path
    classes: tuple[str, ...]
    files: tuple[ImageFile, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True)
class ImageFolders:
    """The parts of a folder; None for a part that is not there."""

    train: Path
    validation: Path | None = None
    test: Path | None = None


def find_parts(root: Path) -> ImageFolders:
    """The folder itself, or its subfolders `train`, `validation` or `val`, and `test`.

    A subfolder called so is a part if it holds folders and no images; else it is a class.

    Raises:
        DataError: The folder cannot be read, or has a validation part but none to train on.
    """
    parts = {path.name.casefold(): path for path in _subfolders(root) if _holds_folders_only(path)}
    train, validation, test = (
        next((parts[name] for name in names if name in parts), None)
        for names in (TRAIN_NAMES, VALIDATION_NAMES, TEST_NAMES)
    )
    if train is not None:
        return ImageFolders(train, validation, test)
    if validation is not None or test is not None:
        there = validation or test
        raise DataError(
            f"{root.name} has a folder {there.name if there else ''} with classes, but no folder train.",
            hint="Put what is to be trained on into a subfolder called train, with a folder for each class.",
        )
    return ImageFolders(root)


def list_images(folder: Path, classes: tuple[str, ...] | None = None) -> ClassFolder:
    """The images of a folder with a subfolder for each class.

    Hidden files and what systems put into folders by themselves are passed over in silence. Folders in a class folder
    belong to that class, links too, but no folder is read twice.

    Args:
        folder: The folder.
        classes: Those of the training part, which others must be among; None takes the subfolders.

    Raises:
        DataError: There is nothing in it that a classifier could be trained on.
    """
    subfolders = {path.name: path for path in _subfolders(folder)}
    names = tuple(sorted(subfolders)) if classes is None else classes
    walk = _Walk()
    found = {name: walk.images_in(subfolders[name]) for name in names if name in subfolders}
    beside = [path for path in _entries(folder) if path.is_file() and is_image_name(path)]
    for path in beside:
        walk.skip(path, "lies beside the class folders and has no class")
    files = tuple(ImageFile(path, number) for number, name in enumerate(names) for path in found.get(name, ()))
    listed = ClassFolder(folder, names, files, tuple(walk.skipped))
    _check(listed, subfolders, found, len(beside), is_train=classes is None)
    return listed


def _check(
    listed: ClassFolder, subfolders: dict[str, Path], found: dict[str, list[Path]], num_beside: int, *, is_train: bool
) -> None:
    name = listed.path.name
    if not subfolders:
        held = f"{num_beside:,} image{'' if num_beside == 1 else 's'} but" if num_beside else "no images and"
        tables = [path.name for path in _entries(listed.path) if path.name.lower().endswith((*TABLE_ENDINGS, ".zip"))]
        there = f"It holds {listing(tables)}: choose one of them. " if tables else ""
        raise DataError(f"{name} holds {held} no subfolders, so nothing tells the classes.", hint=there + _HINT)
    if not listed.files:
        why = _first_reason(listed.skipped)
        raise DataError(f"The subfolders of {name} hold no images that can be read{why}.", hint=_HINT)
    with_images = [each for each, paths in found.items() if paths]
    if is_train and len(with_images) == 1:
        raise DataError(
            f"{name} holds images of one class only, {with_images[0]}; a model learns to tell at least two apart.",
            hint="Add a subfolder with images of another class.",
        )
    unknown = sorted(set(subfolders) - set(listed.classes))
    if unknown:
        raise DataError(
            f"{name} has {'a class' if len(unknown) == 1 else 'classes'} that the training images do not have: "
            f"{listing(unknown)}. They have {listing(listed.classes)}.",
            hint="Name the folders of a class the same in both, or remove it.",
        )


def listing(names: tuple[str, ...] | list[str]) -> str:
    """Some names in a sentence."""
    rest = [f"and {len(names) - _NUM_NAMED} more"] if len(names) > _NUM_NAMED else []
    return ", ".join([*names[:_NUM_NAMED], *rest])


def _first_reason(skipped: tuple[Skipped, ...]) -> str:
    return f": {skipped[0].name} {skipped[0].reason}" if skipped else ""


# -- folders --------------------------------------------------------------------------------------------------


@dataclass
class _Walk:
    """Walks through the folders of all classes of a part; a folder that several links lead to is read once each class.

    Attributes:
        skipped: What was left out.
    """

    skipped: list[Skipped] = field(default_factory=list)

    def skip(self, path: Path, reason: str) -> None:
        self.skipped.append(Skipped(f"{path.parent.name}/{path.name}", reason))

    def images_in(self, folder: Path) -> list[Path]:
        """All images below a folder, sorted."""
        return sorted(self._below(folder, set()))

    def _below(self, folder: Path, seen: set[Path]) -> list[Path]:
        place = folder.resolve()
        if place in seen:
            self.skip(folder, "is a link to a folder that was read already")
            return []
        seen.add(place)
        note_progress("Looking for images", len(seen), 0)
        try:
            entries = _entries(folder)
        except DataError as error:
            self.skip(folder, error.details)
            return []
        found: list[Path] = []
        for path in entries:
            if path.is_dir():
                found += self._below(path, seen)
            elif is_image_name(path):
                found.append(path)
            else:
                self.skip(path, f"is no image by its name: {path.suffix or 'no ending'}")
        return found


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, sorted, without what is hidden.

    Raises:
        DataError: It cannot be read.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise DataError(
            f"{folder} {reason}.", hint="Look at its permissions, or choose another folder.", details=reason
        ) from error
    return [path for path in paths if not path.name.startswith(".") and path.name.casefold() not in _PASSED_OVER]


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = f"{folder} is a file" if folder.exists() else f"There is no folder {folder}"
        raise DataError(f"{what}{'; a folder of images is needed' if folder.exists() else ''}.", hint=_HINT)
    return [path for path in _entries(folder) if path.is_dir()]


def _holds_folders_only(folder: Path) -> bool:
    try:
        entries = _entries(folder)
    except DataError:
        return False
    return any(path.is_dir() for path in entries) and not any(is_image_name(path) for path in entries)


def is_image_name(path: Path) -> bool:
    """Whether a file is an image by the ending of its name."""
    return path.suffix.casefold() in _endings()


@cache
def _endings() -> frozenset[str]:
    return frozenset(ending for ending, kind in Image.registered_extensions().items() if kind in readable_formats())


@cache
def readable_formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read, as far as this Pillow has them."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)
