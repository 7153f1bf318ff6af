"""Pictures of the images that networks read, beside the signals they are made from."""
