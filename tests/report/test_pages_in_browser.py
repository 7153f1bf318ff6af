"""Every page as shown by chromium, at the width of a phone and of a desktop, light and dark."""

from itertools import pairwise

import pytest
from headless_browser import CHROMIUM, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: pages are not opened in a browser"),
]

OUTSIDE = """
[...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  const clipped = e.closest('.scroll') && !e.classList.contains('scroll');
  return box.width && !clipped && !e.matches('.skip') && (box.right > innerWidth + 1 || box.left < -1);
}).map(e => e.outerHTML.slice(0, 120))
"""
CONTRASTS = """
(() => {
  const light = c => {
    const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const ratio = c => { const [a, b] = [light(c), paper].sort((x, y) => y - x); return (a + .05) / (b + .05); };
  const texts = [...document.querySelectorAll('main *, header *, footer *')].filter(
    e => !e.closest('svg') && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
  return texts.map(e => [ratio(getComputedStyle(e).color), e.outerHTML.slice(0, 80)]).filter(([r]) => r < 4.5);
})()
"""  # noqa: E501
UNSEEN = """
[...document.querySelectorAll('figure svg, img')].filter(e => {
  const box = e.getBoundingClientRect();
  return e.tagName === 'IMG' ? !e.naturalWidth : box.width < 50 || box.height < 30 || !e.querySelector('path');
}).length
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with running(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture(params=[390, 1440])
def width(request):
    return request.param


def test_a_page_with_faults_is_detected(browser, pages, tmp_path):
    """The faults that the tests below look for, put into a page on purpose."""
    wrong = tmp_path / "wrong.html"
    extra = (
        '<p style="width: 2000px; color: #ddd">wide</p><img src="http://127.0.0.1:9/none.png"><script>boo()</script>'
    )
    wrong.write_text(pages[1].read_text().replace("</main>", f"{extra}</main>"))
    browser.open(wrong, 390)
    assert len(browser.complaints) >= 2
    assert browser.ask("document.scrollingElement.scrollWidth") > 390
    assert any("2000px" in found for found in browser.ask(OUTSIDE))
    assert any("2000px" in found for _, found in browser.ask(CONTRASTS))
    assert browser.ask(UNSEEN) == 1


def test_pages_have_no_console_errors_and_fetch_nothing(browser, pages, width, theme):
    for page in pages:
        browser.open(page, width, theme)
        assert browser.complaints == []
        assert browser.fetched == [page.resolve().as_uri()]


def test_nothing_overflows(browser, pages, width, theme):
    for page in pages:
        browser.open(page, width, theme)
        assert browser.ask("innerWidth") == width
        assert browser.ask("document.scrollingElement.scrollWidth") <= width
        assert browser.ask(OUTSIDE) == []
        browser.ask("document.querySelectorAll('details').forEach(e => e.open = true)")
        assert browser.ask("document.scrollingElement.scrollWidth") <= width
        assert browser.ask(OUTSIDE) == []


def test_every_figure_is_drawn_and_described(browser, pages, width):
    for page in pages:
        browser.open(page, width)
        assert browser.ask("document.querySelectorAll('figure').length") >= 1
        assert browser.ask(UNSEEN) == 0
        words = browser.ask("[...document.querySelectorAll('figure svg')].map(e => e.getAttribute('aria-label'))")
        assert all(len(alt) > 30 for alt in words)
        assert all(browser.ask("[...document.querySelectorAll('figcaption')].map(e => e.innerText)"))


def test_text_has_contrast_in_both_themes(browser, pages, theme):
    for page in pages:
        browser.open(page, 1440, theme)
        assert browser.ask(CONTRASTS) == []


def test_figures_follow_the_theme(browser, pages):
    seen = {}
    for theme in ("light", "dark"):
        browser.open(pages[1], 1440, theme)
        seen[theme] = browser.ask("getComputedStyle(document.querySelector('.plot text')).fill")
        paper = browser.ask("getComputedStyle(document.body).backgroundColor")
        assert browser.ask("matchMedia('(prefers-color-scheme: dark)').matches") == (theme == "dark")
        boxes = (
            "[...document.querySelectorAll('.plot path')].filter(e => getComputedStyle(e).fill == 'rgb(255, 255, 255)')"
        )
        assert browser.ask(f"{boxes}.length") == 0, paper
    assert seen["light"] != seen["dark"]


def test_a_name_that_contains_markup_is_shown_as_text(browser, pages):
    browser.open(pages[1], 1440)
    assert browser.ask("document.scripts.length") == 0
    assert "<script>alert(1)</script>" in browser.ask("document.querySelector('#classes').innerText")
    assert "price $5 or $6" in browser.ask("document.querySelector('#classes').textContent")


def test_print_is_on_white_also_in_the_dark_theme(browser, pages):
    browser.open(pages[1], 800, "dark", medium="print")
    assert browser.ask("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()") == "#1f2630"
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.pdf().startswith(b"%PDF")


def test_heading_levels_are_not_skipped(browser, pages):
    for page in pages:
        browser.open(page, 1440)
        levels = browser.ask("[...document.querySelectorAll('h1, h2, h3')].map(e => +e.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(below - above <= 1 for above, below in pairwise(levels))
