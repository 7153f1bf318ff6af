"""Which lengths, patches, tokens and heads fit, and what a refusal suggests."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import PUBLISHED
from zoo_registry import Registry, Shape, ShapeError
from zoo_vqshape import CodebookSpec, VQShapeDecoderSpec, VQShapeEncoderSpec
from zoo_vqshape.fits import MOST, cut

from zoo import ZooModel

REGISTRY = Registry.discover()
SMALL = {"dim": 4, "heads": 2, "layers": 1, "tokenizer_heads": 2, "tokenizer_layers": 1, "code_dim": 3}


def series(length: int, channels: int = 2) -> Shape:
    return Shape.of("c t", channels, length)


@pytest.mark.parametrize(
    ("length", "fields", "expected"),
    [
        (500, {}, (50, 10)),
        (512, {}, (64, 8)),
        (1500, {}, (50, 30)),
        (100, {}, (50, 2)),
        (206, {}, (103, 2)),
        (8, {}, (8, 1)),
        (500, {"patches": 50}, (50, 10)),
        (500, {"patches": 100}, (100, 5)),
        (500, {"patch": 5}, (100, 5)),
        (500, {"patches": 50, "patch": 20}, (50, 20)),
        (206, {"patches": 50, "patch": 10}, (50, 10)),
        (100, {"step": 10}, (10, 10)),
        (103, {"step": 10}, (11, 10)),
        (100, {"step": 10, "patch": 20}, (9, 20)),
        (100, {"step": 10, "patch": 20, "patches": 10}, (10, 20)),
    ],
)
def test_how_series_are_cut(length, fields, expected):
    assert cut(length, fields.get("patches"), fields.get("patch"), fields.get("step")) == expected
    assert VQShapeEncoderSpec(**PUBLISHED | fields).output(series(length)) == Shape.of("c n d", 2, expected[0], 8)


def test_three_common_lengths_build_from_defaults_alone():
    for length in (100, 500, 512):
        tokens = VQShapeEncoderSpec(**PUBLISHED).output(series(length))
        assert VQShapeDecoderSpec().output(tokens, series(length)) == series(length)
        assert VQShapeDecoderSpec().shapes(tokens) == Shape.of("c n s", 2, tokens["n"], 128)
    assert CodebookSpec().codebook(tokens) == Shape.of("q k", 1, 64)


@given(length=st.integers(2, 60), patches=st.integers(2, 64), tokens=st.integers(1, 64), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_spec_is_refused_or_computes_what_it_promises(length, patches, tokens, data):
    patch = data.draw(st.none() | st.integers(1, length))
    encoder = VQShapeEncoderSpec(**PUBLISHED, patches=patches, patch=patch, tokens=tokens, **SMALL)
    decoder = VQShapeDecoderSpec(dim=4, heads=2, layers=1, shape_samples=16)
    fits = length % tokens == 0
    if patch is None:
        fits &= length % patches == 0
    else:
        step = length // patches
        fits &= 1 <= step <= patch <= length and (patches - 1) * step + patch >= length
    spec = {
        "input": {"channels": 2, "length": length},
        "encoder": encoder.model_dump(),
        "decoder": decoder.model_dump(),
    }
    if not fits:
        with pytest.raises(ShapeError):
            REGISTRY.model(spec)
        return
    model = ZooModel(REGISTRY.model(spec))
    output = model(torch.randn(2, 2, length))
    assert output.x_recon.shape == (2, 2, length)
    assert output.tokens.values.shape == (2, *model.trace.tokens.sizes) == (2, 2, tokens, 3)
    assert output.shapes.shape == (2, *model.trace.shapes.sizes)
    assert all(part.shape == (2, 2, tokens) for part in output.attributes.values())


@pytest.mark.parametrize(
    ("fields", "where", "hint"),
    [
        ({"patches": 8, "step": 10}, "encoder.patch", "use 30"),
        ({"patches": 12, "step": 10}, "encoder.patches", "use 10"),
        ({"patch": 8, "step": 10}, "encoder.patch", "use 10"),
        ({"patch": 100, "step": 10}, "encoder.patches", "use 10"),
    ],
)
def test_patches_that_leave_gaps_are_refused_whatever_their_step(fields, where, hint):
    with pytest.raises(ShapeError) as refused:
        VQShapeEncoderSpec(**PUBLISHED | fields).output(series(100))
    assert (refused.value.where, refused.value.hint) == (where, hint)


def refusal(length: int, patches: int | None, patch: int | None) -> ShapeError | None:
    try:
        cut(length, patches, patch)
    except ShapeError as error:
        return error
    return None


@given(length=st.integers(2, 5000), patches=st.integers(2, MOST))
def test_a_refusal_names_patches_and_a_length_that_fit(length, patches):
    refused = refusal(length, patches, None)
    assert (refused is None) == (length % patches == 0)
    if refused:
        for found in re.findall(r"use (\d+) patches", refused.hint):
            assert cut(length, int(found), None)
        (other,) = re.findall(r"to (\d+) samples", refused.hint)
        assert cut(int(other), patches, None)


@given(length=st.integers(2, 5000), patch=st.integers(1, 5000))
def test_a_refused_patch_names_one_that_fits(length, patch):
    refused = refusal(length, None, patch)
    assert (refused is None) == (length % patch == 0 and 2 <= length // patch <= MOST)
    for found in re.findall(r"use (\d+)", refused.hint if refused else ""):
        assert cut(length, None, int(found))


@given(length=st.integers(2, 5000))
def test_without_patches_a_length_gets_about_fifty_or_is_refused(length):
    refused = refusal(length, None, None)
    if refused:
        assert not any(length % n == 0 for n in range(13, 201))
        (other,) = re.findall(r"to (\d+) samples", refused.hint)
        assert cut(int(other), None, None)
    else:
        patches, patch = cut(length, None, None)
        assert patches * patch == length
        assert 13 <= patches <= 200 or 4 * patches >= length


@pytest.mark.parametrize(
    ("encoder", "decoder", "where"),
    [
        ({"patches": 48}, {}, "encoder.patches"),
        ({"patches": 50, "patch": 9}, {}, "encoder.patch"),
        ({"patches": 50, "patch": 501}, {}, "encoder.patch"),
        ({"patches": 1000, "patch": 10}, {}, "encoder.patches"),
        ({"patch": 7}, {}, "encoder.patch"),
        ({"tokens": 48}, {}, "decoder"),
        ({"heads": 7}, {}, "encoder.heads"),
        ({"tokenizer_heads": 7}, {}, "encoder.tokenizer_heads"),
        ({}, {"heads": 7}, "decoder.heads"),
        ({}, {"smooth": 4}, "decoder.smooth"),
        ({}, {"smooth": 33, "shape_samples": 32}, "decoder.smooth"),
    ],
)
def test_misfits_are_refused_in_integers(encoder, decoder, where):
    def fit() -> Shape:
        tokens = VQShapeEncoderSpec(**PUBLISHED | encoder).output(series(500))
        return VQShapeDecoderSpec(**decoder).output(tokens, series(500))

    with pytest.raises(ShapeError) as refused:
        fit()
    assert refused.value.where == where
    assert "\n" not in str(refused.value)


def test_an_image_is_refused():
    with pytest.raises(ShapeError):
        VQShapeEncoderSpec(**PUBLISHED).output(Shape.of("c h w", 3, 8, 8))
