"""Reads SavedModel folders by their protobuf files alone: no TensorFlow, no graph, nothing of them is run."""
