"""Conformance checks for components, for the tests of anyone's plugin.

They import torch, and are in ``zoo`` because ``import zoo_registry`` must not import it.

    from zoo.testing import check_component

    def test_mine() -> None:
        check_component(MyHead())
"""

import torch
from zoo_registry.component import ComponentSpec, DistillerSpec, QuantizerSpec, SourceSpec, WeigherSpec
from zoo_registry.learned import LearnedQuantizerSpec
from zoo_registry.registry import Registry
from zoo_registry.roles import ROLES
from zoo_registry.shapes import Shape
from zoo_registry.text import EmbedSpec, TextSpec

from zoo.contracts import Decoder
from zoo.data.sources import read
from zoo.testing import checks, quantizer_checks, spec_checks
from zoo.testing.card_checks import check_model_card
from zoo.testing.channelwise_checks import check_channelwise
from zoo.testing.lesson_checks import check_lessons
from zoo.testing.maintenance_checks import FOR_CARE, with_care
from zoo.testing.recording_checks import check_recording
from zoo.testing.resizing_checks import check_resizing
from zoo.testing.samples import NormalWindows, adapt
from zoo.testing.source_checks import FOR_SOURCES
from zoo.testing.text_checks import check_embedder, check_text
from zoo.testing.trials import (
    DecoderTrial,
    EncoderTrial,
    FusionTrial,
    HeadTrial,
    ImageTrial,
    PerChannelTrial,
    QuantizerTrial,
    trial_of,
)

__all__ = ["NormalWindows", "adapt", "check_component", "check_model_card", "check_recording", "every_component"]


def check_component(
    spec: ComponentSpec, x: Shape | None = None, *, series: Shape | None = None, classes: int = 3
) -> None:
    """Check a component against its contract on a small random batch; raises AssertionError for a violation.

    ``x`` is the first argument of the spec's ``build``: a signal `c t`, an image `c h w`, tokens `c n d` or codes
    `c n q k`; by default a small shape that suits the role. ``series`` `c t` is the target of a decoder, and
    ``classes`` the number of classes of a head. The default random generator is left unchanged.

    A source is checked on the data that it names: a few windows of at least two classes are enough.
    """
    spec_checks.check_contract(spec)
    spec_checks.check_json(spec)
    spec_checks.check_bounds(spec)
    if isinstance(spec, SourceSpec):
        raw = read(spec)
        for rule in FOR_SOURCES:
            rule(spec, raw)
        return
    if isinstance(spec, DistillerSpec | WeigherSpec):
        check_lessons(spec)
        return
    if isinstance(spec, TextSpec):
        check_text(spec)
        return
    if isinstance(spec, EmbedSpec):
        check_embedder(spec)
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trial = trial_of(spec, x, series, classes)
        module = trial.ready()
        for check in checks.FOR_ALL:
            check(trial, module)
        check_resizing(trial, module)
        if isinstance(trial, FusionTrial | EncoderTrial | DecoderTrial) and trial.spec.channelwise:
            check_channelwise(trial)
        if isinstance(trial, DecoderTrial) and isinstance(module, Decoder) and module.reads_table:
            checks.check_code_table(trial, module)
        if isinstance(trial, ImageTrial) and trial.spec.cached:
            checks.check_cached(trial, module)
        if isinstance(trial, HeadTrial):
            checks.check_linear(trial, module)
            checks.check_taps(trial, module)
        if isinstance(trial, QuantizerTrial) and isinstance(spec, QuantizerSpec):
            check_channelwise(trial)
            _check_quantizer(trial)
            _check_quantizer(PerChannelTrial(spec, trial.x))
        if isinstance(trial, QuantizerTrial) and isinstance(spec, LearnedQuantizerSpec):
            _check_care(with_care(spec), trial.x)


def _check_quantizer(trial: QuantizerTrial) -> None:
    module = trial.ready()
    for check in (*quantizer_checks.FOR_QUANTIZERS, checks.check_shapes, checks.check_masks, checks.check_padding):
        check(trial, module)


def _check_care(spec: LearnedQuantizerSpec, x: Shape) -> None:
    for trial in (QuantizerTrial(spec, x), PerChannelTrial(spec, x)):
        _check_quantizer(trial)
        check_resizing(trial, trial.ready())
    for check in FOR_CARE:
        check(QuantizerTrial(spec, x))


def every_component(registry: Registry) -> list[ComponentSpec]:
    """Every installed component with its defaults, by role and kind, to parametrize a test over.

    Sources are left out, and so is all else that reads a `path`, because there is nothing by default.
    """
    roles = [role for role in ROLES if role != SourceSpec.role]
    specs = (registry.find(kind) for role in roles for kind in registry.kinds(role))
    return [spec.model_validate({}) for spec in specs if "path" not in spec.model_fields]
