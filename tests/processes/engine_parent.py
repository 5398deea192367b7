"""A parent of an engine for tests that end it: `python -m tests.processes.engine_parent importing|train ...`.

`train MODEL DATA FOLDER` starts a run that does not end by itself. Prints one line when the state is reached.
"""

from __future__ import annotations

import sys
import threading

from editor.layers.tree import LayerTree
from editor.processes.engine_client import EngineClient
from editor.processes.messages import Event, ModelOpened, OpenModel
from editor.processes.run_messages import BatchEnded, StartRun
from editor.training.settings import TrainSettings


def main(state: str, model: str = "", data: str = "", folder: str = "") -> None:
    reached = threading.Event()

    def on_event(event: Event) -> None:
        match event:
            case ModelOpened():
                settings = TrainSettings(data=data, epochs=1_000_000, batch_size=2)
                freeze_map = LayerTree(event.root).freeze_map()
                client.send(
                    StartRun(run_id=1, document_id=1, settings=settings, freeze_map=freeze_map, workspace=folder)
                )
            case BatchEnded():
                reached.set()

    client = EngineClient(on_event, lambda _: None, lambda _: None)
    if state == "train":
        client.send(OpenModel(document_id=1, path=model))
        reached.wait()
    sys.stdout.write(f"{client.pid}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
