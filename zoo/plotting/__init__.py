"""Shared parts of all pictures: colours, drawing, and embedding in a page."""
