"""What the classes of a data set consist of, in words, and what can be measured of these words alone; NumPy only."""
