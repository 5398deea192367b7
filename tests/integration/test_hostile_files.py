"""A hostile file is refused in one sentence with a hint, and what is open stays as it is, with its undo steps."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.gallery import TRICKS, write_trick
from tests.hostile.trick import MARK
from tests.integration.driver import Driver
from tests.integration.files import DEMO

KINDS = (
    "zip bomb in the weights",
    "member named '../../escaped.txt'",
    "two members of one name",
    "JSON nested 900 deep",
    "layers called in a circle",
    "link to another file",
    "values in another file",
    "shape of petabytes",
    "HDF5 that hangs the library",
)


def test_that_a_hostile_file_is_refused_and_the_document_stays(driver: Driver, tmp_path: Path) -> None:
    driver.open(DEMO)
    driver.wait_for_engine()
    driver.click_tick("backbone")
    driver.save_as(tmp_path / "mine.keras")
    document, flags = driver.document, driver.document.freeze_map()
    for name in KINDS:
        path = write_trick(name, tmp_path)
        driver.window.notices.clear()
        driver.open_as_argument(path)
        assert TRICKS[name].words in driver.notice
        assert path.name in driver.notice
        assert driver.notice.endswith(".")
        assert driver.notice.count(". ") >= 1, "there is no hint"
        assert "\n" not in driver.notice
        assert driver.document is document
        assert driver.document.freeze_map() == flags
        assert not driver.window.isWindowModified()
    driver.undo()
    assert driver.document.freeze_map() != flags
    assert not (tmp_path / MARK).exists()
