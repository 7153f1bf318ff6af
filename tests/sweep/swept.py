"""Paths that the tests of sweeps vary."""

Z, S = "training.phases.0.weights.z", "training.phases.0.weights.s"
