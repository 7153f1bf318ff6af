"""What codes say: chances of actions by code, entropies, sentences, and contrast of attention, beside plain loops."""

import json
import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from worded import CLASSES, FUSED, LEVELS, NAMES, choosing, said, windows, worded

from zoo.cli.named_codes import print_actions
from zoo.codebook.action_picture import MOST, actions_picture
from zoo.codebook.naming import actions_report, conditional_entropy, typicality
from zoo.codebook.pictures import action_pictures, pictures
from zoo.codebook.report import CodebookReport
from zoo.codebook.stored import read_measured, write_measured
from zoo.contracts import observed
from zoo.runs.folder import RunFolder

MODELS = {
    "fused": {},
    "attributed": {"text": {**FUSED, "kind": "text.attributed"}},
    "levels": {"codes": LEVELS},
    "books": {"codebook": "per_channel"},
    "one-hot": {"text": {**FUSED, "control": "one-hot"}},
    "masked": {"masked": True},
}


@pytest.fixture(params=MODELS.values(), ids=MODELS, scope="module")
def case(request):
    """A model, its windows, and its measures."""
    parts = dict(request.param)
    split = windows(masked=parts.pop("masked", False))
    model = worded(**parts)
    return model, split, said(model, split)


@torch.no_grad()
def by_loop(model, split):
    """Sums of chances and tokens by class, for every book, level and code, token by token."""
    sums, classes = defaultdict(float), defaultdict(int)
    for batch in split:
        output = model.code(batch.x, batch.mask)
        chances = model.text.predict(output).double().softmax(-1).numpy()
        codes = output.quantized.codes
        real = observed(output.tokens.mask, codes[..., 0])
        for b, c, n, q in np.ndindex(*codes.shape):
            if real[b, c, n]:
                slot = (c if model.books > 1 else 0, q, int(codes[b, c, n, q]))
                sums[slot] = sums[slot] + chances[b, c, n]
                classes[slot, int(batch.y[b])] += 1
    return sums, classes


def test_chances_are_summed_over_the_tokens_of_every_code(case):
    model, split, found = case
    sums, classes = by_loop(model, split)
    levels = model.trace.codes["q"]
    assert sum(len(book.codes) for book in found.books) == len(sums)
    assert all(len(book.codes) > 1 for book in found.books)
    for number, book in enumerate(found.books):
        for row, code in enumerate(book.codes.tolist()):
            slot = (*divmod(number, levels), code)
            assert book.actions[row] == pytest.approx(sums[slot], abs=1e-6)
            assert book.actions[row].sum() == pytest.approx(book.counts[row])
            assert book.classes[row].tolist() == [classes[slot, label] for label in range(3)]


def test_codes_list_their_most_likely_actions(case):
    _, _, found = case
    for book, report in zip(found.books, found.report.books, strict=True):
        for sums, row in zip(book.actions, report.codes, strict=True):
            ranked = sorted(zip(sums / sums.sum(), found.texts, strict=True), key=lambda pair: -pair[0])
            assert [action.name for action in row.actions] == [text for _, text in ranked[:3]]
            assert [action.share for action in row.actions] == pytest.approx([share for share, _ in ranked[:3]])
        named = {row.actions[0].name for row in report.codes}
        assert (report.actions.named, report.actions.actions) == (len(named), len(found.texts))


def test_entropies_are_those_of_codes_weighed_by_use(case):
    _, _, found = case
    for book, report in zip(found.books, found.report.books, strict=True):
        for table, value in ((book.actions, report.actions.entropy), (book.classes, report.actions.class_entropy)):
            expected = 0.0
            for row in table:
                expected += row.sum() / table.sum() * entropy(row / row.sum())
            assert value == pytest.approx(expected)
        assert report.actions.entropy <= report.actions.most + 1e-9
        assert report.actions.most == pytest.approx(math.log(len(found.texts)))
        assert report.actions.most_classes == pytest.approx(math.log(3))
    assert conditional_entropy(np.array([[3.0, 0.0], [0.0, 5.0]])) == 0


def test_the_words_of_a_control_are_named(case):
    model, _, found = case
    one_hot = model.spec.text.control == "one-hot"
    assert found.texts == (NAMES if one_hot else model.spec.text.vocabulary.texts)
    assert found.report.text.control == model.spec.text.control
    assert ("names of classes" in found.report.text.words) == one_hot


def test_what_codes_say_does_not_depend_on_the_labels():
    model, split = worded(), windows()
    turned = [batch._replace(y=(batch.y + 1) % 3) for batch in split]
    for one, other in zip(said(model, split).books, said(model, turned).books, strict=True):
        assert np.array_equal(one.actions, other.actions)


def test_a_sentence_has_the_codes_that_a_class_has_more_often_than_others():
    codes, texts = np.array([7, 2, 5, 9]), ("step", "sit", "lie")
    classes = np.array([[50, 40, 0], [30, 2, 0], [1, 20, 0], [9, 30, 0]])
    sums = classes.sum(1)[:, None] * np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.4, 0.3, 0.3]])
    found = actions_report(codes, classes, sums, ("walk", "rest", "never"), texts)
    walk, rest, never = found.sentences
    gains = {}
    for code, (one, _, _), total in zip(codes, classes.tolist(), classes.sum(1), strict=True):
        share = one / classes[:, 0].sum()
        gains[int(code)] = share * math.log(share / (total / classes.sum()))
    expected = [code for code, gain in sorted(gains.items(), key=lambda pair: -pair[1]) if gain >= 0][:3]
    assert [code.code for code in walk.codes] == expected == [2, 7]
    assert str(walk) == "2 → sit (.70), 7 → step (.80)"
    assert walk.codes[0].of_class == pytest.approx(30 / 90)
    assert str(rest).startswith("5 → lie (.70)")
    assert (never.codes, str(never)) == ((), "no tokens")
    assert np.nansum(np.where(classes > 0, typicality(classes), 0)[:, 0]) == pytest.approx(
        sum(gains.values())
    )  # the divergence of the class's codes from all


