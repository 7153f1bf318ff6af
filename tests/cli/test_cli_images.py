"""`zoo images` on the command line: pictures, pixels that never vary, refusals."""

import json

import numpy as np
import pytest
import torch

from zoo.images.made import choose, make
from zoo.specs.read import read_data
from zoo.testing import every_component

KINDS = ["images.persistence", "images.gaf"]
DATA = ["npy:windows", "--set", "data.source.layout=c t"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a folder of windows of two classes, one of them with gaps."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "windows").mkdir()
    for split, count in (("train", 20), ("test", 8)):
        np.save(tmp_path / f"windows/X_{split}.npy", np.random.default_rng(0).normal(size=(count, 2, 70)))
        np.save(tmp_path / f"windows/y_{split}.npy", np.arange(count) % 2)
    (tmp_path / "windows/classes.txt").write_text("Walk\nRest")
    return tmp_path


def spec_with(write, **image):
    model = {"input": {"channels": 2, "length": 70, "classes": 2}, "image": image, "head": {"kind": "wrn.image"}}
    return write(model)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_drawn_first_and_every_other_kind_beside_it(zoo, here, kind):
    found = zoo("images", kind, *DATA, "--json", "--out", "pics")
    assert found.status == 0, found.err
    drawn = [one["kind"] for one in found.json["images"]]
    assert drawn[0] == kind
    assert set(KINDS) <= set(drawn)
    assert all(one["shape"] == [2, 64, 64] for one in found.json["images"] if one["kind"] in KINDS)
    assert (here / "pics/images.png").read_bytes().startswith(b"\x89PNG")
    svg = (here / "pics/images.svg").read_text()
    assert all(text in svg for text in (*KINDS, "Walk, window", "Rest, window", "diagram of the"))


def test_the_picture_shows_only_the_class_that_is_asked_for(zoo, here):
    assert zoo("images", "images.gaf", *DATA, "--class", "Rest", "--sample", "3").status == 0
    svg = (here / "images/images.svg").read_text()
    assert svg.count("Rest, window") == 3
    assert "Walk" not in svg


def test_pixels_that_never_vary_are_noted(zoo, here, write):
    far = spec_with(write, kind="images.persistence", scale="none", low=-1000, high=1000, size=16)
    found = zoo("images", far, *DATA)
    assert found.status == 0
    assert "images.persistence: 100 %" in found.err
    assert "of its pixels never vary over the training split; choose a range that fits" in found.err
    near = spec_with(write, kind="images.persistence", scale="none", low=-3, high=3, spread=0.5, size=16)
    assert "never vary over" not in zoo("images", near, *DATA).err


def test_kinds_that_do_not_fit_are_left_out(zoo, here, write):
    for split, count in (("train", 20), ("test", 8)):
        np.save(here / f"windows/X_{split}.npy", np.random.default_rng(0).normal(size=(count, 2, 30)))
    found = zoo("images", "images.persistence", *DATA, "--json")
    assert found.status == 0
    assert "images.gaf" not in [one["kind"] for one in found.json["images"]]
    assert "images.gaf is left out: image.size: expected at most the signal's 30 samples" in found.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["images.gaf", *DATA, "--class", "Rset"],
            "--class: expected one of Walk, Rest, found 'Rset'; did you mean 'Rest'",
        ),
        (["images.gaf", *DATA, "--sample", "0"], "--sample"),
        (["images.gafs", *DATA], "did you mean 'images.gaf'"),
        (["images.gaf", "npy:nowhere", *DATA[1:]], "nowhere"),
        (["plain.json", *DATA], "a model with an image, found none"),
    ],
)
def test_mistakes_are_one_line(zoo, here, arguments, words):
    plain = {"input": {"channels": 2, "length": 70, "classes": 2}, "head": {"kind": "wrn.signal"}}
    (here / "plain.json").write_text(json.dumps(plain))
    found = zoo("images", *arguments)
    assert found.status == 2
    assert words in found.err
    assert found.err.count("\n") == 1


@pytest.fixture
def data(here):
    from zoo_registry import Registry

    from zoo.data import prepare

    return prepare(read_data(DATA[0], Registry.discover(), [DATA[2]]))


@pytest.mark.parametrize("number", [1, 2, 5, 99])
def test_windows_are_of_as_many_classes_as_possible(data, number):
    rows = choose(data.train, ("Walk", "Rest"), number, None)
    counts = np.bincount(data.train.y[rows], minlength=2)
    assert len(set(rows.tolist())) == len(rows) == min(number, len(data.train))
    assert counts.max() - counts.min() <= 1 or number > len(data.train)
    assert (np.diff(data.train.y[rows]) >= 0).all()


def test_the_share_of_still_pixels_is_that_of_the_whole_training_split(data):
    from zoo_registry import ImageSpec, Registry

    from zoo.data.batch import read_batch

    windows, whole = read_batch(data.train, np.arange(2)), read_batch(data.train, np.arange(len(data.train)))
    for spec in every_component(Registry.discover()):
        if isinstance(spec, ImageSpec):
            few, all_images = make(spec, data, windows), make(spec, data, whole)
            images = all_images.images
            still = (images.amax(0) - images.amin(0) <= 1e-3).double().mean()
            assert few.still == all_images.still == still
            assert torch.equal(few.images, images[:2])
