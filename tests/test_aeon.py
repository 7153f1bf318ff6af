"""The checks that aeon makes of collection estimators, on adapters whose methods only call ours."""

import pytest
from aeon.classification import BaseClassifier
from aeon.testing.estimator_checking import parametrize_with_checks
from aeon.transformations.collection import BaseCollectionTransformer

from zoo.sklearn import ShapeTransformer, ZooClassifier


class AeonClassifier(BaseClassifier):
    """`ZooClassifier` under the interface of aeon."""

    _tags = {"capability:multivariate": True, "X_inner_type": "numpy3D"}  # noqa: RUF012  # as aeon reads it

    def __init__(self, random_state=None):
        self.random_state = random_state
        super().__init__()

    def _fit(self, X, y):
        self.inner_ = ZooClassifier(random_state=self.random_state).fit(X, y)
        return self

    def _predict(self, X):
        return self.inner_.predict(X)

    def _predict_proba(self, X):
        return self.inner_.predict_proba(X)


class AeonTransformer(BaseCollectionTransformer):
    """`ShapeTransformer` under the interface of aeon."""

    _tags = {  # noqa: RUF012  # as aeon reads it
        "capability:multivariate": True,
        "X_inner_type": "numpy3D",
        "output_data_type": "Tabular",
    }

    def __init__(self, random_state=None):
        self.random_state = random_state
        super().__init__()

    def _fit(self, X, y=None):
        self.inner_ = ShapeTransformer(random_state=self.random_state).fit(X, y)
        return self

    def _transform(self, X, y=None):
        return self.inner_.transform(X)


@pytest.mark.slow
@parametrize_with_checks([AeonClassifier, AeonTransformer])
def test_the_checks_of_aeon_pass(check):
    check()
