"""Spec files: reading, changes of single fields, and presets."""
