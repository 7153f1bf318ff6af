"""Reports: a page for one run, a page for several side by side, a comparison of two in the terminal."""
