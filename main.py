"""Entry point: the window, or one of its commands."""
