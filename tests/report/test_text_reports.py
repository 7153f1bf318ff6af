"""The page of a model with text, and runs with text beside runs with a control in its place."""

import json
import re
import shutil
from html import unescape
from statistics import mean, stdev
from xml.etree import ElementTree

import pytest
import torch
from small_reports import NAMES, spec, trained
from small_runs import SHAPES
from waves import write_waves
from worded import FUSED, windows, worded

from zoo.cli.main import main
from zoo.report.comparison import compare, judgement
from zoo.report.named_windows import named_windows_picture
from zoo.report.text_or_label import text_or_label
from zoo.report.wording import wording
from zoo.runs.folder import RunFolder

ACTIONS = {
    NAMES[0]: ["<img src=x onerror=alert(1)>", "raise\x1b[2J\nthe\thand"],
    NAMES[1]: ["$x_1$ \\frac", "a\u202eb\x9b31m", "long " * 180],
    NAMES[2]: ["הרם את היד", "lower the hand"],
}
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")


def make(home):
    """A run with hostile actions, and copies of it whose specs say that they have controls or other seeds."""
    (write_waves(home / "windows", train=30, test=12) / "names.txt").write_text("\n".join(NAMES))
    text = {"kind": "text.fused", "actions": ACTIONS}
    run = trained(home, spec(home, "real0", SHAPES | {"text": text}))
    assert main(["report", str(run.path)]) == 0
    for control in ("none", "shuffled", "one-hot"):
        for seed in (0, 1):
            name = f"{'real' if control == 'none' else control}{seed}"
            if name != "real0":
                shutil.copytree(run.path, home / "runs" / name)
                changed(home / "runs" / name, "run.json", name=name, control=control, seed=seed)
                changed(home / "runs" / name, "eval.json", correct=6 + seed + (control == "shuffled"))


def changed(folder, file, name=None, control=None, seed=None, correct=None):
    stored = json.loads((folder / file).read_text())
    if name is not None:
        stored["run"]["name"], stored["run"]["training"]["seed"] = name, seed
        stored["run"]["model"]["text"]["control"] = control
    else:
        score = stored["scores"][0]
        score["correct"], score["accuracy"] = correct, correct / score["total"]
    (folder / file).write_text(json.dumps(stored))


@pytest.fixture(scope="module")
def runs(once):
    return once("worded", make) / "runs"


@pytest.fixture(scope="module")
def page(runs):
    return (runs / "real0" / "report.html").read_text()


def test_the_page_has_a_sentence_for_every_class_and_every_picture_of_text(runs, page):
    section = page[page.index('<section id="text"') :]
    section = section[: section.index("</section>")]
    report = json.loads((runs / "real0" / "codebook.json").read_text())
    for sentence in report["books"][0]["actions"]["sentences"]:
        assert f"<dt>{sentence['name']}</dt>" in unescape(section)
        for code in sentence["codes"]:
            assert f"{code['code']} → <bdi>" in section
    for name in ("codebook-actions", "text-windows", "gram"):
        assert f'id="figure-{name}"' in section
        assert (runs / "real0" / "figures" / f"{name}.png").exists()
    assert "words of the class" in section


def test_hostile_actions_are_text_on_the_page(page):
    assert "<img" not in page
    assert UNSEEN.findall(page) == []
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)


def test_a_page_without_text_has_no_such_section(signal):
    assert '<section id="text"' not in signal.page.read_text()


def test_runs_that_differ_in_the_control_alone_are_counted_by_control(runs):
    found = text_or_label([judgement(RunFolder(path)) for path in sorted(runs.iterdir()) if path.name != "comparison"])
    assert [(row.name, row.runs) for row in found.rows] == [("real text", 2), ("shuffled", 2), ("one-hot", 2)]
    assert "accuracy, head" in found.measures
    shuffled = found.rows[1].spreads["accuracy, head"]
    assert (shuffled.mean, shuffled.deviation) == pytest.approx((mean((7 / 12, 8 / 12)), stdev((7 / 12, 8 / 12))))
    stored = json.loads((runs / "shuffled0" / "codebook.json").read_text())
    book = stored["books"][0]
    assert found.rows[1].spreads["class information per code, bits"].mean == pytest.approx(book["information"])
    assert found.rows[1].spreads["action entropy per code, nats"].mean == pytest.approx(book["actions"]["entropy"])
    (finding,) = found.findings
    assert finding.name == "text-is-label"
    assert "0.625 ± 0.059 over 2 runs with the best control, shuffled" in finding.sentence


