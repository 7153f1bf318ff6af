"""Linear maps of features to classes, solved for; their regularisation is chosen by windows that are held out."""

from zoo.linear.fit import LinearFit, fit_linear

__all__ = ["LinearFit", "fit_linear"]
