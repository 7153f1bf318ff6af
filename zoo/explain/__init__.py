"""Explanation of a decision: which shapes at which positions contributed to a class."""
