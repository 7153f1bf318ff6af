"""Spec files: read, changed field by field, and presets."""
