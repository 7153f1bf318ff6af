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

    It judges only in `zoo eval`, and training has no objective based on it. Classifiers of scikit-learn read flattened
    windows, channel after channel.
    """

    estimator: str = Field(max_length=200)
    """Library and class, such as aeon.MiniRocketClassifier or sklearn.RandomForestClassifier."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    """Its random seed (`random_state`)."""

    windows: int | None = Field(default=None, ge=2, le=10_000_000)
    """Maximum number of training windows for the fit, spread evenly over the split; null takes all."""

    parameters: Mapping[str, JsonValue] = {}
    """Parameters of the class by name, such as {"n_kernels": 1000}; the others keep the library's defaults."""

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
        """The class name without the library."""
        return self.estimator.partition(".")[2]

    def __str__(self) -> str:
        given = {"seed": self.seed, **({"windows": self.windows} if self.windows else {}), **self.parameters}
        return f"{self.estimator}, {', '.join(f'{name} {value}' for name, value in given.items())}"


def _long_form(given: Any) -> Any:
    """Turn the name of an estimator, valid or not, into an object; leave a path unchanged."""
    return {"estimator": given} if isinstance(given, str) and _LIKE_ESTIMATOR.match(given) else given


JudgeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
AnyJudge = Annotated[str | EstimatorSpec, BeforeValidator(_long_form)]
"""The folder of a bundle, the name or address of a model, or an estimator; `./` before a folder distinguishes it from
an estimator of that name."""
