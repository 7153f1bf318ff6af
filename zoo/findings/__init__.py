"""Findings: problems of a run, each a plain sentence with a remedy, and the verdict that summarises them."""
