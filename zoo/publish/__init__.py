"""A trained model with its card, as the files that a hub keeps, and their upload."""
