"""Run in a process without this project: reloads a file compiled, warnings as errors, and writes down what it found."""

import sys
import warnings

import keras
import numpy as np


def main(model_file: str, found_file: str, folder_of_code: str) -> None:
    custom_objects = {}
    if folder_of_code:
        sys.path.insert(0, folder_of_code)
        from small_cnn import SmallCNN

        custom_objects["SmallCNN"] = SmallCNN
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.saving.load_model(model_file, custom_objects)
    if not model.compiled:
        sys.exit("it is not compiled")
    optimizer = model.optimizer
    found = {"num_steps": optimizer.iterations.numpy(), "learning_rate": optimizer.learning_rate.numpy()}
    for at, (weight, momentum) in enumerate(zip(model.trainable_variables, optimizer._momentums, strict=True)):
        found[f"{at} {weight.path}"] = momentum.numpy()
    x = np.ones((4, *model.inputs[0].shape[1:]), "float32") if not custom_objects else np.ones((4, 8, 8, 3), "float32")
    model.fit(x, np.zeros(4, "int32"), verbose=0)  # and it goes on training
    np.savez(found_file, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
