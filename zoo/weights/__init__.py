"""Bundles of weights: a folder with the tensors and the complete spec that they belong to."""
