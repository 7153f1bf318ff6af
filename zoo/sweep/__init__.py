"""Sweeps: one run many times with parts of it varied, by workers that share a storage, and what came of it."""
