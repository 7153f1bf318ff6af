"""The model: assembled from its components, built from a spec, and its cost."""
