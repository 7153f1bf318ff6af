"""The page of a sweep: self-contained, every name as text, and readable at any width in a browser."""

import json

import numpy as np
import pytest
from headless_browser import CHROMIUM, running
from test_pages_in_browser import CONTRASTS, OUTSIDE, UNSEEN

from zoo.runs.compare import spread
from zoo.sweep.folder import SweepFolder
from zoo.sweep.page import headline, write_page
from zoo.sweep.results import PointResult, RunResult, SweepResult, ranked

LONG = "a very long name of a choice that nobody would type but somebody did"
EVIL = "<script>alert(1)</script> $5"
OBJECTIVES = {"codebook": True, "accuracy": True, "mse": False}


def made(seeds: int = 3) -> SweepResult:
    """Twelve finished points, one pruned, one failed, with hostile names."""
    rng, points = np.random.default_rng(0), []
    for number in range(14):
        settings = {
            "z": str(10 ** (number % 3)),
            "fusion": [LONG, EVIL][number % 2],
            "codes": str(4 * 2 ** (number % 4)),
        }
        runs = [
            RunResult(seed=seed, folder=f"{number:03}-seed{seed}", windows=8, fingerprint="f", seconds=9.0,
                      values={"codebook": rng.uniform(), "accuracy": rng.uniform(), "mse": 0.01 * rng.uniform()})
            for seed in range(seeds if number < 12 else 0)
        ]  # fmt: skip
        points.append(
            PointResult(
                number=number, state="done" if runs else ("pruned", "failed")[number % 2],
                label=", ".join(f"{name} {label}" for name, label in settings.items()), settings=settings,
                numbers={name: float(settings[name]) for name in ("z", "codes")}, finer=number > 10,
                values={name: spread([run.values[name] for run in runs]) for name in OBJECTIVES if runs},
                runs=runs, tries=1, worker="w:1", reason="" if runs else f"training.lr: expected {EVIL}",
            )
        )  # fmt: skip
    found = ranked(points, OBJECTIVES)
    done = [point for point in found if point.values]
    best = {
        name: max(done, key=lambda p, name=name, sign=1 if higher else -1: sign * p.values[name].mean).number
        for name, higher in OBJECTIVES.items()
    }
    return SweepResult(name="all kinds", fingerprint="0" * 64, storage="sqlite:///study.db", total=14,
                       seeds=list(range(seeds)), objectives=OBJECTIVES, points=found, best=best,
                       notes=["The best mse is at the edge of z (1); better values may lie outside."])  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = SweepFolder(tmp_path_factory.mktemp("page") / "sweep")
    folder.path.mkdir()
    sweep = {"name": "all kinds", "vary": {"a.b": [EVIL]}}
    folder.spec.write_text(json.dumps({"sweep": sweep, "storage": "sqlite:///study.db"}))
    write_page(made(), folder)
    return folder.page


def test_the_page_holds_every_point_and_no_script(page):
    text = page.read_text()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert all(f'<th scope="row">{number:03}</th>' in text for number in range(14))
    assert "±" in text
    assert (page.parent / "figures" / "sweep-pareto.png").exists()


def test_the_headline_counts():
    found = made()
    front = sum(point.front for point in found.points)
    assert headline(found).startswith("12 of 14 points are done, each with 3 seeds; ")
    assert f"{front} are Pareto-optimal" in headline(found) or front == 1


def test_the_headline_says_if_all_points_are_equal():
    assert headline(made().model_copy(update={"best": {}})).endswith("all have the same values.")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: pages are not opened in a browser")
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_overflows_in_a_browser_and_nothing_is_fetched(page, tmp_path, width, theme):
    with running(tmp_path / "profile") as browser:
        browser.open(page, width, theme)
        assert browser.complaints == []
        assert browser.fetched == [page.resolve().as_uri()]
        browser.ask("document.querySelectorAll('details').forEach(e => e.open = true)")
        assert browser.ask("document.scrollingElement.scrollWidth") <= width
        assert browser.ask(OUTSIDE) == []
        assert browser.ask(UNSEEN) == 0
        assert browser.ask(CONTRASTS) == []
