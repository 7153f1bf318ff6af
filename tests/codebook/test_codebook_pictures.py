"""Pictures of codebooks of every size can be drawn and label their content; stored reports can be read again."""

import numpy as np
import pytest
import torch
from made_models import NAMES, TEMPLATES, batches, made, measured
from zoo_registry import DataError
from zoo_registry.suggest import shortened

from zoo.codebook.pictures import pictures, usage_picture
from zoo.codebook.shape_grid import percent
from zoo.codebook.stored import read_measured, write_measured
from zoo.evaluation.usage_report import usage_reports
from zoo.runs.folder import RunFolder

KINDS = ["shapes", "usage", "classes", "places"]


def noise(count: int) -> torch.Tensor:
    return torch.randn(count, TEMPLATES.shape[1], generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "vectors",
    [TEMPLATES, TEMPLATES[:1].repeat(3, 1), TEMPLATES[:2], noise(80)],
    ids=["healthy", "one shape", "two codes", "many dead"],
)
def test_every_codebook_is_drawn(vectors):
    found = measured(made(vectors))
    drawn = pictures(found)
    assert [picture.name for picture in drawn] == [f"codebook-{kind}" for kind in KINDS]
    for picture in drawn:
        assert picture.drawn().startswith(b"\x89PNG")
        assert b"<svg" in picture.drawn("svg")
        assert picture.alt.endswith(".")
    used = found.report.books[0].usage.used
    assert f"{used} used of {len(vectors)} codes" in drawn[0].alt
    assert f"{len(vectors) - used} are dead" in drawn[1].alt


def test_near_duplicates_share_a_cell():
    away = 0.05 * noise(len(TEMPLATES))
    shapes, *_ = pictures(measured(made(torch.cat([TEMPLATES + away, TEMPLATES - away]))))
    words = [text.get_text() for text in shapes.figure.axes[0].texts]
    assert sum("×2 codes" in word for word in words) == 6
    assert "6 different shapes from 12 used of 12 codes" in shapes.alt


def test_codebooks_of_channels_have_their_own_pictures():
    names = [picture.name for picture in pictures(measured(made(per_channel=True)))]
    assert names == [f"codebook-{kind}-{book}" for book in (0, 1) for kind in KINDS]


def test_a_huge_codebook_is_drawn_in_cells_of_several_codes():
    counts = torch.arange(65_536).view(1, 1, -1)
    picture = usage_picture(usage_reports(counts)[0])
    assert "16 codes per square" in picture.figure.axes[0].get_xlabel()
    assert len(picture.drawn("svg")) < 2_000_000


def test_a_written_report_can_be_read_again(tmp_path):
    folder, found = RunFolder(tmp_path), measured(made(), batches(12, 1))
    write_measured(folder, found, {"fingerprint": "abc"})
    again = read_measured(folder)
    assert again.report == found.report
    assert again.classes == NAMES
    for one, other in zip(again.books, found.books, strict=True):
        for name in ("codes", "classes", "starts", "lengths", "shapes"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    files = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    figures = [f"codebook-{kind}.{ending}" for kind in KINDS for ending in ("png", "svg")]
    assert files == sorted(["codebook.json", "codebook.npz", *figures])


def test_an_incomplete_report_is_refused(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(DataError, match="zoo codebook"):
        read_measured(folder)
    write_measured(folder, measured(made(), batches(12, 1)), {})
    (tmp_path / "codebook.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="zoo codebook"):
        read_measured(folder)


def test_numbers_and_names_fit_their_cells():
    assert [percent(share) for share in (1, 0.234, 0.041, 0.0007)] == ["100%", "23%", "4.1%", "0.07%"]
    assert shortened("Treadmill 3mph (5% grade)") == "Treadmill 3…"
    assert shortened("Walk") == "Walk"
