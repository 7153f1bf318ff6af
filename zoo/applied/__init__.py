"""A trained model over whole recordings: predictions, bouts, minutes per class and day."""
