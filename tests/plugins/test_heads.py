"""Linear heads on tokens and code histograms, and every combination of these plugins' components."""

import itertools
import math
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import zoo_conv
import zoo_fusion
import zoo_heads
import zoo_quantizers
from torch import Tensor
from zoo_heads import HistogramLinear, TokenLinear
from zoo_heads.running import RunningStandardize
from zoo_registry import Registry, Shape, ShapeError

from zoo.contracts import Attributes, Head, LinearHead, Output, Quantized, Scale, Tokens, histogram
from zoo.model.assembly import ZooModel

FEATURES, CODES = Shape.of("c n d", 2, 5, 4), Shape.of("c n q k", 2, 5, 3, 7)
POOLS = ["none", "moments"]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def values(seed: int = 0, batch: int = 6) -> Tensor:
    return torch.randn(batch, 2, 5, 4, generator=generator(seed)) * 3 + 2


def holes(seed: int = 1, batch: int = 6) -> Tensor:
    return torch.rand(batch, 2, 5, generator=generator(seed)) > 0.3


def output(tokens: Tensor, mask: Tensor | None = None, codes: Tensor | None = None) -> Output:
    quantized = None if codes is None else Quantized(tokens, codes, tokens)
    return Output(x=torch.zeros(len(tokens), 2, 20), tokens=Tokens(tokens, mask), quantized=quantized)


def token_head(dropout: float = 0.0, pool: str = "moments") -> Head:
    torch.manual_seed(0)
    return TokenLinear(dropout=dropout, pool=pool).build(FEATURES, 3)


def histogram_head() -> Head:
    torch.manual_seed(0)
    return HistogramLinear().build(CODES, 3)


def some_codes(batch: int = 6) -> Tensor:
    return torch.randint(0, 7, (batch, 2, 5, 3), generator=generator(3))


# running statistics


def test_running_statistics_use_only_real_rows() -> None:
    standardize, mask = RunningStandardize(10, 4), holes().flatten(1)
    mask[:, 0] = False
    x = values().flatten(1, 2)
    found = standardize(x, mask)
    for group in range(1, 10):
        rows = x[mask[:, group], group].numpy()
        np.testing.assert_allclose(standardize.mean[group], rows.mean(0), rtol=1e-5)
        np.testing.assert_allclose(standardize.var[group], rows.var(0), rtol=1e-4)
        expected = (rows - rows.mean(0)) / np.sqrt(rows.var(0) + 1e-5)
        np.testing.assert_allclose(found[mask[:, group], group], expected, rtol=1e-3, atol=1e-4)
    assert not bool(found[~mask].any())
    assert standardize.mean[0].tolist() == [0] * 4
    assert standardize.var[0].tolist() == [1] * 4


def test_first_batches_have_equal_weight_then_old_ones_decay() -> None:
    standardize = RunningStandardize(1, 1)
    batches = [torch.randn(8, 1, 1, generator=generator(seed)) + seed for seed in range(10)]
    for batch in batches:
        standardize(batch)
    everything = torch.cat(batches)
    torch.testing.assert_close(standardize.mean.squeeze(), everything.mean())
    torch.testing.assert_close(standardize.var.squeeze(), everything.var(correction=0))
    before = standardize.mean.item()
    standardize(torch.full((8, 1, 1), 100.0))
    assert standardize.mean.item() == pytest.approx(0.9 * before + 0.1 * 100)


def test_statistics_are_constant_in_eval_mode_and_used_in_both_modes() -> None:
    head = token_head()
    head(output(values()))
    before = {key: value.clone() for key, value in head.state_dict().items()}
    train = head(output(values(), holes()))
    assert not torch.equal(before["standardize.mean"], head.state_dict()["standardize.mean"])
    settled = {key: value.clone() for key, value in head.state_dict().items()}
    judged = head.eval()(output(values(), holes()))
    assert torch.equal(judged, train)
    head(output(values(9)))
    assert all(torch.equal(settled[key], value) for key, value in head.state_dict().items())
    other = token_head().eval()
    other.load_state_dict(head.state_dict())
    assert torch.equal(other(output(values(9))), head(output(values(9))))


# token-linear


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("train", [True, False])
def test_token_linear_ignores_padded_tokens(train: bool, pool: str) -> None:
    mask, heads = holes(), [token_head(pool=pool).train(train) for _ in range(2)]
    dirty = torch.where(mask[..., None], values(), float("nan"))
    assert torch.equal(heads[0](output(values(), mask)), heads[1](output(dirty, mask)))
    full = torch.ones_like(mask)
    assert torch.equal(token_head(pool=pool)(output(values())), token_head(pool=pool)(output(values(), full)))


