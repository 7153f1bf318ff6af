"""The model: assembled from its components, built from a spec, and what it costs."""
