"""What a person should know about the flags of a model: found from plain data, after each edit anew."""
