"""Every combination of installed components is refused in one line, or builds and takes a training step."""

import itertools
import os
import random
from collections.abc import Iterator

import pytest
import torch
from tiny import REGISTRY, tiny
from zoo_registry import ModelSpec, ZooError, roles_of

from zoo.model.assembly import ZooModel
from zoo.testing import adapt

INPUT = {"channels": 2, "length": 64, "classes": 3}

ROLES = [role for role in roles_of("model") if role != "text"]
Combination = tuple[str | None, ...]
"""A kind or None for each role, then the codebook and the scale."""


def every_combination() -> Iterator[Combination]:
    """Each kind or none for every role but text, which only adds losses, with both codebooks and both scales."""
    kinds = [[None, *REGISTRY.kinds(role)] for role in ROLES]
    return itertools.product(*kinds, ["shared", "per_channel"], ["instance", "none"])


def spec_of(combination: Combination) -> ModelSpec:
    """The model spec of a combination; raises ZooError where it is refused."""
    *kinds, codebook, scale = combination
    parts = {role: {"kind": k, **tiny(k)} for role, k in zip(ROLES, kinds, strict=True) if k is not None}
    return REGISTRY.model({"input": INPUT, "codebook": codebook, "scale": scale, **parts})


def fits(combination: Combination) -> bool:
    """Whether the combination is valid; an invalid one must be refused in one line with a hint."""
    try:
        spec_of(combination)
    except ZooError as error:
        line, hint = str(error), error.hint
        assert line.isprintable()
        assert hint
        return False
    return True


@pytest.fixture(scope="module")
def valid() -> list[Combination]:
    """Every combination that is not refused."""
    return [combination for combination in every_combination() if fits(combination)]


def pairs(combination: Combination) -> set[tuple[tuple[int, str | None], ...]]:
    """Every two choices that occur together in the combination."""
    return set(itertools.combinations(enumerate(combination), 2))


def covering(combinations: list[Combination]) -> list[Combination]:
    """A few of the combinations that cover every pair of choices in any of them."""
    shuffled = random.Random(0).sample(combinations, len(combinations))
    wanted = set().union(*map(pairs, combinations))
    taken: list[Combination] = []
    for gain in (28, 24, 20, 16, 12, 8, 6, 4, 3, 2, 1):
        for combination in shuffled:
            if len(found := pairs(combination) & wanted) >= gain:
                taken.append(combination)
                wanted -= found
    return taken


def learn_all(combinations: list[Combination]) -> None:
    """Train each for one step; an error is reported with its combination."""
    for combination in combinations:
        try:
            learn(spec_of(combination))
        except Exception as error:
            error.add_note(f"in the combination {' + '.join(part for part in combination if part)}")
            raise


def learn(spec: ModelSpec) -> None:
    """Build the model and take a training step on a batch with a gap."""
    torch.manual_seed(0)
    model = ZooModel(spec).train()
    adapt(model, model.trace.signal)
    x = torch.randn(3, INPUT["channels"], INPUT["length"])
    mask = torch.ones_like(x, dtype=torch.bool)
    mask[1, :, 40:] = False
    output = model(x, mask, torch.tensor([0, 1, 2]))
    terms = {name: value for name, value in output.losses.items() if "." not in name}
    assert terms.keys() == spec.terms().keys()
    given = [*terms.values(), *([output.tokens.values.mean()] if output.tokens else [])]
    total = torch.stack(given).sum()
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert total.requires_grad == bool(learning)
    if learning:
        optimizer = torch.optim.AdamW(learning, lr=1e-3)
        total.backward()
        optimizer.step()
        gradients = [parameter.grad for parameter in learning if parameter.grad is not None]
        assert gradients
        assert all(gradient.isfinite().all() for gradient in gradients)
    if model.quantizer is not None and output.quantized is not None and output.quantized.stats is not None:
        model.quantizer.update(output.quantized.stats)
    assert all(value.isfinite().all() for value in model.state_dict().values())
    real = {"tokens": output.tokens and output.tokens.values, "recon": output.x_recon, "logits": output.logits}
    for stage, shape in spec.trace().stages():
        if stage in real:
            assert real[stage].shape[1:] == shape.sizes


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_every_kind_is_in_a_valid_combination(valid, role):
    index = ROLES.index(role)
    assert {combination[index] for combination in valid} == {None, *REGISTRY.kinds(role)}


@pytest.mark.slow
def test_combinations_that_cover_every_pair_learn(valid):
    few = covering(valid)
    assert set().union(*map(pairs, few)) == set().union(*map(pairs, valid))
    learn_all(few)


def in_turn(combinations: list[Combination]) -> list[Combination]:
    """Each choice of components once, with its codebooks and scales in rotation."""
    variants: dict[Combination, list[Combination]] = {}
    for combination in combinations:
        variants.setdefault(combination[: len(ROLES)], []).append(combination)
    return [found[turn % len(found)] for turn, found in enumerate(variants.values())]


@pytest.mark.slow
@pytest.mark.parametrize("encoder", [None, *REGISTRY.kinds("encoder")])
def test_every_valid_choice_of_components_learns(valid, encoder):
    """Every 64th of them; all with ZOO_CASES=all. The test above covers every pair of components."""
    place = ROLES.index("encoder")
    step = 1 if os.environ.get("ZOO_CASES") == "all" else 64
    learn_all([combination for combination in in_turn(valid) if combination[place] == encoder][::step])


SWAPS = [
    ("fusion", ["fusion.flatten", "fusion.conv", "fusion.mean", "fusion.attention", "fusion.channelwise"]),
    ("quantizer", REGISTRY.kinds("quantizer")),
    ("head", ["heads.token-linear", "heads.histogram-linear", "wrn.recon", "wrn.signal", "bag.recon", "bag.signal"]),
]


@pytest.mark.parametrize(("role", "kind"), [(role, kind) for role, kinds in SWAPS for kind in kinds])
def test_a_component_is_swapped_by_changing_its_kind(role, kind):
    """With every field omitted, as in a user's first spec for windows of 500 samples."""
    spec = {
        "input": {"channels": 3, "length": 500, "classes": 18},
        "encoder": {"kind": "vqshape.encoder"},
        "quantizer": {"kind": "vqshape.codebook"},
        "decoder": {"kind": "vqshape.decoder"},
        "head": {"kind": "wrn.recon"},
    }
    trace = REGISTRY.model({**spec, role: {"kind": kind}}).trace()
    assert str(trace.recon) == "(c=3, t=500)"
    assert str(trace.logits) == "(k=18)"
