"""Is a codebook good: its shapes, its classes, and whether the decoder listens to it."""
