"""The decoder of VQShape: the table of shapes against decoding every token, and the term `s` against its formula."""

import numpy as np
import pytest
import torch
from small_runs import PUBLISHED
from torch import Tensor
from zoo_registry import Registry, Shape
from zoo_vqshape import VQShapeDecoderSpec
from zoo_vqshape.attributes import stretch_attributes
from zoo_vqshape.decoder import VQShapeDecoder
from zoo_vqshape.drawing import smoothed

from zoo import ZooModel
from zoo.contracts import CodeTable, Decoded, Tokens, read_stretches

LENGTH, TOKENS, WIDTH, SAMPLES, ROWS = 20, 10, 3, 16, 4


def build(**fields) -> VQShapeDecoder:
    torch.manual_seed(0)
    small = {"dim": 8, "heads": 2, "layers": 2, "shape_samples": SAMPLES, "dropout": 0.0}
    spec = VQShapeDecoderSpec(**{**small, **fields})
    module = spec.build(Shape.of("c n d", 2, TOKENS, WIDTH), Shape.of("c t", 2, LENGTH))
    assert isinstance(module, VQShapeDecoder)
    return module.double()


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def placed(values: Tensor, mask: Tensor | None = None) -> Tokens:
    t, length, mu, sigma = random(4, *values.shape[:3], seed=5).requires_grad_().unbind()
    return Tokens(values, mask, stretch_attributes(t.sigmoid() * 0.9, length.sigmoid(), mu, sigma.exp()))


def coded() -> tuple[Tokens, CodeTable]:
    rows = random(ROWS, WIDTH, seed=2)
    index = torch.randint(ROWS, (3, 2, TOKENS), generator=torch.Generator().manual_seed(3))
    return placed(rows[index].requires_grad_()), CodeTable(rows, index)


def gradients(decoder: VQShapeDecoder, tokens: Tokens, table: CodeTable | None) -> list[Tensor]:
    """Shapes, series and the gradients of a random function of both with respect to every input and parameter."""
    decoded = decoder(tokens, table)
    total = (decoded.shapes * random(*decoded.shapes.shape, seed=6)).sin().sum() + decoded.series.square().sum()
    inputs = [tokens.values, tokens.attributes["mu"], tokens.attributes["sigma"], *decoder.parameters()]
    return [decoded.shapes, decoded.series, *torch.autograd.grad(total, inputs, retain_graph=True)]


