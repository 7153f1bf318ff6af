"""Leave one subject out: a run trained once per subject on all others, and evaluated on that subject."""
