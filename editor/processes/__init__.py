"""The boundary between the window's process, the engine and the reader."""
