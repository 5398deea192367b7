"""What each field of the training form is called, and what it does, in plain words."""

from __future__ import annotations

TITLES = {
    "data": "Data",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "optimizer": "Optimizer",
    "learning_rate": "Learning rate",
    "loss": "Loss",
    "metrics": "Metrics",
    "validation_split": "Validation",
    "seed": "Seed",
    "monitor": "Watch",
    "keep": "Keep",
    "early_stopping": "Stop early",
    "early_stopping.patience": "Patience",
    "early_stopping.min_delta": "Least gain",
    "reduce_on_plateau": "Lower the learning rate on a plateau",
    "reduce_on_plateau.factor": "Factor",
    "reduce_on_plateau.patience": "Patience",
    "reduce_on_plateau.min_learning_rate": "Not below",
    "checkpoint_epochs": "Checkpoints",
    "tensorboard": "TensorBoard",
    "stop_on_nan": "Stop when the loss is no number",
    "balance_classes": "Balance classes",
    "mixed_precision": "Mixed precision (16 bits)",
    "jit_compile": "Compile with XLA",
}
"""A name with a dot belongs to what is before the dot, and is there only while that is ticked."""

TIPS = {
    "epochs": "How often the run goes through all the data.",
    "batch_size": "How many samples are learned from at a time. More need more memory.",
    "optimizer": "How the weights are changed after each batch.",
    "learning_rate": "How large each step is. Can be changed while a run is under way.",
    "loss": "What training makes small. Automatic goes by the data and the last layer.",
    "metrics": "What is measured beside the loss, and not trained on.",
    "validation_split": "Share of the data that is not trained on, to see how well the model does on new data.",
    "seed": "The same seed repeats a run exactly on a CPU. Empty draws one.",
    "monitor": "The value that tells the best epoch: for keeping the best weights, stopping early and the plateau.",
    "keep": "Which weights the model has when the run is over.",
    "early_stopping": "Ends the run when the value that is watched gets no better.",
    "early_stopping.patience": "So many epochs without a gain are waited for.",
    "early_stopping.min_delta": "A smaller gain than this counts as none.",
    "reduce_on_plateau": "Makes smaller steps when the value that is watched gets no better.",
    "reduce_on_plateau.factor": "The learning rate is multiplied by this, such as 0.5.",
    "reduce_on_plateau.patience": "So many epochs without a gain are waited for.",
    "reduce_on_plateau.min_learning_rate": "The learning rate is never lowered further than this.",
    "checkpoint_epochs": "Keeps the weights on disk every so many epochs, beside those kept every few minutes.",
    "tensorboard": "Folder in which a log for TensorBoard is written. Empty writes none.",
    "stop_on_nan": "Ends the run at once when the loss is NaN, and names the batch.",
    "balance_classes": "Lets samples of rare classes weigh more, so that all classes weigh the same.",
    "mixed_precision": "Computes in 16 bits where that is exact enough: faster on most GPUs, with less memory.",
    "jit_compile": "Compiles the train step: the first batch takes longer, the others may be faster.",
}
NO_MIXED_PRECISION = "A CPU is not faster in 16 bits."
