"""The forms of kernels in torch's own operators."""

import torch

from zoo.kernels import Portable, nearest_few, nearest_rows


def drawn(*size: int) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(sum(size)))


def test_portable_forms_choose_the_same_codes():
    rows, codes = drawn(300, 6), drawn(40, 6)
    few = nearest_few(rows, codes, 4)
    nearest = nearest_rows(rows, codes, codes.mean(0))
    with Portable():
        assert torch.equal(nearest_rows(rows, codes, codes.mean(0)), nearest)
        portable = nearest_few(rows, codes, 4)
    assert torch.equal(portable.codes, few.codes)
    torch.testing.assert_close(portable.scores, few.scores)


def test_distances_of_a_graph_are_exact_enough_to_choose_as_the_compiled_kernel_does():
    """In float32, one of these rows gets another code."""
    generator = torch.Generator().manual_seed(0)
    rows, codes = (torch.randn(number, 8, generator=generator) for number in (400_000, 64))
    nearest = nearest_rows(rows, codes, codes.mean(0))
    with Portable():
        assert torch.equal(nearest_rows(rows, codes, codes.mean(0)), nearest)


def test_a_portable_graph_has_no_operation_of_ours():
    class Both(torch.nn.Module):
        def forward(self, rows: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return nearest_rows(rows, codes, codes[0]), *nearest_few(rows, codes, 2)

    given = drawn(5, 6), drawn(40, 6)
    own = torch.export.export(Both(), given).graph
    with Portable():
        portable = torch.export.export(Both(), given).graph
    assert [("shapezoo" in str(graph)) for graph in (own, portable)] == [True, False]
