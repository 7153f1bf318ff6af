"""Thresholds of the score can be reached: a k-means of stretches passes, noise and copies of one shape fail."""

from pathlib import Path

import numpy as np
import pytest
import torch
from made_models import NAMES
from stretch_models import LENGTH, SAMPLES, TOKENS, clustered, noise, stretch_model
from zoo_registry import Registry

from zoo.codebook.measure import Windows, measure
from zoo.codebook.report import CodebookReport
from zoo.data.batch import Batch, batches
from zoo.findings.facts import Facts
from zoo.findings.find import find
from zoo.runs.data import load_set

WRIST = Path(__file__).parents[2].parent / "shared" / "data" / "wrist_adl14"
SHAPES = ("collapsed-scale", "identical-shapes", "shapes-fit-nothing", "decoder-bypass")


def movements(windows: int, seed: int, length: int = 400) -> list[Batch]:
    """Windows of two channels whose class is the movement, on varying postures: swings, strokes, or rest."""
    rng, time = np.random.default_rng(seed), np.linspace(0, 1, length)
    y = np.arange(windows) % 3
    phase, tempo = rng.uniform(0, 2 * np.pi, (2, windows, 2, 1))
    swing = np.sin(2 * np.pi * (10 + tempo) * time + phase)
    stroke = np.exp(4 * (np.cos(2 * np.pi * (10 + tempo) * time + phase) - 1)) * 2
    slope = np.cumsum(rng.normal(size=(windows, 2, length)), -1) / 20
    x = np.stack([swing, stroke, slope])[y, np.arange(windows)] + rng.normal(0, 0.02, (windows, 2, length))
    x = torch.from_numpy((x + rng.normal(size=(windows, 2, 1))).astype(np.float32))
    return [Batch(x[part], None, torch.from_numpy(y)[part], part) for part in torch.arange(windows).split(64)]


def report(vectors: torch.Tensor, split: list[Batch], train: list[Batch], names: tuple[str, ...]) -> CodebookReport:
    model = stretch_model(vectors, *split[0].x.shape[1:], len(names))
    return measure(model, Windows("validation", split, split[:1], train), names).report


def warnings_of(found: CodebookReport) -> list[str]:
    return [finding.name for finding in find(Facts(codebook=found)) if finding.name in SHAPES]


def test_a_k_means_of_stretches_scores_well_and_noise_does_not():
    train, split = movements(120, 0), movements(60, 1)
    sound = report(clustered(train, 16), split, train, NAMES)
    assert sound.score > 0.8
    assert sound.fit.correlation > 0.8
    assert warnings_of(sound) == []
    other = report(noise(16), split, train, NAMES)
    assert other.score < sound.score - 0.25
    assert warnings_of(other) == ["shapes-fit-nothing"]


def test_codes_have_the_fit_of_their_own_tokens():
    train, split = movements(120, 0), movements(60, 1)
    found = report(torch.cat([clustered(train, 8), noise(2)]), split, train, NAMES)
    (book,) = found.books
    assert sum(row.fit.tokens for row in book.codes) == found.fit.tokens == 60 * 2 * TOKENS
    assert all(row.fit.tokens == row.count for row in book.codes)
    total = sum(row.fit.correlation * row.fit.shaped for row in book.codes if row.fit.shaped)
    assert total / found.fit.shaped == pytest.approx(found.fit.correlation)
    fits = {row.code: row.fit.correlation for row in book.codes}
    assert all(fits[code] < max(fits.values()) for code in fits if code >= 8)


def test_hidden_samples_and_padded_tokens_affect_nothing():
    train, split = movements(60, 0), movements(30, 1)
    vectors = clustered(train, 8)
    mask = torch.ones(30, 2, 400, dtype=torch.bool)
    mask[:, :, 250:300] = False
    (batch,) = split
    found = [
        report(vectors, [batch._replace(x=torch.where(mask, batch.x, hidden), mask=mask)], train, NAMES)
        for hidden in (0.0, 99.0)
    ]
    assert found[0] == found[1]
    whole = report(vectors, split, train, NAMES)
    assert found[0].fit.tokens < whole.fit.tokens == 30 * 2 * TOKENS
    assert found[0].fit.tokens == found[0].tokens
    assert found[0].fit.correlation == pytest.approx(whole.fit.correlation, abs=0.05)


def test_the_renderer_returns_what_its_tokens_hold():
    (batch,) = movements(30, 2)
    model = stretch_model(torch.zeros(2, SAMPLES), 2, 400, 3)
    with torch.no_grad():
        output = model.encode(batch.x)
        exact = output.quantized._replace(values=output.tokens.values)
        output.quantized = exact
        rebuilt = model.decode(output).x_recon
    assert LENGTH * 400 < SAMPLES
    assert float((rebuilt - batch.x).square().mean() / batch.x.var()) < 0.01


@pytest.mark.slow
@pytest.mark.skipif(not WRIST.is_dir(), reason="no ../shared/data/wrist_adl14")
@pytest.mark.filterwarnings("ignore:training and test share")
def test_a_k_means_of_stretches_passes_on_real_movements():
    source = {"kind": "data.npy", "path": str(WRIST), "layout": "c t", "test": "val", "group": "trial"}
    run = Registry.discover().run({"model": {"head": {"kind": "wrn.signal"}}, "data": {"source": source}})
    data = load_set(run)
    split, train = (
        list(batches(part, np.arange(len(part)), 128, torch.device("cpu"))) for part in (data.validation, data.train)
    )
    sound = report(clustered(train, 64), split, train, data.classes)
    assert sound.score > 0.8
    assert warnings_of(sound) == []
    other = report(noise(64), split, train, data.classes)
    assert other.score < 0.5
    assert warnings_of(other) == ["shapes-fit-nothing"]
