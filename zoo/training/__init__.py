"""Training: phases, the Lightning module, the run folder."""
