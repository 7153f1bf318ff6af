"""Sweeps: one run many times with some fields varied, by workers that share a storage, and the results."""
