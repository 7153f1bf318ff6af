"""An explained decision: parts, codes and samples add up to the logit."""

import pytest
import torch
from zoo_bag import BagSignal
from zoo_registry import Shape

from zoo.contracts import Output
from zoo.explain.decision import decide
from zoo.explain.picture import chosen, decision_picture
from zoo.explain.report import CodeSaid
from zoo.testing import adapt

FIELDS = {"samples": 8, "scales": (1, 2), "codes": (4, 12), "level": (4, 3)}


@pytest.fixture(params=[1, 2], ids=["1 channel", "2 channels"])
def head(request):
    shape = Shape.of("c t", request.param, 40)
    torch.manual_seed(0)
    made = BagSignal(**FIELDS).build(shape, 3).double().eval()
    adapt(made, shape)
    return made


def output(head, masked: bool) -> Output:
    channels = head.bag.layout.channels
    x = torch.randn(1, channels, 40, generator=torch.Generator().manual_seed(1), dtype=torch.float64).cumsum(-1)
    mask = torch.ones_like(x, dtype=torch.bool)
    mask[..., 25:] = False
    return Output(x=x, mask=mask if masked else None)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("of", [0, 2])
def test_everything_adds_up_to_the_logit(head, masked, of):
    given = output(head, masked)
    logit = float(head(given)[0, of])
    found = decide(head, given, of)
    assert found.logit == pytest.approx(logit, abs=1e-6)
    assert found.bias + sum(part.said for part in found.parts) == pytest.approx(logit, abs=1e-6)
    assert found.bias + float(found.curve.sum()) == pytest.approx(logit, abs=1e-6)
    if masked:
        assert found.curve[:, 25:].abs().max() < 1e-9


def test_codes_add_up_to_their_books(head, monkeypatch):
    monkeypatch.setattr("zoo.explain.decision._MOST", 10_000)
    found = decide(head, output(head, masked=False), 1)
    for part in found.parts:
        codes = [code for code in found.codes if code.book == part.name]
        if codes:
            assert sum(code.said for code in codes) == pytest.approx(part.said, abs=1e-6)
            channels = {code.channel for code in codes}
            assert channels == ({None} if "all axes" in part.name else set(range(head.bag.layout.channels)))


def test_a_code_inserted_into_the_signal_is_found_at_its_position():
    """Only one code has a weight: its evidence lies where that code draws a stretch."""
    shape = Shape.of("c t", 1, 64)
    head = BagSignal(samples=8, scales=(1,), codes=(6,), level=(0, 0), places=64, nearest=1).build(shape, 2).eval()
    adapt(head, shape)
    head.bag.standardize.fill(torch.zeros(1), torch.ones(1))
    x = torch.zeros(1, 1, 64)
    x[0, 0, 30:38] = 3 * head.bag.codes.axis_1_6[4]
    with torch.no_grad():
        head.classify.weight.zero_()
        head.classify.weight[1, 4] = 1
    code = next(code for code in decide(head, Output(x=x), 1).codes if code.code == 4)
    assert (code.start, code.end) == (30, 38)


def test_pictures_draw_contributing_codes_without_overlap():
    def said(value: float, start: int | None, channel: int | None = 0) -> CodeSaid:
        end = None if start is None else start + 10
        return CodeSaid(book="b", code=0, channel=channel, said=value, share=0.1, start=start, end=end)

    codes = [said(5, 0), said(-4, 50), said(3, 2), said(2, None), said(1.5, 2, 1), said(1, 8), said(0.5, 30)]
    assert chosen(codes, 3) == [0, 4, 5]


def test_a_picture_of_gaps_and_of_a_constant_channel_can_be_drawn(head):
    given = output(head, masked=True)
    given.x[:, 0] = 1
    found = decide(head, given, 1)
    picture = decision_picture("explain-0", found, given.x[0], given.mask[0], "a title of $10")
    assert picture.drawn("png")[:4] == b"\x89PNG"
    assert "a title of $10" in picture.alt