def test_a_single_class_is_told_by_its_most_used_codes():
    sums = np.array([[6.0, 3.0], [1.0, 2.0]])
    found = actions_report(np.array([4, 1]), np.array([[9], [3]]), sums, ("all",), ("step", "sit"))
    assert str(found.sentences[0]) == "4 → step (.67), 1 → sit (.67)"


def entropy(shares):
    return -sum(share * math.log(share) for share in shares if share > 0)


@torch.no_grad()
def test_contrast_is_the_information_of_tokens_on_attended_actions_within_classes():
    model, split = choosing(worded()), windows(masked=True)
    rows = defaultdict(list)
    for batch in split:
        output = model.code(batch.x, batch.mask)
        real = observed(output.tokens.mask, output.quantized.codes[..., 0])
        for label, weights, seen in zip(batch.y.tolist(), model.text(output, batch.y).attention, real, strict=True):
            rows[label] += weights[seen].double().tolist()
    whole = sum(len(found) * entropy(np.mean(found, 0)) for found in rows.values())
    each = sum(entropy(row) for found in rows.values() for row in found)
    found = said(model, split).report.text.contrast
    assert found == pytest.approx(1 - each / whole, abs=1e-6)
    assert found > 0.01


def test_attention_that_does_not_choose_has_no_contrast_and_one_action_leaves_nothing_to_choose():
    model = worded()
    torch.nn.init.zeros_(model.text.to_signal.q.weight)
    assert said(model).report.text.contrast == pytest.approx(0, abs=1e-6)
    assert said(worded({**FUSED, "control": "one-hot"})).report.text.contrast is None


def test_a_model_without_words_says_nothing():
    for found in (said(worded(None)), said(worded({"kind": "text.labels"}))):
        assert found.report.text is None
        assert found.texts == ()
        assert action_pictures(found) == []
        assert all(book.actions is None for book in found.report.books)


def test_a_written_report_can_be_read_again(tmp_path):
    folder, found = RunFolder(tmp_path), said(worded())
    write_measured(folder, found, {"fingerprint": "abc"})
    again = read_measured(folder)
    assert (again.report, again.texts) == (found.report, found.texts)
    assert np.array_equal(again.books[0].actions, found.books[0].actions)
    assert (tmp_path / "figures" / "codebook-actions.png").exists()


def test_a_report_of_an_earlier_version_can_be_read():
    stored = json.loads(said(worded()).report.model_dump_json())
    del stored["text"]
    for book in stored["books"]:
        del book["actions"]
        for row in book["codes"]:
            del row["actions"]
    report = CodebookReport.model_validate(stored)
    assert report.text is None
    assert report.books[0].actions is None
    assert report.books[0].codes[0].actions == ()


def test_the_picture_has_a_staircase_of_the_most_likely_actions():
    many = {name: [f"{name} {number}" for number in range(40)] for name in CLASSES}
    found = said(worded({**FUSED, "actions": many}, {"kind": "quantizers.ema", "codes": 100, "start": "kmeans"}))
    book = found.books[0]
    assert len(book.codes) > MOST
    axis = actions_picture(book, found.texts).figure.axes[0]
    columns = [line.get_xdata()[0] for line in axis.lines]
    assert len(columns) == min(len(book.codes), MOST)
    assert columns == sorted(columns)
    assert len(axis.get_xticks()) == MOST
    shown = [int(label.get_text()) for label in axis.get_yticklabels()]
    assert set(shown) == set(book.codes[:MOST].tolist())
    assert f"{MOST} of 120 actions" in axis.get_title(loc="left")


def test_a_shape_has_the_action_of_its_codes_below_it():
    found = said(worded())
    shapes, *_ = pictures(found)
    words = [text.get_text() for text in shapes.figure.axes[0].texts]
    assert any(word.startswith(tuple(text[:15] for text in found.texts)) for word in words)


HOSTILE = {
    "drink": ["<script>alert(1)</script>", "raise\x1b[2J\nthe\thand", "$x_1$ \\frac"],
    "walk": ["a\u202eb\x9b31m", "long " * 180],
    "rest": ["הרם את היד", "\x07"],
}


def test_hostile_actions_are_text_in_the_terminal_and_in_pictures(capsys):
    found = said(worded({**FUSED, "actions": HOSTILE}))
    print_actions(found.report)
    out = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in out)
    assert max(map(len, out.splitlines())) < 300
    for picture in (*action_pictures(found), pictures(found)[0]):
        assert picture.drawn().startswith(b"\x89PNG")
        svg = picture.drawn("svg").decode()
        assert "<script>" not in svg
        assert all(char.isprintable() or char in "\n\t" for char in svg)


def test_the_terminal_says_which_level_and_what_the_control_replaced(capsys):
    print_actions(said(worded({**FUSED, "control": "shuffled"}, LEVELS)).report)
    out = capsys.readouterr().out
    for level in (0, 1):
        assert f"What codes say, level {level}: words of another class, as the control asks" in out
    assert "of 5 actions are the most likely one of a code" in out
    assert out.count("walk") == 2
