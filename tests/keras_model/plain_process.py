"""Runs snippets in a process that has Keras but not this project, and tells which flags they got wrong.

To be run as `python -I plain_process.py CASES.json`. Each case is `{"code", "file" or "builder", "variables",
"layers"}`: the flag of each of `model.variables`, and of some layers by their place among all of the model's layers.
"""

import importlib.util
import json
import random
import sys
import types
from pathlib import Path

TESTS = Path(__file__).parents[1]
CUSTOM_CODE = ["cases/small_cnn.py", "cases/block_stack.py", "models.py"]
"""Each is one file that a person would have, too."""


def hide_the_project() -> None:
    sys.path[:] = [path for path in sys.path if not (Path(path) / "editor").exists()]
    sys.modules["editor"] = None
    for name in ("tests", "tests.cases"):
        sys.modules[name] = types.ModuleType(name)


def import_file(path: str) -> types.ModuleType:
    name = f"tests.{path.removesuffix('.py').replace('/', '.')}"
    spec = importlib.util.spec_from_file_location(name, TESTS / path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scramble(model, seed: int) -> None:
    """Any flags: what a snippet finds must not matter."""
    source = random.Random(seed)
    for layer in model._flatten_layers():
        layer._trainable = source.random() < 0.5
        for variable in layer._trainable_variables:
            variable.trainable = source.random() < 0.5


def wrong_flags(model, case: dict) -> list[str]:
    variables = model.variables
    wrong = [
        f"{variable.path} is {variable.trainable}"
        for variable, flag in zip(variables, case["variables"], strict=True)
        if bool(variable.trainable) is not flag
    ]
    expected = {id(variable) for variable, flag in zip(variables, case["variables"], strict=True) if flag}
    if {id(variable) for variable in model.trainable_variables} != expected:
        wrong.append("model.trainable_variables differ")
    layers = list(model._flatten_layers())
    wrong += [
        f"layer {layers[int(at)].name} is {layers[int(at)].trainable}"
        for at, flag in case["layers"].items()
        if layers[int(at)].trainable is not flag
    ]
    return wrong


def run(case: dict, seed: int, custom: dict) -> list[str]:
    import keras

    names = {}
    if "load_model" not in case["code"]:
        builder = case.get("builder")
        names["model"] = custom[builder]() if builder else keras.saving.load_model(case["file"], compile=False)
        scramble(names["model"], seed)
    try:
        exec(case["code"], names)
    except Exception as error:  # noqa: BLE001
        return [repr(error)]
    return wrong_flags(names["model"], case)


def main() -> None:
    hide_the_project()
    custom = {}
    for path in CUSTOM_CODE:
        custom.update(vars(import_file(path)))
    import keras

    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with keras.saving.custom_object_scope({"SmallCNN": custom["SmallCNN"]}):
        # Automatic names are others than where the code was made.
        keras.Sequential([keras.layers.Dense(1), keras.layers.Dense(1)])
        results = [run(case, seed, custom) for seed, case in enumerate(cases)]
    Path(sys.argv[1]).with_suffix(".results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
