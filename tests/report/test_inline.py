"""Pictures inside pages: themed, with distinct ids, and containing only drawing elements."""

import re

import pytest

from zoo.plotting.drawing import new_figure, tidy
from zoo.plotting.inline import inline
from zoo.plotting.palette import PALETTE
from zoo.plotting.picture import Picture
from zoo.report.page import render


@pytest.fixture
def picture():
    figure = new_figure(3, 2)
    axis = figure.subplots()
    axis.plot([0, 1, 2], color="#2f6fb2", label="</text><script>x</script>")
    axis.plot([2, 1, 0], color="#123456")
    tidy(axis, x="5$ or $6", title="<b>a</b> & b")
    figure.legend(loc="outside lower center")
    return Picture("some", "Some", 'two lines "crossing" <here>', figure)


def test_colours_of_the_palette_become_names_and_others_stay(picture):
    markup = inline(picture.drawn("svg"), picture.name, picture.alt)
    assert "var(--series-0)" in markup
    assert "#2f6fb2" not in markup
    assert "#123456" in markup


def test_text_stays_text(picture):
    markup = inline(picture.drawn("svg"), picture.name, picture.alt)
    assert "<script" not in markup
    assert "<b>" not in markup
    assert "5$ or $6" in markup
    assert 'aria-label="two lines &quot;crossing&quot; &lt;here&gt;"' in markup


def test_every_id_is_unique_to_its_picture_and_every_reference_resolves(picture):
    markup = inline(picture.drawn("svg"), picture.name, picture.alt)
    ids = re.findall(r'\bid="([^"]*)"', markup)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("some-") for name in ids)
    references = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', markup)
    assert {a or b for a, b in references} <= set(ids)


def test_no_style_rule_or_address_reaches_the_page(picture):
    markup = inline(picture.drawn("svg"), picture.name, picture.alt)
    assert "<style" not in markup
    assert "<metadata" not in markup
    assert "http" not in markup


def test_drawing_a_picture_twice_gives_the_same_bytes(picture):
    for kind in ("svg", "png", "svg"):
        assert picture.drawn(kind) == picture.drawn(kind)


def test_every_colour_has_its_own_name_and_two_shades():
    lights = [colour.light for colour in PALETTE]
    assert len(lights) == len(set(lights))
    assert all(re.fullmatch("#[0-9a-f]{6}", shade) for colour in PALETTE for shade in colour[1:])


def test_a_missing_template_variable_is_an_error():
    with pytest.raises(Exception, match="undefined"):
        render("comparison.html", {})
