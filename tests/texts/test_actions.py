"""Files of actions: three schemas, every mistake in one line with its place, classes in the order of the data."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zoo_registry import SpecError, ZooNote, text_hash

from zoo.texts.actions import MOST_DISTINCT, MOST_TEXTS, read_actions
from zoo.texts.schema import LONGEST, MOST_ACTIONS, MOST_CLASSES

GOLDEN = Path(__file__).parents[3] / "shared/golden/text"
CLASSES = Path(__file__).parents[3] / "shared/data/wrist_adl14/classes.txt"
WALK: dict[str, Any] = {"action_label": "Walk", "sub_actions": ["swing the arm", "step"]}
REST: dict[str, Any] = {"action_label": "Rest", "sub_actions": ["lie", "step"]}


@pytest.fixture
def file(tmp_path):
    """Write a file of these activities, or any content."""

    def file(*activities: Any, content: str | None = None) -> Path:
        path = tmp_path / "actions.json"
        path.write_text(json.dumps({"activities": activities}) if content is None else content, encoding="utf-8")
        return path

    return file


def refusal(path, *names, **options):
    with pytest.raises(SpecError) as caught:
        read_actions(path, names or None, **options)
    assert str(caught.value).count("\n") == 0
    return str(caught.value)


def test_classes_are_in_the_order_of_the_data_and_texts_in_order_of_appearance(file):
    found = read_actions(file(WALK, REST), ["Rest", "Walk"])
    assert found.classes == ("Rest", "Walk")
    assert found.texts == {"Rest": ("lie", "step"), "Walk": ("swing the arm", "step")}
    assert found.distinct == ("lie", "step", "swing the arm")
    assert found.numbers == {"Rest": (0, 1), "Walk": (2, 1)}
    assert found.uses == (1, 2, 1)


def test_without_data_classes_are_in_the_order_of_the_file(file):
    assert read_actions(file(WALK, REST)).classes == ("Walk", "Rest")


@pytest.mark.parametrize(
    ("use", "text"), [("both", "Arm: swing. Leg: lift."), ("arm", "swing"), ("leg", "lift")], ids=["both", "arm", "leg"]
)
def test_limbs_are_joined_or_chosen(file, use, text):
    path = file({"action_label": "Walk", "sub_actions": [{"Arm": "swing", "Leg": "lift"}]})
    assert read_actions(path, use=use).texts["Walk"] == (text,)


def test_limbs_of_actions_without_limbs_are_refused(file):
    assert "actions by limbs, as arm is chosen, found actions without limbs" in refusal(file(WALK), use="arm")


def keywords(name, **shared):
    return {"action_label": name, "sub_actions": [{"keyword": word, "shared": mark} for word, mark in shared.items()]}


def test_marks_that_agree_with_the_texts_are_read_without_a_note(file):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_actions(file(keywords("Walk", step=True, swing=False), keywords("Run", step=True)))
    assert found.distinct == ("step", "swing")


def test_marks_that_contradict_the_texts_are_noted_with_both_counts(file):
    path = file(keywords("Walk", step=False, swing=True, turn=True), keywords("Run", step=True))
    with pytest.warns(ZooNote, match="2 marked as shared that no other class has, 1 not marked that others have"):
        found = read_actions(path)
    assert found.uses == (2, 1, 1)


def test_equivalent_spellings_are_one_text_and_stay_as_they_are(file):
    composed, apart = "café", "cafe\u0301"
    walk, rest = ({"action_label": name, "sub_actions": [text]} for name, text in (("Walk", apart), ("Rest", composed)))
    found = read_actions(file(walk, rest))
    assert found.texts == {"Walk": (apart,), "Rest": (composed,)}
    assert found.distinct == (apart,)
    assert found.numbers == {"Walk": (0,), "Rest": (0,)}
    assert text_hash(apart) == text_hash(composed)


EXPECTED = {
    "bad_missing_class.json": "activities: expected all 14 classes of the data, found no Descend_stairs;",
    "bad_other_name.json": "activities.0.action_label: expected the exact name of a class of the data, found 'Brushing "
    "teeth'; did you mean 'Brush_teeth'?",
    "bad_other_case.json": "activities.1.action_label: expected the exact name of a class of the data, found "
    "'climb_stairs'; did you mean 'Climb_stairs'?",
    "bad_class_twice.json": "activities.14.action_label: expected every class once, found 'Brush_teeth' again",
    "bad_no_actions.json": "activities.2.sub_actions: expected at least one action, found none",
    "bad_blank.json": "activities.4.sub_actions.1: expected text that is not blank",
    "bad_mixed_schemas.json": "activities.5.sub_actions.0: expected an object with Arm and Leg, as the file begins",
    "bad_unknown_field.json": "activities.6.sub_actions.2.Wrist: expected no other field than Arm and Leg",
    "bad_very_long.json": "activities.8.sub_actions.0: expected at most 500 characters, found 5,000",
    "bad_not_json.json": "line 1 column 17",
    "bad_top_level_list.json": "expected an object with `activities`, found a list",
}
READ = {"bad_shared_untrue.json", "bad_unequal_counts.json", "bad_unicode.json"}


@pytest.fixture(scope="module")
def known() -> tuple[str, ...]:
    if not GOLDEN.exists() or not CLASSES.exists():
        pytest.skip("the golden files are not at hand")
    return tuple(CLASSES.read_text().split())


def test_every_broken_golden_file_has_its_outcome(known):
    assert set(json.loads((GOLDEN / "bad.json").read_text())) == EXPECTED.keys() | READ
    for name, words in EXPECTED.items():
        assert words in refusal(GOLDEN / name, *known), name


@pytest.mark.filterwarnings("ignore::zoo_registry.errors.ZooNote")
@pytest.mark.parametrize("name", sorted(READ))
def test_golden_files_without_a_mistake_are_read(known, name):
    found = read_actions(GOLDEN / name, known)
    assert found.classes == known
    if name == "bad_unequal_counts.json":
        assert sorted(map(len, found.texts.values())) == [3] + 13 * [5]
    if name == "bad_unicode.json":
        assert "une bouteille d’eau \U0001f6b0" in found.distinct


def test_golden_marks_are_contradicted(known):
    with pytest.warns(ZooNote, match="3 marked as shared that no other class has, 2 not marked"):
        read_actions(GOLDEN / "bad_shared_untrue.json", known)


def test_the_golden_schemas_agree(known):
    phrases, limbs, words = (read_actions(GOLDEN / f"wrist_adl14_v{number}.json", known) for number in range(3))
    assert phrases == words
    assert read_actions(GOLDEN / "wrist_adl14_v1.json", known, "arm") == phrases
    assert all(text.startswith("Arm: ") for text in limbs.distinct)


@pytest.mark.parametrize(
    ("activities", "words"),
    [
        ([], "activities: expected at least one class, found none"),
        ([WALK, 3], "activities.1: expected"),
        ([WALK | {"sub_action": ["x"]}], "activities.0.sub_action: expected no other field than"),
        ([{"action_label": "Walk"}], "activities.0.sub_actions: expected a value, found nothing"),
        ([WALK | {"sub_actions": "step"}], "activities.0.sub_actions: expected"),
        (
            [WALK | {"sub_actions": ["step", 7]}],
            "activities.0.sub_actions.1: expected text, as the file begins, found 7",
        ),
        ([WALK | {"sub_actions": ["step\nback"]}], "activities.0.sub_actions.0: expected one line of printable"),
        ([WALK | {"sub_actions": ["\ud800"]}], "activities.0.sub_actions.0: expected"),
        ([WALK | {"sub_actions": [{"arm": "x", "Leg": "y"}]}], "sub_actions.0.arm: expected no other field than Arm"),
        ([WALK | {"sub_actions": [{"keyword": "x"}]}], "activities.0.sub_actions.0.shared: expected a value"),
        ([WALK | {"sub_actions": ["x"] * (MOST_ACTIONS + 1)}], f"at most {MOST_ACTIONS} actions, found 65"),
        ([WALK | {"sub_actions": ["x" * (LONGEST + 1)]}], "at most 500 characters, found 501"),
        ([WALK | {"action_label": " "}], "activities.0.action_label: expected text that is not blank"),
    ],
    ids=str,
)
def test_mistakes_name_their_place(file, activities, words):
    assert words in refusal(file(*activities))


def test_ten_thousand_classes_are_refused_with_the_bound(file):
    many = [WALK | {"action_label": f"class {number}"} for number in range(10_000)]
    assert f"at most {MOST_CLASSES:,} classes, found 10,000" in refusal(file(*many))


def test_too_many_distinct_actions_are_refused_with_the_bound(file):
    classes = MOST_DISTINCT // MOST_ACTIONS + 1
    many = [
        {"action_label": f"c{number}", "sub_actions": [f"a{number} {place}" for place in range(MOST_ACTIONS)]}
        for number in range(classes)
    ]
    assert f"at most {MOST_DISTINCT:,} distinct actions, found {classes * MOST_ACTIONS:,}" in refusal(file(*many))


def test_too_many_repeated_actions_are_refused_with_the_bound(file):
    many = [{"action_label": f"c{number}", "sub_actions": ["step"] * MOST_ACTIONS} for number in range(100)]
    assert f"at most {MOST_TEXTS:,} actions, found 6,400" in refusal(file(*many))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[" * 100_000, "expected valid JSON"),
        ('{"activities": [], "activities": []}', "the name 'activities' twice"),
        ('{"activities": {"a": 1}}', "activities: expected"),
        ("{}", "activities: expected a value, found nothing"),
        ("3", "expected an object with `activities`, found 3"),
        ('{"activities": [' + '{"a":' * 900 + "1" + "}" * 900 + "]}", "activities.0"),
        ('{"activities": [NaN]}', "NaN"),
    ],
    ids=["deep lists", "name twice", "no list", "empty", "number", "deep objects", "NaN"],
)
def test_other_content_is_refused(file, content, words):
    assert words in refusal(file(content=content))


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as huge:
        huge.truncate(2**40)
    assert "more than 16 MiB" in refusal(path)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path, seed):
    rng = np.random.default_rng(seed)
    whole = bytearray(json.dumps({"activities": [keywords("Walk", step=True), keywords("Run", step=True)]}).encode())
    path = tmp_path / "actions.json"
    refused = []
    for _ in range(200):
        damaged = whole.copy()
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            damaged[place] = rng.choice(list(b'{}[]",:x0\x80\n'))
        path.write_bytes(damaged[: rng.integers(1, len(whole) + 1)] if rng.random() < 0.2 else damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ZooNote)
            try:
                read_actions(path)
            except SpecError as error:
                refused.append(str(error))
    assert 0 < len(refused) < 200
    assert not [message for message in refused if "\n" in message]


def test_a_missing_file_suggests_the_shipped_names(tmp_path):
    assert "did you mean 'basic_motions'?" in refusal("basic_motion")
    assert "no such file" in refusal(tmp_path / "actions.json")


@pytest.mark.parametrize("numbers", [("0", "1"), ("1.0", "2.0"), ("-1", "1")])
def test_data_without_class_names_are_refused_with_how_to_name_them(file, numbers):
    message = refusal(file(WALK, REST), *numbers)
    assert "expected data with class names, found the numbers" in message
    assert "classes.txt" in message


def test_a_file_that_is_labelled_by_numbers_fits_data_without_names(file):
    path = file(WALK | {"action_label": "1", "title": "walking"}, REST | {"action_label": "0"})
    found = read_actions(path, ["0", "1"])
    assert found.classes == ("0", "1")
    assert found.titles == {"1": "walking"}
