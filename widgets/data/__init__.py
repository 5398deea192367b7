"""Data before they are trained on: chosen, prepared and looked at."""
