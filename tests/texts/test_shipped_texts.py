"""The texts that come with the zoo are valid, and have the classes of the data that they are for."""

import warnings
from pathlib import Path

import pytest
from zoo_registry import Registry

from zoo.data import input_of
from zoo.specs.read import read_data
from zoo.texts.actions import read_actions, shipped

SHARED = Path(__file__).parents[3] / "shared/data"
DATA = {
    "basic_motions": ("aeon:basic_motions", None),
    "epilepsy": ("ts:{}", SHARED / "uea/Epilepsy"),
    "ering": ("ts:{}", SHARED / "uea/ERing"),
    "libras": ("ts:{}", SHARED / "uea/Libras"),
    "wrist_adl14": ("npy:{}", SHARED / "wrist_adl14"),
}
ARCHIVE = {
    "cricket": [f"{number}.0" for number in range(1, 13)],
    "natops": [f"{number}.0" for number in range(1, 7)],
    "racket_sports": ["Badminton_Smash", "Badminton_Clear", "Squash_ForehandBoast", "Squash_BackhandBoast"],
    "uwave": [f"{number}.0" for number in range(1, 9)],
}


@pytest.mark.parametrize("name", shipped())
def test_each_class_has_five_actions_and_some_of_its_own_or_shared(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_actions(name)
    assert {len(texts) for texts in found.texts.values()} == {5}
    assert len(found.distinct) < sum(map(len, found.texts.values())), "similar classes share actions"
    assert len({frozenset(numbers) for numbers in found.numbers.values()}) == len(found.classes)


@pytest.mark.parametrize("name", DATA)
def test_the_classes_are_those_of_the_data(name):
    source, place = DATA[name]
    if place is not None and not place.exists():
        pytest.skip(f"{place.name} is not at hand")
    names = input_of(read_data(source.format(place), Registry.discover())).class_names
    assert names is not None
    assert read_actions(name, names).classes == names


@pytest.mark.parametrize("name", ARCHIVE)
def test_the_classes_are_those_in_the_headers_of_the_archive(name):
    assert read_actions(name, ARCHIVE[name]).classes == tuple(ARCHIVE[name])


@pytest.mark.parametrize("use", ["both", "arm", "leg"])
def test_limbs_of_the_treadmill_can_be_chosen(use):
    assert len(read_actions("treadmill", use=use).classes) == 14
