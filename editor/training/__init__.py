"""Training: settings, data, the run loop and its proof."""
