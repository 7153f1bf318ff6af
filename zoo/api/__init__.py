"""What `import zoo` offers from Python; the commands do the same."""
