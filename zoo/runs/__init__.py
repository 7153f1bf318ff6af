"""The folder of a run: what it holds, and in which form."""
