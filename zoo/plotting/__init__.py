"""What every picture shares: colours, drawing, and how one is placed in a page."""
