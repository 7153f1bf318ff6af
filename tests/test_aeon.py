"""The checks that aeon makes of collection estimators, on adapters whose methods only call ours."""

import pytest
from aeon.classification import BaseClassifier
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
@pytest.mark.parametrize("estimator", [AeonClassifier, AeonTransformer])
def test_the_checks_of_aeon_pass(estimator):
    from aeon.testing.estimator_checking import check_estimator  # takes seconds to import, which collecting need not

    outcomes = check_estimator(estimator, raise_exceptions=True)
    assert sum(outcome == "PASSED" for outcome in outcomes.values()) >= 15
