"""Solvers for linear maps of features to classes; held-out windows select the regularisation."""

from zoo.linear.fit import LinearFit, fit_linear

__all__ = ["LinearFit", "fit_linear"]
