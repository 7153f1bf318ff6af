"""A thousand classes, and names of any length: pictures are drawn, results can be read, more classes are refused."""

import io
import json
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import torch
from zoo_data import NpySource
from zoo_registry import DataError, DataSpec, SpecError

from zoo.data.check import input_after
from zoo.evaluation.classification import Classification
from zoo.evaluation.figures import confusion_picture, recall_picture
from zoo.evaluation.score import HEAD, Judged, Score
from zoo.io.files import write_json
from zoo.sources.raw import Extent
from zoo.specs.read import read_json, read_result

DATA = DataSpec(source=NpySource(path="d", layout="c t"))


def report_of(classes: int, seed: int = 0) -> Score:
    """The report of a judge that recognises all windows except those of the last ten classes."""
    counted = Classification(HEAD, tuple(f"class {k} " + "long " * 40 for k in range(classes)))
    target = torch.arange(classes).repeat(2)
    said = torch.where(target >= classes - 10, (target + seed) % 10, target)
    counted.update(torch.nn.functional.one_hot(said, classes).float(), target)
    return counted.report()


@pytest.mark.slow
@pytest.mark.parametrize("classes", [12, 1000])
def test_pictures_show_the_classes_that_are_confused(classes: int) -> None:
    report = report_of(classes)
    for picture in (confusion_picture(report), recall_picture(Judged(report, report_of(classes, 3)))):
        height, width, _ = matplotlib.image.imread(io.BytesIO(picture.drawn())).shape
        assert max(height, width) < 4000
        labels = [label.get_text() for label in picture.figure.axes[0].get_yticklabels()]
        assert len(labels) == min(classes, 50)
        assert max(map(len, labels)) <= 24
        assert ("are drawn" in picture.alt) == (classes > 50)
    confused = [label.get_text().split()[1] for label in confusion_picture(report).figure.axes[0].get_yticklabels()]
    assert set(confused) >= {str(k) for k in range(classes - 10, classes)}


def test_results_of_a_thousand_classes_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "eval.json"
    content = {"confusion": np.zeros((1000, 1000), dtype=int).tolist(), "other": "x" * 2**24}
    write_json(path, content)
    assert read_result(path) == content
    with pytest.raises(SpecError, match="more than 16 MiB"):
        read_json(path)
    assert len(json.dumps(content)) > 2**24


@pytest.mark.parametrize("classes", [1001, 30_000])
def test_more_classes_are_refused_before_anything_is_built(classes: int) -> None:
    with pytest.raises(DataError, match=rf"at most 1,000 classes, found {classes:,}"):
        input_after(Extent(3, 20, 20, tuple(map(str, range(classes)))), DATA, "y_train.npy")
    assert input_after(Extent(3, 20, 20, tuple(map(str, range(1000)))), DATA, "y_train.npy").classes == 1000
