"""How much smaller a WideResNet makes what it reads."""

REDUCTION = 4
"""Samples, or rows or columns of pixels, per position of its last stage."""
