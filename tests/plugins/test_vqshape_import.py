"""VQShape checkpoints in the public layout, of any size, import as the model they were made from, or are refused."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from public_vqshape import SIZES, model_of, public_state, write
from torch.nn import functional as F
from zoo_registry import BundleError, SpecError
from zoo_vqshape.attributes import stretch_attributes

from zoo.weights.importing import import_checkpoint

TOKENIZER = ("num_tokenizer_heads", "num_tokenizer_layers")


def noise(length, seed=0):
    return torch.randn(3, 1, length, generator=torch.Generator().manual_seed(seed)).cumsum(-1)


def assert_same(model, other, length):
    """Both give exactly the same for the same series."""
    x = noise(length)
    with torch.no_grad():
        found, expected = model(x), other(x)
    assert torch.equal(found.x_recon, expected.x_recon)
    assert torch.equal(found.shapes, expected.shapes)
    assert torch.equal(found.quantized.codes, expected.quantized.codes)
    assert torch.equal(torch.stack([*found.attributes.values()]), torch.stack([*expected.attributes.values()]))
    assert found.losses.keys() == expected.losses.keys()
    assert all(torch.equal(value, expected.losses[name]) for name, value in found.losses.items())


@st.composite
def hyper_parameters(draw):
    """Sizes of a public model whose patches lie side by side."""
    heads = st.sampled_from([1, 2, 4])
    layers = st.integers(1, 3)
    tokens, patches, size = draw(st.sampled_from([(5, 10, 5), (50, 25, 20), (8, 8, 8), (3, 6, 4), (10, 50, 10)]))
    return SIZES | {
        "dim_embedding": draw(st.sampled_from([4, 8, 12])),
        "normalize_length": patches * size,
        "patch_size": size,
        "num_patch": patches,
        "num_token": tokens,
        "num_transformer_enc_heads": draw(heads),
        "num_transformer_enc_layers": draw(layers),
        "num_tokenizer_heads": draw(heads),
        "num_tokenizer_layers": draw(layers),
        "num_transformer_dec_heads": draw(heads),
        "num_transformer_dec_layers": draw(layers),
        "num_code": draw(st.integers(2, 20)),
        "dim_code": draw(st.integers(1, 9)),
        "len_s": draw(st.sampled_from([16, 32, 48])),
        "s_smooth_factor": draw(st.sampled_from([1, 3, 5])),
        "lambda_vq_commit": draw(st.floats(0, 2)),
        "lambda_vq_entropy": draw(st.floats(0, 2)),
        "entropy_gamma": draw(st.floats(0, 2)),
    }


@pytest.mark.slow
@given(h=hyper_parameters(), prefix=st.sampled_from(["model.", "", "module.model.", "model._orig_mod."]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sizes_are_imported_as_the_model_they_were_made_from(tmp_path, h, prefix):
    model = model_of(h)
    state = {prefix + name.removeprefix("model."): tensor for name, tensor in public_state(model).items()}
    imported = import_checkpoint("vqshape", write(tmp_path / "public.ckpt", state, h)).model
    assert_same(imported, model, h["normalize_length"])
    assert imported.spec.encoder.mask_ratio == h["mask_ratio"]
    assert not imported.training


@pytest.fixture
def model():
    return model_of(SIZES)


@pytest.fixture
def checkpoint(tmp_path, model):
    """Write the public form of the model with some hyper-parameters and tensors changed; None removes one."""

    def checkpoint(tensors=None, **changes):
        state = public_state(model) | {f"model.{name}": tensor for name, tensor in (tensors or {}).items()}
        h = SIZES | changes
        return write(
            tmp_path / "public.ckpt",
            {name: tensor for name, tensor in state.items() if tensor is not None},
            {name: value for name, value in h.items() if value is not None},
        )

    return checkpoint


def test_older_checkpoints_lack_the_sizes_of_the_tokenizer(checkpoint, model):
    imported = import_checkpoint("vqshape", checkpoint(**dict.fromkeys(TOKENIZER)))
    assert imported.model.spec.encoder.tokenizer_heads == SIZES["num_transformer_enc_heads"]
    assert any("num_tokenizer_heads" in note for note in imported.notes)
    assert_same(imported.model, model, SIZES["normalize_length"])


def test_missing_hyper_parameters_are_as_published_and_noted(tmp_path):
    h = SIZES | {"num_transformer_enc_heads": 8, "num_transformer_dec_heads": 8, "num_tokenizer_heads": 8}
    model = model_of(h)
    imported = import_checkpoint("vqshape", write(tmp_path / "public.ckpt", public_state(model), {"lr": 0.1}))
    assert_same(imported.model, model, SIZES["normalize_length"])
    (note,) = [note for note in imported.notes if "public release has it" in note]
    assert "mask_ratio 0.25" in note
    assert "lambda_dist 0.8" in note
    assert "num_transformer_dec_heads 8" in note


def test_loss_weights_of_a_run_are_reported(checkpoint):
    notes = import_checkpoint("vqshape", checkpoint(lambda_x=2.0, lambda_dist=0.1)).notes
    assert len(notes) == 1
    assert '"weights": {"x": 2, "z": 1, "s": 1, "dist": 0.1}' in notes[0]


def test_a_stored_shortest_shape_is_used(checkpoint):
    assert import_checkpoint("vqshape", checkpoint()).model.spec.encoder.shortest == 1 / 64
    assert import_checkpoint("vqshape", checkpoint(min_shape_len=0.02)).model.spec.encoder.shortest == 0.02


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_point_types_become_float32(tmp_path, model, kind):
    state = {name: tensor.to(kind) for name, tensor in public_state(model).items()}
    imported = import_checkpoint("vqshape", write(tmp_path / "public.ckpt", state, SIZES))
    assert any(str(kind).removeprefix("torch.") in note for note in imported.notes)
    for name, tensor in model.state_dict().items():
        assert torch.equal(imported.model.state_dict()[name], tensor.to(kind).float())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codebook_type": "vqtorch"}, r"codebook_type: expected standard, found 'vqtorch'"),
        ({"num_code": 7}, "num_code: expected 6, as the tensors have it, found 7"),
        ({"dim_embedding": 16}, "dim_embedding: expected 8"),
        ({"normalize_length": 512}, "normalize_length: expected 64"),
        ({"num_tokenizer_layers": 2}, "num_tokenizer_layers: expected 1"),
        ({"len_s": 32}, "len_s: expected 16"),
        ({"s_smooth_factor": 3}, "s_smooth_factor: expected 1"),
        ({"num_transformer_enc_heads": 3}, r"encoder\.heads: expected attention heads that divide the width 8"),
        ({"num_transformer_enc_heads": 2.5}, "a whole number, found 2.5"),
        ({"num_transformer_dec_heads": "many"}, "a number, found 'many'"),
        ({"num_code": True}, "a number, found True"),
        ({"mask_ratio": float("nan")}, "mask_ratio"),
        ({"mask_ratio": 1.5}, "mask_ratio"),
        ({"lambda_vq_entropy": -1}, "entropy_weight"),
    ],
)
def test_a_contradiction_is_refused_in_one_line(checkpoint, changes, words):
    with pytest.raises(BundleError, match=words) as refused:
        import_checkpoint("vqshape", checkpoint(**changes))
    assert "public.ckpt" in str(refused.value)


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"decoder.out_layer.bias": None}, "tensor decoder.out_layer.bias, found 1 of 94 missing"),
        ({"codebook.embedding.weight": None}, "a tensor codebook.embedding.weight"),
        ({"codebook.counts": torch.zeros(6)}, r"quantizer.counts \(1 without a place\)"),
        ({"judge.weight": torch.zeros(6)}, r"judge.weight \(1 without a place\)"),
        ({"decoder.out_layer.bias": torch.zeros(3)}, r"decoder.out_layer.bias of \(8,\) real numbers, found \(3,\)"),
        ({"decoder.out_layer.bias": torch.zeros(8, dtype=torch.long)}, "found .* whole numbers"),
        ({"encoder.tokenizer.tokens": torch.zeros(1, 8, 8)}, "one tensor for encoder.tokenizer.tokens"),
        ({"decoder.out_layer.weight": torch.zeros(8)}, "decoder.out_layer.weight with 2 axes"),
        ({"encoder.transformer.layers.9.norm1.bias": torch.zeros(8)}, "num_transformer_enc_layers: expected 10"),
    ],
)
def test_the_mapping_of_tensors_is_one_to_one(checkpoint, tensors, words):
    with pytest.raises(BundleError, match=words):
        import_checkpoint("vqshape", checkpoint(tensors))


def test_a_state_dict_alone_is_not_a_public_checkpoint(tmp_path, model):
    torch.save(public_state(model), tmp_path / "weights.pt")
    with pytest.raises(BundleError, match="hyper_parameters beside the tensors"):
        import_checkpoint("vqshape", tmp_path / "weights.pt")


def test_sizes_of_the_input_come_from_the_file_alone(checkpoint):
    with pytest.raises(SpecError, match="no sizes, since the file tells all, found t=100"):
        import_checkpoint("vqshape", checkpoint(), {"t": 100})


def by_windows(donor, state, h, x):
    """Tokens, as the public model computes them from whole windows: unfold, project, add the first positions."""
    scaled = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + 1e-5).sqrt()
    windows = scaled.squeeze(1).unfold(-1, h["patch_size"], h["normalize_length"] // h["num_patch"])
    weight, bias = (state[f"model.encoder.input_project.{part}"] for part in ("weight", "bias"))
    positions = state["model.encoder.pos_embed.positional_embeddings.weight"]
    encoder = donor.encoder
    patches = encoder.transformer(F.linear(windows, weight, bias) + positions[: windows.shape[1]])
    heads, context = encoder.attr_decoder, encoder.tokenizer(patches).unsqueeze(1)
    return heads.code(context), stretch_attributes(*heads.place(context), *heads.level(context))


@pytest.mark.parametrize(
    ("length", "positions", "size"),
    [
        (64, 8, 16),  # overlap: 7 windows, and 64 // 7 is another step
        (64, 8, 24),
        (128, 16, 12),  # the end is not in any window
        (64, 16, 6),
        (64, 8, 5),  # nor are samples between windows
        (103, 10, 12),  # positions do not divide the length
        (100, 10, 10),
        (515, 103, 7),
    ],
)
def test_any_windows_that_the_public_model_can_cut(tmp_path, length, positions, size):
    tokens = 103 if length % 2 else 4
    h = SIZES | {"normalize_length": length, "num_token": tokens}
    donor = model_of(h | {"num_patch": positions, "patch_size": length - (positions - 1) * (length // positions)})
    h |= {"num_patch": positions, "patch_size": size}
    weight = torch.randn(8, size, generator=torch.Generator().manual_seed(1))
    state = public_state(donor) | {"model.encoder.input_project.weight": weight}
    imported = import_checkpoint("vqshape", write(tmp_path / "public.ckpt", state, h)).model
    x = noise(length)
    with torch.no_grad():
        values, attributes = by_windows(donor, state, h, x)
        found = imported.encode(x).tokens
    torch.testing.assert_close(found.values, values, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.attributes, attributes, rtol=1e-4, atol=1e-5)


def test_more_windows_than_positions_are_refused(checkpoint):
    tensors = {
        "encoder.pos_embed.positional_embeddings.weight": torch.zeros(11, 8),
        "encoder.input_project.weight": torch.zeros(8, 5),
    }
    with pytest.raises(BundleError, match="1 to 11 windows of patch_size 5 in 64 samples, one per position, found 12"):
        import_checkpoint("vqshape", checkpoint(tensors, num_patch=11, patch_size=5))
