"""A decision read back: which shapes at which places spoke for a class."""
