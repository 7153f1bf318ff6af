"""Any two models: a transfer accounts for every tensor of both and changes only what it reports."""

import functools
from typing import Any

import pytest
import torch
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from zoo_registry import Registry, TransferSpec, ZooError

import zoo
from zoo.weights.plan import plan
from zoo.weights.source import Source
from zoo.weights.transfer import apply

TAKEN = ("loaded", "resized")

encoders = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("vqshape.encoder"),
            "read": st.sampled_from(["stretch", "query", "both"]),
            "place": st.sampled_from(["grid", "free"]),
            "level": st.sampled_from(["measured", "learned"]),
            "samples": st.sampled_from([8, 12]),
            "patches": st.sampled_from([4, 8]),
            "tokens": st.sampled_from([None, 2, 4, 8]),
            "dim": st.sampled_from([8, 16]),
            "heads": st.sampled_from([2, 4]),
            "layers": st.integers(1, 3),
            "tokenizer_heads": st.just(2),
            "tokenizer_layers": st.integers(1, 3),
            "code_dim": st.sampled_from([4, 8]),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("conv.encoder"),
            "dim": st.sampled_from([8, 16]),
            "layers": st.integers(1, 3),
            "kernel": st.sampled_from([3, 5]),
        }
    ),
)
quantizers = st.one_of(
    st.none(),
    st.fixed_dictionaries({"kind": st.just("vqshape.codebook"), "codes": st.integers(2, 9)}),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["quantizers.ema", "quantizers.cosine"]), "codes": st.integers(2, 9)}
    ),
    st.fixed_dictionaries(
        {"kind": st.just("quantizers.residual"), "codes": st.integers(2, 5), "levels": st.integers(1, 3)}
    ),
    st.fixed_dictionaries({"kind": st.just("quantizers.fsq")}),
)
decoders = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "kind": st.just("vqshape.decoder"),
            "dim": st.sampled_from([8, 16]),
            "heads": st.just(2),
            "layers": st.integers(1, 2),
            "shape_samples": st.sampled_from([16, 32]),
            "smooth": st.sampled_from([1, 3]),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("vqshape.renderer"),
            "shape": st.sampled_from(["mlp", "conv"]),
            "shape_samples": st.sampled_from([16, 32]),
            "hidden": st.just(8),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("conv.decoder"), "dim": st.just(8), "layers": st.integers(1, 3)}),
)
heads = st.one_of(
    st.none(),
    st.fixed_dictionaries({"kind": st.sampled_from(["heads.token-linear", "heads.histogram-linear"])}),
    st.fixed_dictionaries({"kind": st.sampled_from(["wrn.signal", "wrn.recon"]), "depth": st.sampled_from([10, 16])}),
)
fusions = st.one_of(
    st.none(), st.fixed_dictionaries({"kind": st.sampled_from(["fusion.channelwise", "fusion.flatten", "fusion.conv"])})
)


@functools.cache
def registry() -> Registry:
    return Registry.discover()


@st.composite
def models(draw: st.DrawFn) -> zoo.ZooModel:
    """A small model of a valid spec, with seeded weights."""
    spec: dict[str, Any] = {
        "input": {
            "channels": draw(st.integers(1, 3)),
            "length": draw(st.sampled_from([32, 64])),
            "classes": draw(st.integers(2, 4)),
        },
        "fusion": draw(fusions),
        "encoder": draw(encoders),
        "quantizer": draw(quantizers),
        "decoder": draw(decoders),
        "head": draw(heads),
        "codebook": draw(st.sampled_from(["shared", "per_channel"])),
    }
    while True:
        try:
            model = registry().model(spec)
            break
        except ZooError as error:  # omit the part that does not fit the others
            part = error.where.partition(".")[0]
            spec[part if spec.get(part) else "decoder" if spec["decoder"] else "head"] = None
    torch.manual_seed(draw(st.integers(0, 3)))
    return zoo.build(model)


transfers = st.builds(
    TransferSpec,
    source=st.just("source"),
    policy=st.sampled_from(["strict", "fit", "resize"]),
    layers=st.sampled_from(["first", "even"]),
)


def source_of(model: zoo.ZooModel) -> Source:
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    return Source("source", model.spec.dump(), tensors)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(old=models(), new=models(), transfer=transfers)
def test_every_tensor_of_both_is_accounted_for_once(
    old: zoo.ZooModel, new: zoo.ZooModel, transfer: TransferSpec
) -> None:
    source, fresh = source_of(old), source_of(new).tensors
    made = plan(new, source, transfer)
    rows = made.report.tensors
    assert sorted(row.name for row in rows if row.name) == sorted(fresh)
    assert sorted(row.source for row in rows if row.source) == sorted(source.tensors)
    assert {row.name for row in rows if row.status in TAKEN} == set(made.tensors)
    apply(made, new)
    for row in rows:
        now = None if row.name is None else new.state_dict()[row.name]
        if row.status == "loaded":
            assert torch.equal(now, source.tensors[row.source])
        elif now is not None and row.status != "resized":
            assert torch.equal(now, fresh[row.name])
            assert row.reason
        if row.status in ("missing", "unused"):
            assert (row.source is None) == (row.status == "missing")
        if row.status == "resized":
            assert transfer.policy == "resize"
            assert row.shape != row.source_shape
            assert now.isfinite().all()
    assert not (transfer.policy == "fit" and any(row.refused for row in rows))
    if transfer.policy == "strict" and made.report.allowed:
        assert all(row.status == "loaded" for row in rows if not row.reason.startswith(("the source has", "the model")))


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(model=models(), transfer=transfers, seed=st.integers(4, 9))
def test_onto_its_own_spec_every_model_is_the_identity(model: zoo.ZooModel, transfer: TransferSpec, seed: int) -> None:
    source = source_of(model)
    torch.manual_seed(seed)
    other = zoo.build(model.spec)
    made = plan(other, source, transfer)
    made.report.require_allowed()
    apply(made, other)
    assert all(torch.equal(tensor, source.tensors[name]) for name, tensor in other.state_dict().items())


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(
    old=models(),
    transfer=st.builds(TransferSpec, source=st.just("source"), policy=st.just("resize")),
    length=st.sampled_from([16, 48, 64]),
    codes=st.integers(2, 12),
)
def test_another_window_and_another_codebook_are_always_resized_completely(
    old: zoo.ZooModel, transfer: TransferSpec, length: int, codes: int
) -> None:
    """Every loaded part runs: a resized model gives finite signals."""
    spec = old.spec.dump()
    spec["input"]["length"] = length
    if spec["quantizer"] and "codes" in spec["quantizer"]:
        spec["quantizer"]["codes"] = codes
    try:
        new = zoo.build(spec)
    except ZooError:
        reject()
    made = plan(new, source_of(old), transfer)
    fusion_free = [row for row in made.report.tensors if row.refused]
    assert fusion_free == []
    apply(made, new)
    x = torch.randn(2, *new.trace.signal.sizes, generator=torch.Generator().manual_seed(0))
    output = new.eval().encode(x)
    assert output.tokens.values.isfinite().all()
