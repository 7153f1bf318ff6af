"""Rules for distillers and weighers, one function per rule, checked on a small random lesson."""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from zoo_registry.component import DistillerSpec, WeigherSpec

from zoo.contracts import Distiller, Lesson, Weigher, gram

_TEACHERS, _WINDOWS, _CLASSES = 3, 6, 4


def lesson(student: Tensor | None = None, windows: int = _WINDOWS) -> Lesson:
    """A random lesson of three teachers; ``student (b k)`` are given logits."""
    own = torch.randn(windows, _CLASSES) if student is None else student
    features = tuple(torch.randn(windows, 8 * stage, 4, requires_grad=True) for stage in (1, 2, 3))
    return Lesson(
        own.requires_grad_(),
        features,
        torch.randint(_CLASSES, (windows,)),
        torch.randn(_TEACHERS, windows, _CLASSES),
        torch.rand(_TEACHERS, windows).softmax(0),
        [[gram(torch.randn(windows, 5)) for _ in range(stages)] for stages in (3, 3, 4)],
    )


def check_distiller_terms(spec: DistillerSpec, module: Distiller) -> None:
    """The terms given are those of the spec, each a finite scalar that is not negative, also for two windows."""
    for windows in (2, _WINDOWS):
        losses = module(lesson(windows=windows))
        assert losses.keys() == spec.terms.keys(), f"{spec.kind}: promises {sorted(spec.terms)}, gives {sorted(losses)}"
        wrong = [name for name, value in losses.items() if value.dim() or not value.isfinite() or value < -1e-6]
        assert not wrong, f"{spec.kind}: {', '.join(wrong)} is no finite loss"


def check_distiller_gradient(spec: DistillerSpec, module: Distiller) -> None:
    """A finite gradient reaches the student."""
    given = lesson()
    torch.autograd.backward(torch.stack(list(module(given).values())).sum())
    reached = [value for part in (given.student, *given.features) if (value := part.grad) is not None]
    assert reached, f"{spec.kind}: no gradient reaches the student"
    assert all(bool(value.isfinite().all()) for value in reached), f"{spec.kind}: a gradient is not finite"


def check_one_teacher(spec: DistillerSpec, module: Distiller) -> None:
    """Three teachers of which one has all the weight teach what that teacher alone does, bit by bit."""
    given = lesson()
    assert given.grams is not None
    alone = given._replace(teachers=given.teachers[:1], weights=torch.ones(1, _WINDOWS), grams=given.grams[:1])
    one = torch.zeros(_TEACHERS, _WINDOWS)
    one[0] = 1
    for term, value in module(given._replace(weights=one)).items():
        assert torch.equal(value, module(alone)[term]), f"{spec.kind}: teachers with weight 0 change {term}"


def check_order(spec: DistillerSpec, module: Distiller) -> None:
    """The order of teachers does not matter."""
    given = lesson()
    assert given.grams is not None
    turned = given._replace(teachers=given.teachers.flip(0), weights=given.weights.flip(0), grams=given.grams[::-1])
    for term, value in module(turned).items():
        assert torch.allclose(value, module(given)[term], rtol=1e-4), f"{spec.kind}: their order changes {term}"


def check_distiller_extremes(spec: DistillerSpec, module: Distiller) -> None:
    """Logits of 1e4, equal logits and features of a dead stage give finite losses and gradients."""
    for student in (torch.full((_WINDOWS, _CLASSES), 1e4) * torch.eye(_CLASSES)[0], torch.zeros(_WINDOWS, _CLASSES)):
        given = lesson(student)
        dead = tuple(torch.zeros_like(part, requires_grad=True) for part in given.features)
        losses = module(given._replace(features=dead, grams=[[torch.zeros(_WINDOWS, _WINDOWS)] * 3] * _TEACHERS))
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        parts = [value for part in (given.student, *dead) if (value := part.grad) is not None]
        for value in (*losses.values(), *parts):
            assert bool(value.isfinite().all()), f"{spec.kind}: not finite for extreme logits or a dead stage"


def check_weights(spec: WeigherSpec, module: Weigher) -> None:
    """Weights are finite, not negative, sum to 1 in every window, and stay 0 where the prior weight is 0."""
    target = torch.randint(_CLASSES, (_WINDOWS,))
    prior = torch.tensor([0.6, 0.4, 0.0])
    extreme = torch.full((_TEACHERS, _WINDOWS, _CLASSES), -1e4)
    extreme[..., 0] = 1e4
    for logits in (torch.randn(_TEACHERS, _WINDOWS, _CLASSES), torch.zeros_like(extreme), extreme):
        weights = module(logits, target, prior)
        assert weights.shape == (_TEACHERS, _WINDOWS), f"{spec.kind}: weights {tuple(weights.shape)}, not m b"
        assert bool((weights >= 0).all()), f"{spec.kind}: a weight is negative or not a number"
        assert torch.allclose(weights.sum(0), torch.ones(_WINDOWS)), f"{spec.kind}: weights do not sum to 1"
        assert not weights[2].any(), f"{spec.kind}: a teacher with prior weight 0 has a weight"


def check_single_teacher(spec: WeigherSpec, module: Weigher) -> None:
    """A teacher alone has all the weight."""
    target = torch.randint(_CLASSES, (_WINDOWS,))
    weights = spec.build(1)(torch.randn(1, _WINDOWS, _CLASSES), target, torch.ones(1))
    assert torch.equal(weights, torch.ones(1, _WINDOWS)), f"{spec.kind}: one teacher alone has not all the weight"


def check_fit(spec: WeigherSpec, module: Weigher) -> None:
    """A fitted weigher still gives weights, the same ones each time."""
    logits, target = torch.randn(_TEACHERS, _WINDOWS, _CLASSES), torch.randint(_CLASSES, (_WINDOWS,))
    fitted, prior = copy.deepcopy(module), torch.full((_TEACHERS,), 1 / _TEACHERS)
    fitted.fit(logits, target, prior)
    weights = fitted(logits, target, prior)
    assert torch.allclose(weights.sum(0), torch.ones(_WINDOWS)), f"{spec.kind}: fitted weights do not sum to 1"
    assert torch.equal(weights, fitted(logits, target, prior)), f"{spec.kind}: the same windows get other weights"


FOR_DISTILLERS: Sequence[Callable[[DistillerSpec, Distiller], None]] = (
    check_distiller_terms,
    check_distiller_gradient,
    check_one_teacher,
    check_order,
    check_distiller_extremes,
)
FOR_WEIGHERS: Sequence[Callable[[WeigherSpec, Weigher], None]] = (
    check_weights,
    check_single_teacher,
    check_fit,
)


def check_lessons(spec: DistillerSpec | WeigherSpec) -> None:
    """Check a distiller or a weigher by all its rules."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if isinstance(spec, DistillerSpec):
            distiller: nn.Module = spec.build()
            assert isinstance(distiller, Distiller), f"{spec.kind}: its build returns no zoo.contracts.Distiller"
            for rule in FOR_DISTILLERS:
                rule(spec, distiller)
        else:
            weigher: nn.Module = spec.build(_TEACHERS)
            assert isinstance(weigher, Weigher), f"{spec.kind}: its build returns no zoo.contracts.Weigher"
            for check in FOR_WEIGHERS:
                check(spec, weigher)