def attributes() -> Attributes:
    """Attributes, with one sigma below the floor and one below 0."""
    names = ("t", "l", "mu", "sigma")
    return {name: torch.randn(6, 2, 5, generator=generator(seed)) for seed, name in enumerate(names)}


def scale() -> Scale:
    return Scale(torch.randn(6, 2, 1, generator=generator(7)) * 9, torch.rand(6, 2, 1, generator=generator(8)) + 0.5)


def test_token_linear_reads_quantized_values_and_attributes_unchanged() -> None:
    head = TokenLinear(pool="none", units="scale").build(FEATURES.replace(d=8), 3).eval()
    assert isinstance(head, LinearHead)
    quantized = Quantized(values(5), some_codes(), values(5))
    tokens = Tokens(values(), None, attributes())
    found = head(Output(x=values(), tokens=tokens, quantized=quantized, scale=scale()))
    plain = torch.cat([values(5), torch.stack(list(attributes().values()), -1)], -1) / (1 + 1e-5) ** 0.5
    expected = plain.flatten(1) @ head.classify.weight.T + head.classify.bias
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("scaled", [True, False])
def test_features_in_the_units_of_the_data_undo_the_scale(pool: str, scaled: bool) -> None:
    """The mean and log deviation of each token as measured on the signal itself, and those of its series."""
    head = TokenLinear(pool=pool).build(FEATURES.replace(d=8), 3).eval()
    assert isinstance(head, LinearHead)
    t, length, mu, sigma = attributes().values()
    off = scale() if scaled else Scale(torch.zeros(6, 2, 1), torch.ones(6, 2, 1))
    tokens = Tokens(values(), None, {"t": t, "l": length, "mu": mu, "sigma": sigma})
    found = head.features(Output(x=values(), tokens=tokens, scale=off if scaled else None)) * (1 + 1e-5) ** 0.5
    units = [t, length, off.mean + mu * off.std, (sigma.clamp(min=0.01) * off.std).log()]
    read = torch.cat([values(), torch.stack(units, -1)], -1)
    if pool == "moments":
        read = torch.cat([read.mean(2), read.std(2, correction=0)], -1)
    own = torch.cat([off.mean, off.std.log()], -1)
    torch.testing.assert_close(found, torch.cat([read.flatten(1), own.flatten(1)], 1), rtol=1e-4, atol=1e-4)


