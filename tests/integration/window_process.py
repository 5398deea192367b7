"""The program in a process of its own, with hands on it, to be ended from outside.

`python -m tests.integration.window_process STATE MODEL [TARGET]`; says READY when it is in the state, and goes on.

States: `unsaved` has a trained run and edits that are not saved; `saved` has saved a trained run to TARGET and has an
edit since; `preview` has edits in a preview of SmallCNN; `new` has an edit in a new model, the application MODEL;
`early` gets a polite kill before its event loop begins.
"""

from __future__ import annotations

import sys

# Nothing else here: the processes that multiprocessing spawns import this module too.


def run(state: str, model: str, target: str = "") -> int:
    """Runs the real program, its steps as timer events in its own loop."""
    import os
    import signal
    import traceback
    from pathlib import Path

    from PySide6.QtCore import QTimer
    from pytestqt.qt_compat import qt_api
    from pytestqt.qtbot import QtBot

    import main
    from editor.files.options import Application
    from tests.integration.driver import Driver
    from widgets import app, session
    from widgets.dialogs.new_application import NewModel

    def reach_state_or_end(driver: Driver) -> None:
        try:
            reach_state(driver)
        # The program itself would show it and go on, and the test would wait for ever.
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            os._exit(1)

    def reach_state(driver: Driver) -> None:
        if state == "new":
            driver.app.new_models.build(NewModel(Application(name=model, input_shape=(96, 96, 3), alpha=0.25)))
            driver.wait(lambda: driver.app.document and driver.document.is_live)
            driver.click_tick("conv1")
            sys.stdout.write("READY\n")
            sys.stdout.flush()
            return
        driver.wait(lambda: driver.app.document)
        if state == "preview":
            driver.keep_preview()
            driver.click_tick("conv1")
            driver.click_tick("dense")
            driver.undo()
            say_ready("")
            return
        driver.click_tick("backbone")
        driver.choose_digits()
        driver.type_into("epochs", "1")
        driver.train()
        if state == "saved":
            driver.save_as(Path(target))
        driver.click_tick("digit")
        say_ready(str(driver.document.weights_file))

    def say_ready(what: str) -> None:
        sys.stdout.write(f"READY {what}\n")
        sys.stdout.flush()

    class DrivenApp(app.App):
        def show(self) -> None:
            super().show()
            if state == "early":
                os.kill(os.getpid(), signal.SIGTERM)
            else:
                driver = Driver(QtBot(None), self)
                QTimer.singleShot(0, lambda: reach_state_or_end(driver))

    qt_api.set_qt_api("pyside6")
    session.App = DrivenApp
    sys.argv = ["main.py"] if state == "new" else ["main.py", model]
    return main.main()


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
