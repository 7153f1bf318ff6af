"""Rules that resize tensors, against what they promise for the signal."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from zoo.contracts import CentreKernel, Interpolate, ResampleInputs, ResizeCodes, StartAnew
from zoo.contracts.codes import Book, grow, shrink
from zoo.contracts.resizing import interpolation

sizes = st.integers(1, 40)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


@settings(deadline=None)
@given(source=sizes, here=sizes)
def test_interpolation_equals_that_of_torch(source, here):
    x = normal(2, 3, source)
    expected = F.interpolate(x, size=here, mode="linear", align_corners=False)
    torch.testing.assert_close(x @ interpolation(source, here).T, expected)


@settings(deadline=None)
@given(source=sizes, here=sizes, axis=st.integers(0, 2))
def test_interpolation_keeps_constants(source, here, axis):
    shape = [3, 4, 5]
    one = normal(*shape[:axis], 1, *shape[axis + 1 :])
    reps = [1, 1, 1]
    there, then = ([*reps[:axis], size, *reps[axis + 1 :]] for size in (source, here))
    found = Interpolate("positions", axis)({"w": one.repeat(there)}, {"w": one.repeat(then)}, seeded())
    torch.testing.assert_close(found.tensors["w"], one.repeat(then))
    assert found.words == "positions interpolated"


def test_blocks_are_interpolated_separately():
    weight = normal(6, 2)
    found = Interpolate("samples", groups=3)({"weight": weight}, {"weight": torch.zeros(12, 2)}, seeded())
    blocks = [Interpolate("samples")({"weight": b}, {"weight": torch.zeros(4, 2)}, seeded()) for b in weight.split(2)]
    torch.testing.assert_close(found.tensors["weight"], torch.cat([block.tensors["weight"] for block in blocks]))


def test_a_size_without_whole_blocks_is_another_module():
    rule = Interpolate("samples", groups=3)
    assert rule({"weight": normal(4, 2)}, {"weight": torch.zeros(12, 2)}, seeded()) is None


@settings(deadline=None)
@given(source=st.integers(2, 20), more=st.integers(0, 30))
def test_a_patch_sampled_more_densely_has_the_same_embedding(source, more):
    here, weight = source + more, normal(5, source)
    given = {"weight": weight, "bias": normal(5)}
    found = ResampleInputs("patches")(given, {"weight": torch.zeros(5, here), "bias": torch.zeros(5)}, seeded())
    patch = normal(7, source, seed=1)
    finer = F.interpolate(patch[:, None], size=here, mode="linear", align_corners=False)[:, 0]
    torch.testing.assert_close(finer @ found.tensors["weight"].T, patch @ weight.T)
    assert found.tensors["bias"] is given["bias"]


def test_a_patch_of_fewer_samples_has_the_nearest_embedding():
    """No weight does better on patches of white noise resampled to fewer samples."""
    weight, read = normal(1, 8), interpolation(8, 5)
    found = ResampleInputs("patches")({"weight": weight}, {"weight": torch.zeros(1, 5)}, seeded()).tensors["weight"]
    nearest, *_ = np.linalg.lstsq(read.T.numpy(), weight[0].numpy(), rcond=None)
    np.testing.assert_allclose(found[0].numpy(), nearest, atol=1e-12)


def test_a_wider_kernel_convolves_as_before():
    weight, x = normal(2, 3, 3), normal(1, 3, 20)
    found = CentreKernel()({"weight": weight}, {"weight": torch.zeros(2, 3, 7)}, seeded())
    torch.testing.assert_close(F.conv1d(x, found.tensors["weight"], padding=3), F.conv1d(x, weight, padding=1))
    back = CentreKernel()(found.tensors, {"weight": weight}, seeded())
    assert torch.equal(back.tensors["weight"], weight)
    assert (found.words, back.words) == ("kernel widened with zeros", "kernel cut at both ends")


@pytest.mark.parametrize("rule", [Interpolate("positions"), ResampleInputs("patches"), CentreKernel()])
@pytest.mark.parametrize("shape", [(4, 9, 3), (6, 8, 2), (4, 8)])
def test_another_width_cannot_be_resized(rule, shape):
    assert rule({"weight": normal(4, 8, 3).squeeze()}, {"weight": torch.zeros(5, 9, 2)}, seeded()) is None
    if len(shape) == 2:
        assert rule({"weight": normal(4, 8, 3)}, {"weight": torch.zeros(*shape)}, seeded()) is None


def test_tensors_that_restart_use_nothing_of_the_source():
    assert StartAnew("the class head")({"weight": normal(3, 4)}, {"weight": torch.zeros(5, 4)}, seeded()).tensors == {}


# Codebooks.


@settings(deadline=None)
@given(known=st.integers(2, 12), more=st.integers(0, 30), counted=st.booleans(), seed=st.integers(0, 9))
def test_a_grown_codebook_keeps_its_codes_and_counts(known, more, counted, seed):
    counts = torch.rand(known, generator=seeded(seed), dtype=torch.float64) * 100 if counted else None
    book = Book(normal(known, 4, seed=seed), counts)
    grown = grow(book, known + more, seeded(seed))
    assert grown.vectors.shape == (known + more, 4)
    assert torch.equal(grown.vectors[:known], book.vectors)
    assert len(grown.vectors.unique(dim=0)) == known + more
    assert torch.equal(grow(book, known + more, seeded(seed)).vectors, grown.vectors)
    if counted:
        torch.testing.assert_close(grown.counts.sum(), counts.sum())


def test_the_most_used_code_is_split_repeatedly_while_it_is_the_most_used():
    book = Book(torch.tensor([[0.0, 0], [10, 0], [0, 10]], dtype=torch.float64), torch.tensor([8.0, 1, 3]).double())
    grown = grow(book, 6, seeded())
    assert grown.counts.tolist() == [2, 1, 3, 2, 2, 2]
    assert (grown.vectors[3:].norm(dim=-1) < 2).all()


def test_without_counts_every_code_is_split_once_before_any_twice():
    book = Book(torch.arange(5.0, dtype=torch.float64)[:, None] * 100)
    grown = grow(book, 10, seeded())
    assert sorted((grown.vectors[5:, 0] / 100).round().tolist()) == [0, 1, 2, 3, 4]


@settings(deadline=None)
@given(known=st.integers(2, 14), less=st.integers(0, 12), counted=st.booleans(), seed=st.integers(0, 9))
def test_a_shrunk_codebook_equals_repeated_merging_of_the_nearest_pair(known, less, counted, seed):
    size = max(1, known - less)
    vectors = normal(known, 3, seed=seed)
    counts = torch.rand(known, generator=seeded(seed), dtype=torch.float64) + 0.1 if counted else None
    found = shrink(Book(vectors, counts), size)
    codes = [v.numpy() for v in vectors]
    weights = [1.0] * known if counts is None else counts.tolist()
    while len(codes) > size:
        pairs = [(i, j) for i in range(len(codes)) for j in range(i + 1, len(codes))]
        i, j = min(pairs, key=lambda pair: np.linalg.norm(codes[pair[0]] - codes[pair[1]]))
        codes[i] = (codes[i] * weights[i] + codes[j] * weights[j]) / (weights[i] + weights[j])
        weights[i] += weights[j]
        del codes[j], weights[j]
    np.testing.assert_allclose(found.vectors.numpy(), np.stack(codes), atol=1e-12)
    if counts is not None:
        np.testing.assert_allclose(found.counts.numpy(), weights, atol=1e-12)


@pytest.mark.parametrize("size", [3, 12])
def test_moving_averages_stay_consistent_with_their_codes(size):
    codes, counts = normal(2, 6, 4), torch.rand(2, 6, generator=seeded(), dtype=torch.float64) + 0.1
    source = {"codes": codes, "counts": counts, "sums": codes * counts[..., None]}
    here = {"codes": torch.zeros(2, size, 4), "counts": torch.zeros(2, size), "sums": torch.zeros(2, size, 4)}
    found = ResizeCodes("codes", "counts", "sums")(source, here, seeded())
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == {n: t.shape for n, t in here.items()}
    torch.testing.assert_close(found.tensors["sums"], found.tensors["codes"] * found.tensors["counts"][..., None])
    torch.testing.assert_close(found.tensors["counts"].sum(-1), counts.sum(-1))
    assert found.words == ("the nearest codes merged" if size < 6 else "the most used codes split")


def test_codes_of_length_one_stay_on_the_sphere():
    codes = F.normalize(normal(1, 6, 4), dim=-1)
    source = {"codes": codes, "counts": torch.ones(1, 6).double(), "sums": codes}
    for size in (4, 9):
        here = {"codes": torch.zeros(1, size, 4), "counts": torch.zeros(1, size), "sums": torch.zeros(1, size, 4)}
        found = ResizeCodes("codes", "counts", "sums", unit=True)(source, here, seeded())
        torch.testing.assert_close(found.tensors["codes"].norm(dim=-1), torch.ones(1, size).double())


def test_coinciding_codes_are_separated_when_split():
    grown = grow(Book(torch.ones(3, 4, dtype=torch.float64)), 6, seeded())
    assert len(grown.vectors[3:].unique(dim=0)) == 3


@pytest.mark.slow
def test_a_large_codebook_is_merged_without_a_table_of_all_pairs():
    found = shrink(Book(normal(20_000, 8)), 19_990)
    assert found.vectors.shape == (19_990, 8)
