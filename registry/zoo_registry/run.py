"""The spec of a run: a model, its data, its training and its evaluation."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, model_validator

from zoo_registry.closed import check_closed, check_order
from zoo_registry.component import DistillerSpec, Spec, WeigherSpec
from zoo_registry.data import DataSpec
from zoo_registry.errors import SpecError, show
from zoo_registry.explain import unknown
from zoo_registry.input import ImageInputSpec, InputSpec
from zoo_registry.judge import AnyJudge, EstimatorSpec, JudgeName
from zoo_registry.model import ModelSpec
from zoo_registry.suggest import listed
from zoo_registry.teachers import AnyTeacher, check_teachers, check_temperature
from zoo_registry.trainer import TrainerSpec
from zoo_registry.training import PhaseSpec, RampSpec, TrainingSpec

_OWN_OBJECTIVES = ("accuracy", "x", "codebook")

TensorPath = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$", max_length=200)]
"""A component of a model, or a path within one, such as `encoder.transformer`."""


class TransferSpec(Spec):
    """Weights loaded from another model before training; nothing is left out silently."""

    source: str
    """Folder of a bundle, or of a run with a bundle, relative to the working directory; the name of a model, as
    `zoo models` lists it; or `hf://owner/name@revision` on a hub."""

    policy: Literal["strict", "fit", "resize"] = "strict"
    """strict: every tensor must fit. fit: tensors that do not fit are left out and reported. resize: tensors that do
    not fit are resized if their component can do it, else refused."""

    only: tuple[TensorPath, ...] | None = Field(default=None, min_length=1)
    """Components, or paths within them such as `encoder.transformer`, to transfer; null transfers all that both models
    have."""

    map: Mapping[TensorPath, TensorPath] = {}
    """Paths in the source and their names here, if these differ."""

    layers: Literal["first", "even"] = "first"
    """Which layers are paired if the numbers of layers differ: the first ones, or evenly spread ones."""


class EvaluationSpec(Spec):
    """How a run is evaluated, in validation and by `zoo eval`."""

    judges: Mapping[JudgeName, AnyJudge] = {}
    """Classifiers by name that read raw signals and reconstructions: the folder of a bundle, the name of a model, as
    `zoo models` lists it, `hf://owner/name` on a hub, or an estimator such as aeon.MiniRocketClassifier, which is
    fitted on the run's raw training windows and judges only in `zoo eval`."""

    batch: int = Field(default=256, ge=1, le=1_000_000)
    """Windows per batch in evaluation; affects speed and, of the results, only the batch entropy in z."""

    every: int = Field(default=1, ge=1, le=1_000_000)
    """Epochs from one validation in training to the next. The first and the last epoch and the last one of every phase
    are always validated. The best weights are those of a validated epoch, so a larger number selects among fewer."""

    codebook: int | None = Field(default=None, ge=1, le=1_000_000)
    """Epochs between measurements of the codebook score on the validation split in training, which makes it an
    objective; null measures it only in `zoo codebook`. Each measurement costs one encoder pass over at most 16,384
    training windows, and one encoder pass and several decoder passes over the validation split."""

    protocol: Literal["honest", "paper"] = "honest"
    """honest: weights are selected on the validation split. paper: on the test split, as many papers do; the result is
    an upper bound and is labelled so wherever it is printed."""

    @model_validator(mode="after")
    def _names_are_free(self) -> "EvaluationSpec":
        for name in self.judges:
            if name in ("last", "head", *_OWN_OBJECTIVES):
                hint = "scores and objectives have the names of judges; choose another name, such as wrn"
                raise SpecError(f"evaluation.judges.{name}", "a name that is not in use", name, hint)
        return self

    @property
    def bundles(self) -> dict[str, str]:
        """Judges that are trained networks: the folder of each bundle by name."""
        return {name: judge for name, judge in self.judges.items() if isinstance(judge, str)}

    @property
    def estimators(self) -> dict[str, EstimatorSpec]:
        """Judges of aeon and scikit-learn by name."""
        return {name: judge for name, judge in self.judges.items() if isinstance(judge, EstimatorSpec)}


