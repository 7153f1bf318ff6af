"""Quality of a codebook: its shapes, its classes, and whether the decoder uses it."""
