"""The training room of the window: settings, progress, curves, runs and log."""