class RunSpec(Spec):
    """Everything one experiment needs: model, data, training, evaluation, transfer, teachers."""

    json_schema: str | None = Field(default=None, alias="$schema", exclude=True)
    """Where an editor finds the JSON schema; ignored."""

    name: str = Field(default="run", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the run and of its folder under `runs`."""

    model: SerializeAsAny[ModelSpec]
    """The model to train; if `input` is left out, it is read from the data."""

    data: DataSpec
    """The data for training and evaluation."""

    training: TrainingSpec = TrainingSpec()
    """How it is trained."""

    trainer: TrainerSpec = TrainerSpec()
    """The hardware and precision of training."""

    evaluation: EvaluationSpec = EvaluationSpec()
    """How it is evaluated."""

    transfer: tuple[TransferSpec, ...] = ()
    """Weights loaded from bundles before training, in order."""

    teachers: Mapping[JudgeName, AnyTeacher] = Field(default={}, max_length=8)
    """Trained classifiers by name that the head learns from: the folder of each, or an object with its weight."""

    distill: tuple[SerializeAsAny[DistillerSpec], ...] = Field(default=(), max_length=8)
    """Losses between the head and the teachers; the phases weigh their terms."""

    weigh: SerializeAsAny[WeigherSpec] | None = None
    """Weights of the teachers, window by window; null keeps their prior weights."""

    @model_validator(mode="after")
    def _parts_fit(self) -> "RunSpec":
        if isinstance(self.model.input, ImageInputSpec):
            hint = "leave `input` out; a component of `image` makes images of the signal"
            raise SpecError("model.input", "a signal, as every data source gives", "ready-made images", hint)
        _check_terms(self.model)
        _check_turn(self.training.turn, self.model)
        check_teachers(self.teachers, self.distill, self.weigh, self.model)
        terms = self.terms()
        for index, phase in enumerate(self.training.phases):
            where = f"training.phases.{index}"
            _check_phase(where, phase, self.model, terms)
            check_temperature(f"{where}.temperature", phase.temperature, bool(self.teachers))
            check_closed(where, phase, self.model.head)
        check_order(self.training)
        if self.evaluation.codebook is not None and self.model.quantizer is None:
            hint = "leave it out, or add a quantizer"
            raise SpecError(
                "evaluation.codebook", "null, as the model has no codebook", str(self.evaluation.codebook), hint
            )
        _check_select(self.training.select, self.objectives, self.evaluation.estimators)
        _check_protocol(self.evaluation.protocol, self.training.select)
        for index, transfer in enumerate(self.transfer):
            _check_paths(f"transfer.{index}.only", transfer.only or (), self.model)
        return self

    def with_input(self, found: InputSpec) -> "RunSpec":
        """The same run with ``model.input`` taken from the data; raise SpecError if the spec gives it and it differs.

        Values missing in the data, such as the rate, stay as given in the spec.
        """
        given = self.model.input if isinstance(self.model.input, InputSpec) else found
        if self.model.head is not None and found.classes is None:
            expected = f"labels of two classes or more, as {self.model.head.kind} needs"
            hint = "label the windows, such as with `zoo windows --labels`, or remove the head"
            raise SpecError("data", expected, "windows of one class, or without labels", hint)
        for field, declared, real in given.conflicts(found):
            hint = "correct it, leave `input` out, or declare a length step under data.length"
            raise SpecError(f"model.input.{field}", f"{show(real)}, as the data have it", show(declared), hint)
        known = {field: value for field, value in _fields(found).items() if value is not None}
        data = {**_fields(self.model), "input": InputSpec(**{**_fields(given), **known})}
        return type(self)(**{**_fields(self), "model": type(self.model)(**data)})

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the measures on the validation split for which the best weights are kept."""
        owned = {
            "accuracy": self.model.head is not None,
            "x": self.model.decoder is not None,
            "codebook": self.evaluation.codebook is not None,
        }
        judges = self.evaluation.bundles if self.model.decoder is not None else ()
        return (*(name for name in _OWN_OBJECTIVES if owned[name]), *judges)

    def terms(self) -> Mapping[str, str]:
        """Loss terms of the run, each with a sentence: those of the model, then those of the distillation."""
        found = dict(self.model.terms())
        for part in self.distill:
            found.update(part.terms)
        return found

    def plugins(self) -> list[str]:
        """Names of the plugins this run needs, sorted."""
        weigher = () if self.weigh is None else (self.weigh,)
        kinds = [kind for part in (self.data.source, *self.distill, *weigher) for kind in part.kinds()]
        return sorted({*self.model.plugins(), *(kind.partition(".")[0] for kind in kinds)})

    def dump(self) -> dict[str, Any]:
        """Plain JSON data, complete: every default filled in."""
        return self.model_dump(mode="json")


def _fields(spec: Spec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in type(spec).model_fields if name != "json_schema"}


def _check_terms(model: ModelSpec) -> None:
    if not model.terms():
        expected, found = "a component with a loss term", listed([role for role, _ in model.components()])
        raise SpecError("model", expected, found, "add a quantizer, a decoder or a head; `zoo list` shows the kinds")


def _check_turn(turn: float | None, model: ModelSpec) -> None:
    channels = model.input.channels if model.input is not None else 3
    if turn is not None and channels % 3:
        hint = "remove it: only three axes can be rotated"
        raise SpecError("training.turn", "channels in threes, the axes of a sensor", f"{channels} channels", hint)


def _check_select(select: str, objectives: tuple[str, ...], estimators: Iterable[str]) -> None:
    if select in estimators:
        hint = "select by another objective, or train a bundle to judge, such as wrn.signal"
        raise SpecError("training.select", "a judge that can run during training", f"{select!r}, an estimator", hint)
    if select not in ("last", *objectives):
        needs = {
            "accuracy": "a head",
            "x": "a decoder",
            "codebook": "evaluation.codebook, which says how often to measure it",
        }
        if select in needs:
            raise SpecError(
                "training.select", f"{needs[select]} for {select!r}", "none", "add it, or select last instead"
            )
        known = ["last", *objectives]
        hint = f"this run has {', '.join(known)}"
        raise unknown("training.select", "last or an objective of the run", select, known, hint)


def _check_protocol(protocol: str, select: str) -> None:
    if protocol == "paper" and select == "last":
        hint = "set training.select, or set the protocol to honest"
        raise SpecError("training.select", "an objective, to select by on the test split", "last", hint)


def _check_phase(where: str, phase: PhaseSpec, model: ModelSpec, terms: Mapping[str, str]) -> None:
    _check_paths(f"{where}.learn", phase.learn or (), model)
    for term, weight in (phase.weights or {}).items():
        if term not in terms:
            hint = f"the run gives {', '.join(terms) or 'none'}: remove it or add the component that owns it"
            raise unknown(f"{where}.weights", "a loss term that the run gives", term, list(terms), hint)
        _check_ramp(f"{where}.weights.{term}", weight, where, phase)
    _check_ramp(f"{where}.temperature", phase.temperature, where, phase)
    if phase.measure == (phase.learn != ()) and (phase.measure or phase.learn == ()):
        expected = "learn: [] where measure is true" if phase.measure else "something that learns"
        found = "null, which means all" if phase.learn is None else str(list(phase.learn))
        raise SpecError(f"{where}.learn", expected, found, "or change `measure`")


def _check_ramp(field: str, value: float | RampSpec | None, where: str, phase: PhaseSpec) -> None:
    if isinstance(value, RampSpec) and value.over > phase.length:
        expected = f"at most the phase's length, {phase.length}: a ramp ends with its phase"
        raise SpecError(f"{field}.over", expected, str(value.over), f"set {where}.length to {value.over} or more")


def _check_paths(where: str, paths: Iterable[str], model: ModelSpec) -> None:
    roles = [role for role, _ in model.components()]
    for path in paths:
        if path.split(".")[0] not in roles:
            hint = f"the model has {', '.join(roles)}"
            raise unknown(where, "a component of the model or a path in one", path, roles, hint)
