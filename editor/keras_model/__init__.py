"""All that touches a Keras model. Keras is wrapped in few typed functions here, so that `Any` does not spread."""
