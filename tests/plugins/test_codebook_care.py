"""Initialisation by k-means, resets of dead codes, entropy and orthogonality, in every learned codebook."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy
from some_tokens import TOKENS, assert_same_terms, built, holes, name, same, some, state
from torch import Tensor
from torch.nn import functional as F
from zoo_quantizers import EMA, Cosine, Residual
from zoo_registry import LearnedQuantizerSpec
from zoo_vqshape import CodebookSpec

from zoo.contracts import Quantizer, Stats
from zoo.contracts.kmeans import lloyd

CODES = 5
LEARNED = [EMA(codes=CODES), Cosine(codes=CODES), Residual(codes=CODES, levels=3), CodebookSpec(codes=CODES)]
learned = pytest.mark.parametrize("spec", LEARNED, ids=name)


def quantizer_with(spec: LearnedQuantizerSpec, **fields: object) -> Quantizer:
    return built(spec.model_copy(update=fields)).train()


def codes_of(quantizer: Quantizer) -> Tensor:
    """`(q k e)`."""
    tensors = quantizer.state_dict()
    return tensors["codebook.codes"] if "codebook.codes" in tensors else tensors["embedding.weight"][None]


def put(quantizer: Quantizer, codes: Tensor) -> None:
    """Give ``quantizer`` these codes, each with the weight of one token."""
    tensors = quantizer.state_dict()
    if "codebook.codes" in tensors:
        tensors["codebook.counts"].fill_(1)
        tensors["codebook.sums"].copy_(codes)
    codes_of(quantizer).copy_(codes)


def step(quantizer: Quantizer, *batches: tuple[Tensor, Tensor | None], seed: int = 0) -> None:
    """One optimizer step over accumulated ``batches``, for the statistics only."""
    stats: Stats = {}
    for values, mask in batches:
        found = quantizer(values, mask).stats
        stats = quantizer.merge(stats, found) if stats else found
    torch.manual_seed(seed)
    quantizer.update(stats)


def latents(quantizer: Quantizer, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Real tokens that the first level receives, `(m e)`."""
    found = quantizer(values, mask).latents.detach()
    return found.flatten(0, -2) if mask is None else found[mask]


def apart(one: Tensor, other: Tensor) -> Tensor:
    return (one[:, None] - other).norm(dim=-1)


# Without these options


@learned
def test_without_options_no_extra_state_is_kept(spec: LearnedQuantizerSpec) -> None:
    quantizer = built(spec).train()
    assert not any("care" in key for key in quantizer.state_dict())
    assert quantizer(some()).stats.keys() <= {"counts", "sums"}
    assert quantizer.moves == (not isinstance(spec, CodebookSpec))


# Initialisation


@learned
def test_codes_start_as_means_of_the_first_tokens(spec: LearnedQuantizerSpec) -> None:
    quantizer = quantizer_with(spec, start="kmeans")
    assert float(codes_of(quantizer).abs().sum()) == 0
    values, mask = some(20), holes(20)
    step(quantizer, (values, mask))
    left, unit = latents(quantizer, values, mask), isinstance(spec, Cosine)
    for level in codes_of(quantizer):
        torch.testing.assert_close(lloyd(left, level, unit).vectors, level, atol=1e-5, rtol=1e-5)
        assert int((lloyd(left, level).counts > 0).sum()) == CODES
        left = left - level[apart(left, level).argmin(1)]


@learned
def test_initialisation_uses_the_whole_step_and_nothing_else(spec: LearnedQuantizerSpec) -> None:
    """Accumulated batches count as one; padded tokens may hold anything; it happens once, and only in training."""
    values, mask = some(6), holes(6)
    dirty = torch.where(mask[..., None], values, torch.nan)
    whole, parts = quantizer_with(spec, start="kmeans"), quantizer_with(spec, start="kmeans")
    assert whole.eval()(values, mask).stats is None
    step(whole.train(), (values, mask))
    step(parts, (dirty[:1], mask[:1]), (dirty[1:4], mask[1:4]), (dirty[4:], mask[4:]))
    assert_same_terms(state(whole), state(parts))
    torch.testing.assert_close(whole(values, mask).codes[mask], parts(values, mask).codes[mask])
    started = codes_of(whole).clone()
    again = quantizer_with(spec)
    again.load_state_dict(whole.state_dict())
    step(whole, (some(6, seed=7), None))
    step(again, (some(6, seed=7), None))
    assert same(state(whole), state(again))
    assert float((codes_of(whole) - started).abs().max()) < 1


@learned
def test_initialisation_waits_for_a_real_token(spec: LearnedQuantizerSpec) -> None:
    quantizer = quantizer_with(spec, start="kmeans")
    step(quantizer, (some(), torch.zeros(3, *TOKENS.sizes[:2], dtype=torch.bool)))
    assert float(codes_of(quantizer).abs().sum()) == 0
    step(quantizer, (some(), None))
    assert int((codes_of(quantizer).abs().sum(-1) > 0).sum()) >= CODES


