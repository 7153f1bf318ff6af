"""Judges of a run: bundles of the zoo, or classifiers of aeon and scikit-learn by name."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, JsonValue, field_validator

from zoo_registry.component import Spec

_ESTIMATOR = re.compile(r"^(aeon|sklearn)\.([A-Za-z]\w*)$")
_LIKE_ESTIMATOR = re.compile(r"^((aeon|sklearn)(\.\w+)+|[A-Z]\w*Classifier)$")


class EstimatorSpec(Spec):
    """A classifier of aeon or scikit-learn, fitted once on the raw training windows of a run.

    It reads at the end, by `zoo eval`; no objective of training follows it. scikit-learn's read windows flattened,
    channel after channel.
    """

    estimator: str = Field(max_length=200)
    """Library and class, such as aeon.MiniRocketClassifier or sklearn.RandomForestClassifier."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seed of what it draws, its `random_state`."""

    windows: int | None = Field(default=None, ge=2, le=10_000_000)
    """Training windows it is fitted on at most, spread evenly over the split; null takes all."""

    parameters: Mapping[str, JsonValue] = {}
    """Parameters of the class by name, such as {"n_kernels": 1000}; those left out keep the library's defaults."""

    @field_validator("estimator")
    @classmethod
    def _names_a_class(cls, name: str) -> str:
        if not _ESTIMATOR.match(name):
            library, kind = name.partition(".")[0], name.rpartition(".")[2]
            raise ValueError(f"Library and class, such as {library if library != kind else 'aeon'}.{kind}")
        return name

    @property
    def library(self) -> str:
        """`aeon` or `sklearn`."""
        return self.estimator.partition(".")[0]

    @property
    def name(self) -> str:
        """The class alone."""
        return self.estimator.partition(".")[2]

    def __str__(self) -> str:
        given = {"seed": self.seed, **({"windows": self.windows} if self.windows else {}), **self.parameters}
        return f"{self.estimator}, {', '.join(f'{name} {value}' for name, value in given.items())}"


def _long_form(given: Any) -> Any:
    """What names an estimator, or tries to, as an object; a path stays what it is."""
    return {"estimator": given} if isinstance(given, str) and _LIKE_ESTIMATOR.match(given) else given


JudgeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
AnyJudge = Annotated[str | EstimatorSpec, BeforeValidator(_long_form)]
"""The folder of a bundle, or an estimator; `./` before a folder tells it from an estimator of that name."""
