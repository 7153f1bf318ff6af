"""What words say without training equals the golden references and definitions written out."""

from pathlib import Path

import numpy as np
import pytest
from zoo_registry import EmbedSpec, PluginError, Registry

from zoo.texts.actions import Actions, read_actions
from zoo.texts.embed import read_embed
from zoo.texts.measure import action_grams, class_grams, nearest_classes, probe, shared_actions, similar_pairs
from zoo.texts.text_report import text_report

GOLDEN = Path(__file__).parents[3] / "shared/golden/text"
SOME = Actions({"drink": ("a", "b", "c"), "walk": ("d", "c"), "rest": ("e",), "eat": ("a", "b", "f", "a")})


@pytest.fixture(scope="module")
def golden():
    if not GOLDEN.exists():
        pytest.skip("the golden files are not at hand")
    with np.load(GOLDEN / "text.npz") as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="module")
def described(golden):
    """The golden actions and their vectors."""
    actions = read_actions(GOLDEN / "wrist_adl14_v0.json", [str(name) for name in golden["names"]])
    return actions, actions.vocabulary.rows(read_embed("text.tfidf", Registry.discover()))


def test_tfidf_equals_the_reference(golden):
    rows = read_embed("text.tfidf", Registry.discover()).rows([str(text) for text in golden["texts"]])
    np.testing.assert_array_equal(rows.astype(np.float32), golden["tfidf"])


def test_grams_equal_the_reference(golden, described):
    actions, rows = described
    assert actions.distinct == tuple(map(str, golden["distinct"]))
    order = [number for numbers in actions.numbers.values() for number in numbers]
    gram = action_grams(rows).plain[np.ix_(order, order)]
    np.testing.assert_allclose(gram.astype(np.float32), golden["gram"], rtol=0, atol=1e-7)
    classes = class_grams(actions, rows).plain
    np.testing.assert_allclose(classes.astype(np.float32), golden["class_gram"], rtol=0, atol=1e-7)


def test_shared_and_own_actions_equal_the_reference(golden, described):
    actions, rows = described
    np.testing.assert_array_equal(shared_actions(actions), golden["shared_actions"])
    report = text_report("golden", actions, "text.tfidf", rows, 0.95)
    assert [found.own for found in report.classes] == golden["unique_actions"].tolist()


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(len(SOME.distinct), 7)) + 2


def cosine(one, other):
    return one @ other / np.linalg.norm(one) / np.linalg.norm(other)


def test_grams_are_cosines_plain_and_less_the_mean_of_the_actions(rows):
    for gram, shift in zip(action_grams(rows), (0, rows.mean(0)), strict=True):
        for (one, other), value in np.ndenumerate(gram):
            assert value == pytest.approx(cosine(rows[one] - shift, rows[other] - shift))


def test_a_class_is_the_mean_of_its_actions_in_every_repetition(rows):
    means = [rows[list(numbers)].mean(0) for numbers in SOME.numbers.values()]
    for gram, shift in zip(class_grams(SOME, rows), (0, rows.mean(0)), strict=True):
        for (one, other), value in np.ndenumerate(gram):
            assert value == pytest.approx(cosine(means[one] - shift, means[other] - shift))


def test_a_common_mean_hides_differences_that_centring_shows(rows):
    plain, centred = action_grams(rows + 100)
    assert plain.min() > 0.99
    np.testing.assert_allclose(centred, action_grams(rows).centred, atol=1e-9)


def test_the_nearest_class_is_another_one():
    gram = np.array([[1.0, 0.2, 0.3], [0.2, 1.0, -0.9], [0.3, -0.9, 1.0]])
    assert nearest_classes(gram).tolist() == [2, 0, 0]


def test_similar_pairs_are_those_from_the_threshold_on_most_similar_first():
    gram = np.array([[1.0, 0.95, 0.99], [0.95, 1.0, 0.94], [0.99, 0.94, 1.0]])
    assert similar_pairs(gram, 0.95) == [(0, 2), (0, 1)]


def left_out(actions, rows):
    """The probe as its definition says, action by action."""
    correct, chances = 0.0, []
    for number, row in enumerate(rows):
        rests = [[other for other in numbers if other != number] for numbers in actions.numbers.values()]
        if not all(rests):
            continue
        values = np.array([cosine(row, rows[rest].mean(0)) for rest in rests])
        own = np.array([number in numbers for numbers in actions.numbers.values()])
        best = np.isclose(values, values.max(), rtol=0, atol=1e-12)
        correct += (best & own).sum() / best.sum()
        chances.append(own.mean())
    return correct, len(chances), np.mean(chances)


@pytest.mark.parametrize("seed", range(5))
def test_the_probe_equals_its_definition(seed):
    rows = np.random.default_rng(seed).normal(size=(len(SOME.distinct), 3))
    found = probe(SOME, rows)
    assert found == pytest.approx(left_out(SOME, rows))
    assert found.total == 5, "the only action of a class is not tried"


def test_a_tie_counts_by_its_share():
    actions = Actions({"one": ("a", "b"), "two": ("c", "d")})
    assert probe(actions, np.ones((4, 2))).correct == 4 * 0.5


def test_actions_without_a_direction_are_similar_to_nothing():
    gram = action_grams(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])).plain
    np.testing.assert_array_equal(gram, [[0, 0, 0], [0, 1, 1], [0, 1, 1]])


def test_the_order_of_classes_changes_no_measure(rows):
    turned = Actions(dict(reversed(SOME.texts.items())))
    order = [SOME.distinct.index(text) for text in turned.distinct]
    assert probe(turned, rows[order]) == pytest.approx(probe(SOME, rows))
    np.testing.assert_allclose(class_grams(turned, rows[order]).plain, class_grams(SOME, rows).plain[::-1, ::-1])
    np.testing.assert_array_equal(shared_actions(turned), shared_actions(SOME)[::-1, ::-1])


def test_classes_with_equal_means_are_named(rows):
    actions = Actions({"1 mph": ("a", "b"), "3 mph": ("b", "a"), "run": ("c", "d")})
    report = text_report("file", actions, "text.hash", rows[:4], 0.95)
    assert [(pair.one, pair.other) for pair in report.equal_classes] == [("1 mph", "3 mph")]


def test_one_class_alone_has_no_nearest():
    report = text_report("file", Actions({"walk": ("a",)}), "text.hash", np.ones((1, 2)), 0.95)
    assert report.classes[0].nearest is None
    assert report.probe.total == 0


@pytest.mark.parametrize(
    ("rows", "words"),
    [(np.ones((2, 3)), "shape (2, 3)"), (np.ones(10), "shape (10,)"), (np.full((10, 3), np.nan), "NaN or infinity")],
    ids=["few", "flat", "NaN"],
)
def test_embedders_that_break_their_contract_are_named(rows, words):
    class Broken(EmbedSpec):
        kind: str = "some.broken"

        def rows(self, texts):
            return rows

    with pytest.raises(PluginError) as caught:
        SOME.vocabulary.rows(Broken())
    assert "some.broken.rows" in str(caught.value)
    assert words in str(caught.value)
