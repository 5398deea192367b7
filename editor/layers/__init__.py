"""Plain data about a model's layers: no Keras, no Qt, no files."""
