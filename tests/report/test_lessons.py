"""Bars of students over the size of their teachers show the numbers that they stand for."""

import pytest

from zoo.report.lessons import Lesson, lessons_picture

ALONE = Lesson("alone", "", 0, 0, (0.61, 0.63))
TAUGHT = [
    Lesson(names, size, names.count("+") + 1, parameters, (best - 0.02, best))
    for size, parameters, gain in (("16-1", 60, 0.0), ("28-3", 900, 0.03))
    for names, best in (("signal", 0.66 + gain), ("signal + image", 0.7 + gain))
]


@pytest.fixture
def axis():
    return lessons_picture([ALONE, *TAUGHT]).figure.axes[0]


def test_a_bar_ends_at_the_mean_of_its_students(axis):
    heights = [bar.get_y() + bar.get_height() for bar in axis.patches]
    assert sorted(heights) == pytest.approx(sorted(of.spread.mean for of in TAUGHT))
    assert [label.get_text() for label in axis.get_xticklabels()] == ["16-1", "28-3"]
    dots = [y for shown in axis.collections for _, y in getattr(shown, "get_offsets", list)()]
    assert set(dots) >= {value for of in TAUGHT for value in of.accuracies}


def test_the_axis_shows_every_student_and_says_where_it_starts(axis):
    low, high = axis.get_ylim()
    values = [value for of in (ALONE, *TAUGHT) for value in of.accuracies]
    assert low < min(values)
    assert high > max(values)
    assert f"axis starts at {low:.2f}" in axis.get_ylabel()


def test_the_legend_has_one_row_with_every_lesson(axis):
    (legend,) = axis.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["alone", "signal", "signal + image"]
    assert legend._ncols == 3


def test_lessons_of_several_sizes_are_drawn_where_they_exist():
    """A lesson may lack a size; a single student has no whiskers."""
    found = [ALONE._replace(accuracies=(0.6,)), TAUGHT[0], Lesson("image", "28-3", 1, 900, (0.65,))]
    axis = lessons_picture(found).figure.axes[0]
    assert len(axis.patches) == 2
    assert found[2].spread.deviation is None
    assert len(axis.collections) == 2  # whiskers and dots of one lesson
