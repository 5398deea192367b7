"""Reads a model's layers from its file alone: zip, JSON, HDF5, protobuf; no Keras, and nothing of the file is run."""

from editor.files.preview.read import read_preview

__all__ = ["read_preview"]
