"""Corruptions: the exact effect of each, independence of batching, and refusals."""

import numpy as np
import pytest
import torch
from zoo_registry import SpecError

from zoo.evaluation.corruption import Signal, parse_corruptions

WINDOWS, CHANNELS, LENGTH = 7, 3, 50
DEVIATION = torch.tensor([0.5, 2.0, 10.0])


def signal(seed: int = 0) -> torch.Tensor:
    return torch.randn(WINDOWS, CHANNELS, LENGTH, generator=torch.Generator().manual_seed(seed)) + 3


def corrupted(text: str, x: torch.Tensor, mask: torch.Tensor | None = None, rows: range = range(WINDOWS)) -> Signal:
    index = torch.tensor(list(rows))
    return parse_corruptions([text])[0](x[index], None if mask is None else mask[index], index, DEVIATION)


@pytest.mark.parametrize("text", ["noise:.1", "missing:.3", "shift:.2", "missing:.3+noise:.1+shift:.5"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_corruption_of_a_window_depends_only_on_the_window(text, masked):
    x = signal()
    mask = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) > 0.2 if masked else None
    x = x if mask is None else torch.where(mask, x, 0)
    whole = corrupted(text, x, mask)
    backwards = [corrupted(text, x, mask, range(i, i + 1)) for i in reversed(range(WINDOWS))][::-1]
    for name, part in whole._asdict().items():
        singles = [getattr(one, name) for one in backwards]
        if part is None:
            assert singles == [None] * WINDOWS
        else:
            assert torch.equal(part, torch.cat(singles))
    assert whole.x.dtype == x.dtype
    assert whole.mask is None or bool((whole.x[~whole.mask] == 0).all())


def test_noise_is_in_deviations_of_its_channel_and_scales_with_its_level():
    x = torch.zeros(200, CHANNELS, LENGTH)
    quiet, loud = (corrupted(text, x, rows=range(200)).x for text in ("noise:.06", "noise:.12"))
    torch.testing.assert_close(quiet.std((0, 2)), 0.06 * DEVIATION, rtol=0.03, atol=0)
    torch.testing.assert_close(loud, 2 * quiet)
    assert len({float(window[0, 0]) for window in quiet}) == 200


def test_noise_leaves_hidden_samples_and_the_clean_signal_unchanged():
    x = signal()
    mask = torch.arange(LENGTH).expand_as(x) < 30
    found = corrupted("noise:.5", torch.where(mask, x, 0), mask)
    assert torch.equal(found.clean, torch.where(mask, x, 0))
    assert not found.x[~mask].any()
    assert torch.equal(found.mask, mask)
    assert torch.equal(found.known, mask)


@pytest.mark.parametrize(("share", "hidden"), [(0.15, 7), (0.3, 15), (0.99, 49), (0.001, 0)])
def test_missing_hides_exactly_its_share_of_every_channel(share, hidden):
    x = signal()
    found = corrupted(f"missing:{share}", x)
    assert ((~found.mask).sum(-1) == hidden).all()
    assert torch.equal(found.x, torch.where(found.mask, x, 0))
    assert found.known is None
    assert torch.equal(found.clean, x)


def test_missing_takes_a_share_of_observed_samples_and_larger_gaps_contain_smaller_ones():
    x = signal()
    mask = torch.rand(x.shape, generator=torch.Generator().manual_seed(2)) > 0.4
    few, many = (corrupted(f"missing:{share}", x, mask).mask for share in (0.2, 0.5))
    assert torch.equal(few.sum(-1), mask.sum(-1) - (0.2 * mask.sum(-1)).long())
    assert not (many & ~few).any()
    assert not (few & ~mask).any()


def test_phase_rotates_a_window_and_its_clean_signal_by_up_to_its_share():
    x, turns = signal(), []
    found = corrupted("shift:.2", x)
    assert torch.equal(found.x, found.clean)
    for before, after in zip(x.numpy(), found.x.numpy(), strict=True):
        fits = [turn for turn in range(-10, 11) if np.array_equal(np.roll(before, turn, -1), after)]
        assert len(fits) == 1
        turns += fits
    assert len(set(turns)) > 2


def test_a_list_is_parsed_in_order_without_duplicates():
    found = parse_corruptions(["noise:.06,noise:0.06, missing:.15+noise:.06", "shift:.1"])
    assert [corruption.name for corruption in found] == ["noise:0.06", "missing:0.15+noise:0.06", "shift:0.1"]


@pytest.mark.parametrize(
    "text", ["", "noise", "nois:.1", "noise:", "noise:x", "noise:nan", "noise:0", "noise:-1", "noise:inf",
             "missing:1", "missing:15", "shift:.6", "noise:.1,,shift:.1", "noise:.1+"]
)  # fmt: skip
def test_any_other_text_is_refused_in_one_line(text):
    with pytest.raises(SpecError) as caught:
        parse_corruptions([text])
    assert "--corrupt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_earlier_name_of_a_shift_is_refused_with_the_new_one():
    with pytest.raises(SpecError, match=r"it is now called shift: --corrupt shift:.1"):
        parse_corruptions(["phase:.1"])
