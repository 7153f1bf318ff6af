"""Warnings that tell what is wrong with a run, in plain sentences with a remedy each, and the verdict made of them."""
