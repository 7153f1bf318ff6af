"""The downsampling factor of a WideResNet."""

REDUCTION = 4
"""Samples, or rows or columns of pixels, per position of its last stage."""
