"""Reports: one run as a page of its own, several side by side, two in the terminal."""
