"""Teachers of a run: trained models, or files of logits, whose predictions a student learns to imitate."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from zoo_registry.component import DistillerSpec, Spec, WeigherSpec
from zoo_registry.errors import SpecError
from zoo_registry.model import ModelSpec
from zoo_registry.training import RampSpec


class TeacherSpec(Spec):
    """A trained classifier, frozen: only its logits, and similarity maps of its features, reach the student."""

    source: str
    """Folder of a bundle, or of a run with a bundle; the name of a model, as `zoo models` lists it; `hf://owner/name`
    on a hub; or an .npz file of logits (docs/teachers.md)."""

    weight: float = Field(default=1.0, ge=0, le=1e6)
    """Prior weight; the weights of all teachers are divided by their sum."""

    logits: Literal["in-sample", "out-of-fold"] = "in-sample"
    """Logits to imitate. in-sample: those of the trained model. out-of-fold: those of models that did not see the
    window in training, from `zoo train --folds`."""

    cache: Literal["auto", "gram", "logits"] = "auto"
    """What is kept of its predictions for all training windows. Logits always; gram: also the inner products of its
    features, at most 1 GiB; auto: these too, if they are not larger and a distiller needs them."""

    other_data: bool = False
    """Allow a teacher that was trained on other data, or on data that are not known. It must have the same classes,
    channels and length, and may not have seen the student's validation and test subjects."""


def _long_form(given: Any) -> Any:
    """Turn a path into an object."""
    return {"source": given} if isinstance(given, str) else given


AnyTeacher = Annotated[TeacherSpec, BeforeValidator(_long_form)]
"""A teacher, or only its ``source``."""


def check_teachers(
    teachers: Mapping[str, TeacherSpec], distill: Sequence[DistillerSpec], weigh: WeigherSpec | None, model: ModelSpec
) -> None:
    """Raise SpecError unless teachers, distillers and the student fit each other."""
    if not teachers:
        for field, given in (("distill", distill), ("weigh", weigh)):
            if given:
                raise SpecError("teachers", f"teachers, as the run has {field}", "none", f"add some or remove {field}")
        return
    if model.head is None:
        raise SpecError("model.head", "a head that learns from the teachers", "none", "add one, or remove teachers")
    if not distill:
        hint = 'add "distill": [{"kind": "distill.logits"}], or remove teachers; `zoo list distiller` shows the kinds'
        raise SpecError("distill", "a loss between the student and its teachers", "none", hint)
    if not sum(teacher.weight for teacher in teachers.values()):
        raise SpecError("teachers", "a weight above 0", "only weights of 0", "raise the weight of one teacher")
    terms = Counter([*model.terms(), *(term for part in distill for term in part.terms)])
    if doubled := [term for term, times in terms.items() if times > 1]:
        raise SpecError("distill", "each loss term once", f"{doubled[0]} twice", "remove one of the distillers")
    require_taps("model.head", distill, model)


def require_taps(where: str, distill: Sequence[DistillerSpec], model: ModelSpec) -> None:
    """Raise SpecError if one of ``distill`` compares features and the head of ``model`` has none.

    A model without ``input`` passes for now.
    """
    kind = next((part.kind for part in distill if part.maps), None)
    if kind is not None and model.input is not None and not model.taps():
        found = str(model.head.kind) if model.head else "no head"
        hint = "use a head with features, such as wrn.signal, or remove the distiller"
        raise SpecError(where, f"a head with features to compare, as {kind} needs", found, hint)


def check_temperature(where: str, temperature: float | RampSpec | None, teachers: bool) -> None:
    """Raise SpecError for a temperature without teachers, and for one that reaches 0."""
    if temperature is None:
        return
    if not teachers:
        raise SpecError(where, "null, as the run has no teachers", "a temperature", "remove it or add teachers")
    values = (temperature.start, temperature.end) if isinstance(temperature, RampSpec) else (temperature,)
    if min(values) < _COLDEST:
        raise SpecError(where, f"at least {_COLDEST}", f"{min(values):g}", "a usual temperature is 4")


_COLDEST = 0.01
