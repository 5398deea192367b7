"""What a person should know before a run starts."""