@pytest.mark.parametrize("spec", LEARNED[:3], ids=name)
def test_moving_averages_start_consistent_with_the_codes(spec: LearnedQuantizerSpec) -> None:
    """Counts hold how many tokens of a step a code has, so that the next update moves it normally."""
    quantizer = quantizer_with(spec, start="kmeans", decay=0.9)
    values = some(20)
    step(quantizer, (values, None))
    book = quantizer.codebook
    torch.testing.assert_close(book.sums, book.codes * book.counts[..., None])
    counts = quantizer(values).stats["counts"]
    torch.testing.assert_close(book.counts[0], counts[0].clamp(min=1))
    before = book.codes.clone()
    step(quantizer, (values, None))
    assert float((book.codes[0] - before[0]).abs().max()) < 1e-4


# Resets


def far_away(quantizer: Quantizer) -> Tensor:
    """Codes of which all but the first two lie far from any token."""
    codes = torch.full_like(codes_of(quantizer), 1e3)
    codes[:, 0], codes[:, 1] = 0.5, -0.5
    if isinstance(quantizer.state_dict().get("codebook.sums"), Tensor) and quantizer.codebook.unit:
        return F.normalize(codes, dim=-1)
    return codes


NOT_ON_A_SPHERE = [spec for spec in LEARNED if not isinstance(spec, Cosine)]


@pytest.mark.parametrize("spec", NOT_ON_A_SPHERE, ids=name)
@pytest.mark.parametrize("patience", [1, 4])
def test_an_unused_code_is_moved_to_a_token_after_its_patience(spec: LearnedQuantizerSpec, patience: int) -> None:
    quantizer = quantizer_with(spec, reset_after=patience)
    put(quantizer, far_away(quantizer))
    values, mask = some(6), holes(6)
    for _ in range(patience - 1):
        step(quantizer, (values, mask))
        assert float(codes_of(quantizer)[:, 2:].abs().min()) > 100
    step(quantizer, (values, mask))
    first = codes_of(quantizer)[0, 2:]
    nearest = apart(first, latents(quantizer, values, mask)).min(1).values
    torch.testing.assert_close(nearest, torch.zeros(CODES - 2), atol=1e-5, rtol=0)
    assert len(first.unique(dim=0)) == CODES - 2
    assert float(codes_of(quantizer).abs().max()) < 100
    used = quantizer.eval()(values, mask).codes[mask][:, 0].unique()
    assert set(range(2, CODES)) <= set(used.tolist())


def test_reset_codes_stay_on_the_sphere() -> None:
    quantizer = quantizer_with(Cosine(codes=CODES), reset_after=3)
    values = some(6).abs()
    put(quantizer, F.normalize(torch.cat([torch.ones(1, 1, 4), -torch.rand(1, CODES - 1, 4) - 1], 1), dim=-1))
    for _ in range(2):
        step(quantizer, (values, None))
        assert len(quantizer(values).codes.unique()) == 1
    step(quantizer, (values, None))
    assert len(quantizer(values).codes.unique()) == CODES
    torch.testing.assert_close(codes_of(quantizer).norm(dim=-1), torch.ones(1, CODES))


