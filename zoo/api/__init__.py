"""The Python API of `import zoo`; the commands do the same."""
