"""Changes the structure of a live model: another head, layers on top, fresh weights, other names.

From a script::

    index = walk_model(keras.saving.load_model("fer.keras"))
    changed = edit_structure(index, ReplaceHead(path="add_4", head=Head(units=10)), Path("structures"))
    model = changed.index.model
"""

from editor.keras_model.surgery.editing import Changed, edit_structure, load_structure
from editor.keras_model.surgery.fresh_weights import reinitialise

__all__ = ["Changed", "edit_structure", "load_structure", "reinitialise"]