@pytest.mark.parametrize(
    ("field", "value", "rows"),
    [
        (("training", "seed"), 7, ["real text", "shuffled"]),
        (("training", "epochs"), 7, None),
        (("model", "text", "heads"), 2, None),
        (("model", "text", "control"), "none", None),
        (("model", "text"), None, None),
        (("model", "text"), {"kind": "text.labels"}, ["real text", "text.labels"]),
    ],
)
def test_other_differences_are_no_controls(runs, tmp_path, field, value, rows):
    shutil.copytree(runs / "shuffled0", tmp_path / "other")
    stored = json.loads((tmp_path / "other" / "run.json").read_text())
    inner = stored["run"]
    for name in field[:-1]:
        inner = inner[name]
    inner[field[-1]] = value
    (tmp_path / "other" / "run.json").write_text(json.dumps(stored))
    found = text_or_label([judgement(RunFolder(path)) for path in (tmp_path / "other", runs / "real0")])
    assert (found and [row.name for row in found.rows]) == rows


def test_weights_of_the_terms_of_text_may_be_missing_where_there_is_no_text(runs, tmp_path):
    every = []
    for name in ("real0", "shuffled0", "plain"):
        shutil.copytree(runs / name.replace("plain", "real0"), tmp_path / name)
        stored = json.loads((tmp_path / name / "run.json").read_text())
        stored["run"]["training"]["phases"][0]["weights"] = {"x": 1.0} | ({} if name == "plain" else {"act": 0.1})
        if name == "plain":
            stored["run"]["model"]["text"] = None
        (tmp_path / name / "run.json").write_text(json.dumps(stored))
        every.append(judgement(RunFolder(tmp_path / name)))
    assert [row.name for row in text_or_label(every).rows] == ["real text", "shuffled", "no text"]


def test_the_page_of_several_runs_and_both_commands_report_the_finding(runs, capsys):
    paths = [str(runs / name) for name in ("real0", "real1", "shuffled0")]
    assert main(["report", *paths]) == 0
    assert "- note, text-is-label: Text acts as a label here" in capsys.readouterr().out
    page = (runs / "comparison" / "report.html").read_text()
    section = page[page.index('<section id="words"') : page.index('<section id="specs"')]
    assert "Text acts as a label here" in section
    assert re.findall(r'<th scope="row">([^<]*)</th><td>(\d)</td>', section) == [("real text", "2"), ("shuffled", "1")]
    assert main(["compare", paths[0], paths[2]]) == 0
    out = capsys.readouterr().out
    assert "- note, text-is-label" in out
    assert re.search(r"model\.text\.control +none +shuffled", out)


def test_specs_with_other_actions_differ_in_words(runs, tmp_path):
    shutil.copytree(runs / "real0", tmp_path / "other")
    stored = json.loads((tmp_path / "other" / "run.json").read_text())
    actions = stored["run"]["model"]["text"]["actions"]
    actions[NAMES[2]] = [*actions[NAMES[2]], "lower the hand"]
    (tmp_path / "other" / "run.json").write_text(json.dumps(stored))
    (row,) = compare(runs / "real0", tmp_path / "other").spec
    assert row.field == "model.text.actions"
    one, other = row.values
    assert one.startswith("7 actions of 3 classes, 7 different (sha256 ")
    assert other.startswith("8 actions of 3 classes, 7 different (sha256 ")


def output_of(model):
    return model.code(windows()[0].x)


@pytest.mark.parametrize("control", ["none", "shuffled", "one-hot"])
def test_cosines_of_actions_are_those_of_the_vectors_that_each_class_was_given(control):
    model = worded({**FUSED, "control": control})
    report = wording(model, output_of(model)).report
    table = model.text.table
    assert [[action.text for action in found.actions] for found in report.classes] == [
        table.texts_of(label) for label in range(3)
    ]
    rows = {text: table.rows[number].double() for number, text in enumerate(table.vocabulary.texts)}
    for one, first in enumerate(report.distinct):
        for other, second in enumerate(report.distinct):
            cosine = torch.nn.functional.cosine_similarity(rows[first], rows[second], dim=0)
            assert report.action_gram.plain[one][other] == pytest.approx(float(cosine))


def test_a_model_without_words_has_no_wording():
    model = worded(None)
    assert wording(model, output_of(model)) is None


@pytest.mark.parametrize("encoder", [{}, {"encoder": {"kind": "conv.encoder"}, "decoder": {"kind": "conv.decoder"}}])
def test_every_token_of_a_window_has_its_code_and_its_action(encoder):
    model = worded(FUSED, **encoder)
    output = output_of(model)
    words = wording(model, output)
    picture = named_windows_picture(output, words, ["drink", "walk", "rest"] * 3, windows=2, most=1000)
    codes = output.quantized.codes[:2, 0, :, 0]
    for window in (0, 1):
        shown = [text.get_text() for text in picture.figure.axes[2 * window + 1].texts]
        actions = words.first[window, 0]
        expected = [f"{code} {words.texts[a]}" for code, a in zip(codes[window].tolist(), actions, strict=True)]
        assert sorted(shown) == sorted(expected)
