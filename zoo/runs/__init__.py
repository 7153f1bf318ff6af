"""The folder of a run: its files and their formats."""
