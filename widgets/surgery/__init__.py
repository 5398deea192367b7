"""Edits of the model's layers: from the wish to the step on the stack."""