@pytest.mark.parametrize("smooth", [1, 5])
def test_the_table_has_the_value_and_every_gradient_of_decoding_all_tokens(smooth):
    decoder = build(smooth=smooth)
    tokens, table = coded()
    assert table.rows.shape[0] * (1 + WIDTH) < table.index.numel()
    for found, expected in zip(gradients(decoder, tokens, table), gradients(decoder, tokens, None), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


class Calls:
    """Counts the vectors that a shape decoder receives."""

    def __init__(self, decoder: VQShapeDecoder) -> None:
        self.vectors = 0
        decoder.shapes.layers[0].register_forward_hook(self.count)

    def count(self, module: object, inputs: tuple[Tensor], output: Tensor) -> None:
        self.vectors += output.shape[0]


def test_a_table_is_decoded_once_and_its_jacobian_only_for_a_gradient():
    decoder, (tokens, table) = build(), coded()
    calls = Calls(decoder)
    with torch.no_grad():
        decoder(tokens, table)
    assert calls.vectors == ROWS
    decoder(tokens._replace(values=tokens.values.detach()), table)
    assert calls.vectors == 2 * ROWS
    decoder(tokens, table)
    assert calls.vectors == 4 * ROWS


@pytest.mark.parametrize("unused", [3, 7], ids=["worth it whole", "too large"])
def test_only_table_rows_in_use_are_decoded(unused):
    """Few codes of many: value and gradients equal those of decoding every token, at the cost of the few."""
    decoder, (tokens, few) = build(), coded()
    place = torch.arange(ROWS) * unused
    rows = random(unused * ROWS, WIDTH, seed=9)
    rows[place] = few.rows
    large = CodeTable(rows, place[few.index])
    for found, expected in zip(gradients(decoder, tokens, large), gradients(decoder, tokens, None), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    calls = Calls(decoder)
    decoder(tokens, large)
    assert calls.vectors == 2 * ROWS


def test_a_table_that_saves_nothing_is_not_used():
    """The Jacobian makes a row expensive in training; without gradients a row costs as much as a token."""
    decoder, (tokens, _) = build(), coded()
    number = tokens.values[..., 0].numel()
    half = number // 2
    index = (torch.arange(number) % half).view(3, 2, TOKENS)
    rows = random(half, WIDTH)
    for table, frozen_cost in ((CodeTable(rows, index), half), (CodeTable(random(number, WIDTH), index * 2), half)):
        calls = Calls(decoder)
        decoder(tokens, table)
        assert calls.vectors == number
        with torch.no_grad():
            decoder(tokens, table)
        assert calls.vectors == number + frozen_cost


@pytest.mark.parametrize("codebook", ["shared", "per_channel"])
def test_the_whole_model_learns_the_same_with_and_without_the_table(codebook, monkeypatch):
    torch.manual_seed(0)
    small = {"dim": 8, "heads": 2, "layers": 1, "dropout": 0.0}
    encoder = {
        "kind": "vqshape.encoder",
        **PUBLISHED,
        "patches": 10,
        "tokenizer_heads": 2,
        "tokenizer_layers": 1,
        "code_dim": WIDTH,
    }
    spec = {
        "input": {"channels": 2, "length": LENGTH},
        "encoder": {**encoder, **small},
        "quantizer": {"kind": "vqshape.codebook", "codes": 3},
        "decoder": {"kind": "vqshape.decoder", "shape_samples": SAMPLES, **small},
        "codebook": codebook,
    }
    model = ZooModel(Registry.discover().model(spec)).double().eval()
    x = random(6, 2, LENGTH)

    def learn() -> list[Tensor]:
        losses = model(x).losses
        total = losses["x"] + losses["s"] + losses["z"] + losses["dist"]
        return list(torch.autograd.grad(total, list(model.parameters())))

    calls = Calls(model.decoder)
    quick = learn()
    assert calls.vectors < 6 * 2 * 10
    monkeypatch.setattr(model, "_code_table", lambda output: None)
    for found, expected in zip(quick, learn(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_shapes_are_standardised_then_scaled_and_moved():
    decoder, tokens = build(), placed(random(2, 2, TOKENS, WIDTH))
    shapes = decoder(tokens).shapes
    torch.testing.assert_close(shapes.mean(-1), tokens.attributes["mu"])
    torch.testing.assert_close(shapes.std(-1), tokens.attributes["sigma"], rtol=1e-5, atol=0)


def test_a_shape_depends_on_its_token_and_the_series_on_all():
    decoder, tokens = build().eval(), placed(random(1, 1, TOKENS, WIDTH))
    changed = tokens.values.detach().clone()
    changed[..., 0, :] += 1
    before, after = decoder(tokens), decoder(tokens._replace(values=changed))
    torch.testing.assert_close(after.shapes[..., 1:, :], before.shapes[..., 1:, :], rtol=0, atol=1e-12)
    assert not torch.allclose(after.series[..., 2:], before.series[..., 2:])


def test_padded_tokens_do_not_reach_the_series_of_real_ones():
    decoder, values = build().eval(), random(2, 2, TOKENS, WIDTH)
    mask = torch.ones(2, 2, TOKENS, dtype=torch.bool)
    mask[..., -3:] = False
    other = torch.where(mask.unsqueeze(-1), values, values + 9)
    real = LENGTH // TOKENS * (TOKENS - 3)
    found, expected = (decoder(placed(v, mask)).series[..., :real] for v in (other, values))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    every = decoder(placed(values, torch.ones_like(mask))).series
    torch.testing.assert_close(every, decoder(placed(values)).series, rtol=0, atol=1e-12)


def stretch_by_hand(series: np.ndarray, t: float, length: float, samples: int) -> np.ndarray:
    last = len(series) - 1
    return np.interp(np.linspace(t * last, min(t + length, 1) * last, samples), np.arange(len(series)), series)


def test_stretches_are_linear_interpolation():
    series = random(2, 3, 17)
    t, length = random(2, 2, 3, 5, seed=4).sigmoid().unbind()
    found, observed = read_stretches(series, t, length, 9)
    assert observed is None
    for b, c, n in np.ndindex(2, 3, 5):
        expected = stretch_by_hand(series[b, c].numpy(), t[b, c, n].item(), length[b, c, n].item(), 9)
        np.testing.assert_allclose(found[b, c, n], expected, atol=1e-12)


def test_a_stretch_of_the_whole_length_is_the_series_and_a_point_is_interpolated():
    series, zero = random(1, 1, 9), torch.zeros(1, 1, 1, dtype=torch.float64)
    mask = torch.ones(1, 1, 9, dtype=torch.bool)
    mask[..., 4] = False
    found, observed = read_stretches(series, zero, zero + 1, 17, mask)
    torch.testing.assert_close(found[0, 0, 0, ::2][mask[0, 0]], series[mask])
    assert (~observed).nonzero()[:, -1].tolist() == [7, 8, 9]


def test_smoothing_repeats_edges_and_skips_unobserved_samples():
    values = random(1, 2, 3, 11)
    padded = np.pad(values.numpy(), [(0, 0)] * 3 + [(2, 2)], mode="edge")
    expected = np.lib.stride_tricks.sliding_window_view(padded, 5, -1).mean(-1)
    np.testing.assert_allclose(smoothed(values, 5), expected, atol=1e-12)
    mask = random(1, 2, 3, 11, seed=8) > -0.5
    torch.testing.assert_close(smoothed(values, 5, torch.ones_like(mask)), smoothed(values, 5))
    seen = np.where(mask, values, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(seen, [(0, 0)] * 3 + [(2, 2)], mode="edge"), 5, -1)
    found = smoothed(torch.where(mask, values, torch.nan), 5, mask)
    np.testing.assert_allclose(found[mask], np.nanmean(windows[mask.numpy()], -1), atol=1e-12)


@pytest.mark.parametrize("smooth", [1, 3])
def test_s_is_the_mean_squared_error_against_the_stretches(smooth):
    decoder, tokens, series = build(smooth=smooth), placed(random(2, 2, TOKENS, WIDTH)), random(2, 2, LENGTH, seed=7)
    shapes = random(2, 2, TOKENS, SAMPLES, seed=9)
    errors = []
    for b, c, n in np.ndindex(2, 2, TOKENS):
        t, length = tokens.attributes["t"][b, c, n].item(), tokens.attributes["l"][b, c, n].item()
        true = np.pad(stretch_by_hand(series[b, c].numpy(), t, length, SAMPLES), smooth // 2, mode="edge")
        true = np.convolve(true, np.full(smooth, 1 / smooth), mode="valid")
        errors.append((shapes[b, c, n].numpy() - true) ** 2)
    (found,) = decoder.losses(Decoded(series, shapes), tokens, series).values()
    assert found.item() == pytest.approx(np.mean(errors), rel=1e-12)


def test_s_has_gradients_for_shapes_but_not_for_their_positions():
    decoder, tokens, series = build(), placed(random(2, 2, TOKENS, WIDTH)), random(2, 2, LENGTH)
    loss = decoder.losses(decoder(tokens), tokens, series)["s"]
    t, length, mu, sigma = torch.autograd.grad(loss, tuple(tokens.attributes.values()), allow_unused=True)
    assert t is None
    assert length is None
    assert mu.abs().sum() > 0
    assert sigma.abs().sum() > 0


@pytest.mark.parametrize("smooth", [1, 3])
def test_s_ignores_unobserved_samples_and_padded_tokens(smooth):
    decoder, series = build(smooth=smooth), random(2, 2, LENGTH, seed=7)
    values, shapes = random(2, 2, TOKENS, WIDTH), random(2, 2, TOKENS, SAMPLES, seed=9)
    observed, real = random(2, 2, LENGTH, seed=10) > -1, random(2, 2, TOKENS, seed=11) > -1

    def s(series: Tensor, shapes: Tensor, observed: Tensor | None, real: Tensor | None) -> Tensor:
        return decoder.losses(Decoded(series, shapes), placed(values, real), series, observed)["s"]

    spoilt = torch.where(observed, series, torch.nan), torch.where(real.unsqueeze(-1), shapes, torch.nan)
    found = s(series, shapes, observed, real)
    assert torch.equal(s(*spoilt, observed, real), found)
    assert not torch.allclose(s(series, shapes, None, None), found)
    every = s(series, shapes, torch.ones_like(observed), torch.ones_like(real))
    torch.testing.assert_close(every, s(series, shapes, None, None))


def test_training_stays_finite_under_autocast():
    decoder = build().float()
    rows = random(ROWS, WIDTH).float()
    index = torch.randint(ROWS, (3, 2, TOKENS), generator=torch.Generator().manual_seed(3))
    tokens = placed(rows[index].requires_grad_())
    tokens = tokens._replace(attributes={name: part.float() for name, part in tokens.attributes.items()})
    with torch.autocast("cpu", torch.bfloat16):
        decoded = decoder(tokens, CodeTable(rows, index))
        loss = decoder.losses(decoded, tokens, random(3, 2, LENGTH).float())["s"] + decoded.series.square().mean()
    loss.backward()
    assert tokens.values.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in decoder.parameters())