def test_pooled_series_are_never_mixed_and_lose_only_positions() -> None:
    head = token_head().eval()
    assert isinstance(head, LinearHead)
    one = head.features(output(values(), holes()))
    turned = head.features(output(values().flip(2), holes().flip(2)))
    torch.testing.assert_close(one, turned)
    other = values()
    other[:, 1] += 5
    changed = head.features(output(other, holes())) != one
    assert not changed[:, : changed.shape[1] // 2 - 2].any()
    assert changed.any()


@pytest.mark.parametrize("pool", POOLS)
def test_a_series_without_real_tokens_gives_zeros(pool: str) -> None:
    head, mask = TokenLinear(pool=pool).build(FEATURES, 3).eval(), torch.ones(6, 2, 5, dtype=torch.bool)
    assert isinstance(head, LinearHead)
    mask[2, 0] = False
    found = head.features(output(values(), mask))
    assert bool(found.isfinite().all())
    assert not found[2, : (found.shape[1] - 4) // 2].any()


def test_an_image_has_tokens_but_no_series_of_its_own() -> None:
    head = TokenLinear().build(FEATURES.replace(c=1), 3)
    assert isinstance(head, LinearHead)
    given = Output(x=values(), tokens=Tokens(values()[:, :1]), scale=scale())
    assert not head.features(given)[:, -2:].any()


def test_token_linear_applies_dropout_only_in_training() -> None:
    head = token_head(dropout=0.9).eval()
    assert torch.equal(head(output(values())), head(output(values())))
    torch.manual_seed(0)
    assert not torch.allclose(head.train()(output(values())), head(output(values())))


@pytest.mark.parametrize("pool", POOLS)
def test_gradient_reaches_tokens(pool: str) -> None:
    tokens = values().requires_grad_()
    token_head(pool=pool)(output(tokens)).square().sum().backward()
    assert tokens.grad is not None
    assert float(tokens.grad.abs().min(0).values.max()) > 0


# histogram-linear


def test_histogram_counts_codes_of_real_tokens() -> None:
    codes, mask = some_codes(), holes()
    mask[0, 0] = False
    found = histogram(codes, mask, 7)
    for b, c, q, k in itertools.product(range(6), range(2), range(3), range(7)):
        real = codes[b, c, mask[b, c], q]
        assert found[b, c, q, k] == (real == k).sum()
    assert found.dtype == torch.int64
    assert torch.equal(histogram(codes, None, 7), histogram(codes, torch.ones_like(mask), 7))


def test_histogram_linear_ignores_padded_tokens_and_order() -> None:
    head, mask, codes = histogram_head().eval(), holes(), some_codes()
    other = torch.where(mask[..., None], codes, 0)
    assert torch.equal(head(output(values(), mask, codes)), head(output(values(), mask, other)))
    turned = head(output(values(), mask.flip(-1), codes.flip(2)))
    assert torch.equal(turned, head(output(values(), mask, codes)))


def test_histogram_linear_is_linear_in_shares() -> None:
    head = histogram_head().eval()
    shares = histogram(some_codes(), None, 7) / 5 / (1 + 1e-5) ** 0.5
    expected = shares.flatten(1) @ head.classify.weight.T + head.classify.bias
    torch.testing.assert_close(head(output(values(), None, some_codes())), expected)


def test_absurd_sizes_are_refused() -> None:
    with pytest.raises(
        ShapeError, match=r"head: expected \d+ features at most for a linear map, found \d+ from tokens"
    ):
        TokenLinear(pool="none").check(Shape.of("c n d", 4096, 10_000, 512))
    TokenLinear().check(Shape.of("c n d", 4096, 10_000, 512))
    with pytest.raises(ShapeError, match="fewer codes"):
        HistogramLinear().check(Shape.of("c n q k", 4096, 10, 1, 65536))
    TokenLinear(pool="none").check(Shape.of("c n d", 6, 64, 512))


# every combination


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    plugins: list[tuple[ModuleType, str]] = [
        (zoo_conv, "conv"),
        (zoo_fusion, "fusion"),
        (zoo_heads, "heads"),
        (zoo_quantizers, "quantizers"),
    ]
    for plugin, name in plugins:
        registry.register(plugin, name)
    return registry


FUSIONS: list[Any] = [
    None,
    {"kind": "fusion.channelwise"},
    {"kind": "fusion.flatten"},
    {"kind": "fusion.flatten", "order": "time"},
    {"kind": "fusion.mean"},
    {"kind": "fusion.conv", "channels": 2},
    {"kind": "fusion.attention"},
]
QUANTIZERS: list[Any] = [
    None,
    *({"kind": f"quantizers.{name}"} for name in ("ema", "cosine", "residual", "fsq", "lfq")),
]
DECODERS: list[Any] = [None, {"kind": "conv.decoder", "dim": 8}]
HEADS: list[Any] = [None, {"kind": "heads.token-linear"}, {"kind": "heads.histogram-linear"}]


def combinations() -> Iterator[dict[str, Any]]:
    encoder = {"kind": "conv.encoder", "dim": 8}
    size = {"channels": 3, "length": 22, "classes": 4}
    books = ("shared", "per_channel")
    for fusion, quantizer, decoder, head, book in itertools.product(FUSIONS, QUANTIZERS, DECODERS, HEADS, books):
        reads_codes = head is not None and head["kind"] == "heads.histogram-linear"
        if (quantizer is None and (reads_codes or book == "per_channel")) or (decoder is None and head is None):
            continue
        parts = {"fusion": fusion, "encoder": encoder, "quantizer": quantizer, "decoder": decoder, "head": head}
        yield {"input": size, "codebook": book} | {role: part for role, part in parts.items() if part is not None}


@pytest.mark.slow
def test_combinations_learn_a_step(registry: Registry) -> None:
    """Every fifth of them, by turns in half precision and with gaps."""
    x = torch.randn(4, 3, 22, generator=generator(0))
    mask, target = torch.rand(4, 3, 22, generator=generator(1)) > 0.3, torch.tensor([0, 1, 2, 3])
    walked = 0
    for data in itertools.islice(combinations(), None, None, 5):
        torch.manual_seed(0)
        model = ZooModel(registry.model(data))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=walked % 3 == 0):
            found = model(x, mask if walked % 2 else None, target)
        terms = {name: term for name, term in found.losses.items() if "." not in name}
        assert set(terms) == set(model.spec.terms()), data
        total = torch.stack(list(terms.values())).sum()
        total.backward()
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        assert gradients, data
        assert all(bool(gradient.isfinite().all()) for gradient in gradients), data
        if found.quantized is not None and found.quantized.stats is not None and model.quantizer is not None:
            model.quantizer.update(found.quantized.stats)
        judged = model.eval()(x)
        assert judged.logits is None or judged.logits.shape == (4, 4), data
        assert judged.x_recon is None or judged.x_recon.shape == x.shape, data
        walked += 1
    assert walked == math.ceil(7 * (5 * 2 * 5 + 3) / 5)