@pytest.mark.parametrize("spec", NOT_ON_A_SPHERE[:2], ids=name)
def test_averages_of_a_reset_code_are_consistent_with_it(spec: LearnedQuantizerSpec) -> None:
    quantizer = quantizer_with(spec, reset_after=1)
    put(quantizer, far_away(quantizer))
    step(quantizer, (some(6), None))
    book = quantizer.codebook
    torch.testing.assert_close(book.sums[:, 2:], book.codes[:, 2:] * book.counts[:, 2:, None])
    # With the average weight of the codes before the reset, it has its patience, and moves on from its new place.
    assert float(book.counts[:, 2:].min()) > 0
    assert float(book.care.use[:, 2:].min()) == 1
    torch.testing.assert_close(book.settle()[:, 2:], book.codes[:, 2:], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_code_is_dead_below_its_share_of_uniform_use(share: float) -> None:
    """The first of two codes has one token of 32, a use of 1/16."""
    quantizer = quantizer_with(CodebookSpec(codes=2), reset_after=10, reset_below=share)
    put(quantizer, torch.tensor([[[5.0] * 4, [0.0] * 4]]))
    values = torch.zeros(1, 2, 16, 4)
    values[0, 0, 0] = 5
    for _ in range(200):
        step(quantizer, (values, None))
    torch.testing.assert_close(float(codes_of(quantizer)[0, 0, 0]), 5.0 if share == 0.05 else 0.0)


@learned
def test_accumulated_batches_reset_as_one(spec: LearnedQuantizerSpec) -> None:
    fields = {"start": "kmeans", "reset_after": 2, "reset_below": 0.4}
    whole, parts = quantizer_with(spec, **fields), quantizer_with(spec, **fields)
    moved = 0
    for seed in range(12):
        scale = torch.tensor([1.0, 0.2, 3.0, 1.0])[seed % 4]
        values, mask = some(6, seed) * scale + seed, holes(6, seed)
        before = codes_of(whole).clone()
        step(whole, (values, mask), seed=seed)
        step(parts, (values[:2], mask[:2]), (values[2:], mask[2:]), seed=seed)
        assert_same_terms(state(whole), state(parts))
        moved += int((whole.state_dict()[use_of(whole)] == 1).any() and not torch.equal(before, codes_of(whole)))
    assert moved > 1


def use_of(quantizer: Quantizer) -> str:
    return next(key for key in quantizer.state_dict() if key.endswith("care.use"))


@learned
def test_a_frozen_codebook_is_unchanged(spec: LearnedQuantizerSpec) -> None:
    quantizer = quantizer_with(spec, start="kmeans", reset_after=1)
    before = state(quantizer)
    assert quantizer.eval()(some(), holes()).stats is None
    assert same(state(quantizer), before)


# Loss terms


@pytest.mark.parametrize("spec", LEARNED[:3], ids=name)
def test_the_entropy_part_is_that_of_soft_assignments(spec: LearnedQuantizerSpec) -> None:
    quantizer = quantizer_with(spec, entropy=0.3, diversity=0.6, temperature=0.5).double()
    values, mask = some().double().requires_grad_(), holes()
    found = quantizer(values, mask)
    terms = quantizer.losses(found, mask)
    left, parts = found.latents[mask], []
    for level, codes in enumerate(codes_of(quantizer)):
        p = softmax(-(left[:, None] - codes).square().sum(-1).detach().numpy() / 0.5, -1)
        parts.append(entropy(p, axis=-1).mean() - 0.6 * entropy(p.mean(0)))
        left = left - codes[found.codes[mask][:, level]]
    np.testing.assert_allclose(terms["z.entropy"].item(), np.mean(parts))
    torch.testing.assert_close(terms["z"], 0.25 * terms["z.commit"] + 0.3 * terms["z.entropy"])
    (gradient,) = torch.autograd.grad(terms["z.entropy"], values)
    assert float(gradient[mask].abs().max()) > 0
    assert float(gradient[~mask].abs().max()) == 0


@learned
def test_parts_exist_where_they_have_weight_and_add_up_to_the_term(spec: LearnedQuantizerSpec) -> None:
    followed = not isinstance(spec, CodebookSpec)
    more = quantizer_with(spec, **({"entropy": 0.5} if followed else {"orthogonal_weight": 0.5}))
    extra = "z.entropy" if followed else "z.orthogonal"
    plain = quantizer_with(spec)
    for quantizer in (plain, more):
        terms = dict(quantizer.losses(quantizer(some())))
        weights = quantizer.part_weights()
        assert terms.keys() == {"z", *weights}
        torch.testing.assert_close(terms["z"], torch.stack([w * terms[part] for part, w in weights.items()]).sum())
    assert more.part_weights().keys() - plain.part_weights().keys() == {extra}


def test_orthogonality_is_the_mean_squared_cosine_and_spreads_codes() -> None:
    quantizer = quantizer_with(CodebookSpec(codes=4), orthogonal_weight=1.0).double()
    weight = quantizer.embedding.weight
    terms = quantizer.losses(quantizer(some().double()))
    cosines = F.cosine_similarity(weight[:, None], weight[None], dim=-1)
    expected = (cosines.square().sum() - 4) / 12
    torch.testing.assert_close(terms["z.orthogonal"], expected)
    for _ in range(300):
        (gradient,) = torch.autograd.grad(quantizer.losses(quantizer(some().double()))["z.orthogonal"], weight)
        with torch.no_grad():
            weight -= 0.02 * gradient / gradient.norm().clamp(min=1e-12) * weight.norm()
    assert float(quantizer.losses(quantizer(some().double()))["z.orthogonal"].detach()) < 1e-3


@pytest.mark.slow
@learned
def test_all_options_compile_without_graph_breaks(spec: LearnedQuantizerSpec) -> None:
    quantizer = quantizer_with(spec, start="kmeans", reset_after=2)

    def learn(values: Tensor, mask: Tensor) -> tuple[Tensor, Stats, dict[str, Tensor]]:
        found = quantizer(values, mask)
        return found.codes, found.stats, dict(quantizer.losses(found, mask))

    torch._dynamo.reset()
    assert torch._dynamo.explain(learn)(some(), holes()).graph_break_count == 0
