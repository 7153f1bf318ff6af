"""`zoo text` on the command line: what it prints, writes and refuses."""

import json

import numpy as np
import pytest
from zoo_registry import Registry
from zoo_text.embedders import FileSpec

from zoo.texts.actions import read_actions, shipped
from zoo.texts.embed import read_embed

MOTIONS = "aeon:basic_motions"


@pytest.fixture
def file(write):
    """A file of two classes that share an action."""
    activities = [
        {"action_label": "Walk", "sub_actions": ["swing the arm", "step with a jolt"]},
        {"action_label": "Rest", "sub_actions": ["lie still", "swing the arm"]},
    ]
    return write({"activities": activities}, "actions.json")


@pytest.mark.parametrize("name", shipped())
def test_shipped_texts_are_printed_at_once(zoo, name):
    found = zoo("text", name)
    assert found.status == 0, found.err
    assert all(text in found.out for text in read_actions(name).distinct)


def test_every_action_is_marked_as_shared_or_own(zoo, file):
    out = zoo("text", file).out
    lines = [line.split("  ") for line in out.partition("Actions\n")[2].splitlines()[1:5]]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells == [
        ["Walk", "0", "swing the arm", "Rest"],
        ["1", "step with a jolt", "own"],
        ["Rest", "2", "lie still", "own"],
        ["0", "swing the arm", "Walk"],
    ]


def test_the_report_has_what_is_printed_in_full(zoo, file):
    report = zoo("text", file, "--json").json
    assert report["distinct"] == ["swing the arm", "step with a jolt", "lie still"]
    assert [(one["name"], one["shared"], one["own"], one["nearest"]["other"]) for one in report["classes"]] == [
        ("Walk", 1, 1, "Rest"),
        ("Rest", 1, 1, "Walk"),
    ]
    assert report["shared_actions"] == [[2, 1], [1, 2]]
    assert report["probe"]["total"] == 3
    assert np.shape(report["action_gram"]["plain"]) == (3, 3)
    assert np.shape(report["class_gram"]["centred"]) == (2, 2)


def test_classes_are_in_the_order_of_the_data(zoo):
    report = zoo("text", "basic_motions", MOTIONS, "--json").json
    assert [found["name"] for found in report["classes"]] == ["Standing", "Running", "Walking", "Badminton"]


def test_data_with_other_classes_are_refused(zoo, file):
    found = zoo("text", file, MOTIONS)
    assert found.status == 2
    assert "activities.0.action_label: expected the exact name of a class of the data, found 'Walk'" in found.err
    assert "did you mean 'Walking'?" in found.err


def test_data_without_class_names_are_refused_with_how_to_name_them(zoo, file, tmp_path):
    for split in ("train", "test"):
        np.save(tmp_path / f"X_{split}.npy", np.zeros((20, 1, 30)))
        np.save(tmp_path / f"y_{split}.npy", np.arange(20) % 2)
    data = [f"npy:{tmp_path}", "--set", "data.source.layout=c t"]
    found = zoo("text", file, *data)
    assert found.status == 2
    assert "found the numbers 0, 1 as classes of the data; name them: one name per line in classes.txt" in found.err
    (tmp_path / "classes.txt").write_text("Walk\nRest\n")
    assert zoo("text", file, *data, "--set", "data.source.classes=classes.txt").status == 0


def test_a_folder_gets_picture_report_and_vectors_that_text_file_reads(zoo, file, tmp_path):
    out = tmp_path / "text"
    assert zoo("text", file, "--out", out).status == 0
    assert {path.name for path in out.iterdir()} == {
        "gram.png",
        "gram.svg",
        "text.json",
        "embeddings.npy",
        "embeddings.json",
    }
    assert (out / "gram.png").read_bytes().startswith(b"\x89PNG")
    svg = (out / "gram.svg").read_text()
    assert all(words in svg for words in ("Walk", "Rest", "actions, plain: mean", "class means, centred: mean"))
    actions = read_actions(file)
    stored = actions.vocabulary.rows(FileSpec(path=str(out / "embeddings.npy")))
    np.testing.assert_array_equal(stored, actions.vocabulary.rows(read_embed("text.tfidf", Registry.discover())))
    again = zoo(
        "text", file, "--embed", json.dumps({"kind": "text.file", "path": str(out / "embeddings.npy")}), "--json"
    )
    first = json.loads((out / "text.json").read_text())
    assert {**again.json, "embed": "text.tfidf"} == first


def test_the_report_does_not_replace_the_file_of_texts(zoo, file, tmp_path):
    before = file.rename(tmp_path / "text.json").read_bytes()
    found = zoo("text", tmp_path / "text.json", "--out", tmp_path)
    assert found.status == 2
    assert "--out: expected a folder without" in found.err
    assert (tmp_path / "text.json").read_bytes() == before


def test_vectors_computed_elsewhere_are_compared_and_written(zoo, file, tmp_path):
    rows = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    report = zoo("text", file, "--rows", tmp_path / "rows.npy", "--out", tmp_path / "text", "--json").json
    assert report["width"] == 5
    np.testing.assert_array_equal(np.load(tmp_path / "text" / "embeddings.npy"), rows)
    np.save(tmp_path / "rows.npy", rows[:2])
    found = zoo("text", file, "--rows", tmp_path / "rows.npy")
    assert found.status == 2
    assert "expected 3 rows, one per distinct action, found 2" in found.err


LENGTHS = """
from typing import Literal
from zoo_registry import EmbedSpec, hookimpl

class Lengths(EmbedSpec):
    \"\"\"The number of letters and of words.\"\"\"
    kind: Literal["lengths.both"] = "lengths.both"

    def rows(self, texts):
        import numpy as np
        return np.array([[len(text), len(text.split())] for text in texts], float)

@hookimpl
def zoo_components():
    return [Lengths]
"""


def test_a_plugin_adds_an_embedder(zoo, file, install):
    install("lengths", LENGTHS)
    report = zoo("text", file, "--embed", "lengths.both", "--json").json
    assert (report["embed"], report["width"]) == ("lengths.both", 2)


def test_duplicates_and_equal_classes_are_named_from_the_threshold_on(zoo, write):
    same = [["lift the arm", "swing the arm"], ["swing the arm", "lift the arm"], ["lie", "sleep"]]
    activities = [{"action_label": f"{n} mph", "sub_actions": texts} for n, texts in zip((1, 3, 0), same, strict=True)]
    out = zoo("text", write({"activities": activities})).out
    assert "Classes that are nearly the same\none    other  cosine (centred)\n1 mph  3 mph       1.00 (1.00)" in out
    assert "Actions that are nearly the same" not in out
    low = zoo("text", write({"activities": activities}), "--duplicates", "0.2").out
    assert "Actions that are nearly the same\none           other" in low


def test_actions_without_words_are_noted(zoo, write):
    activities = [{"action_label": "a", "sub_actions": ["lift", "!"]}, {"action_label": "b", "sub_actions": ["turn"]}]
    found = zoo("text", write({"activities": activities}))
    assert found.status == 0
    assert "1 actions have the vector 0, such as '!'" in found.err


def test_many_classes_have_no_table_of_cosines(zoo, write):
    activities = [{"action_label": f"class {n}", "sub_actions": [f"word{n} again"]} for n in range(30)]
    found = zoo("text", write({"activities": activities}))
    assert found.status == 0, found.err
    assert "Cosines of classes" not in found.out
    assert "no action can be left out" in found.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["basic_motion"], "did you mean 'basic_motions'?"),
        (["basic_motions", "--embed", "text.tfid"], "did you mean 'text.tfidf'?"),
        (["basic_motions", "--embed", "quantizers.ema"], "expected a kind of embed"),
        (
            ["basic_motions", "--embed", '{"kind": "text.hash", "columns": 1}'],
            "columns: expected greater than or equal",
        ),
        (["basic_motions", "--embed", '{"kind": "text.hash"'], "--embed: expected a kind, or JSON"),
        (["basic_motions", "--embed", '{"columns": 8}'], "--embed"),
        (
            ["basic_motions", "--embed", "text.file"],
            "embeddings.npy: expected a .npy file of vectors, found no such file",
        ),
        (["basic_motions", "--embed", "text.hash", "--rows", "rows.npy"], "--rows: expected vectors, or a component"),
        (["basic_motions", "--rows", "rows.npy"], "rows.npy: expected a .npy file of vectors, found no such file"),
        (["basic_motions", "--use", "arm"], "actions by limbs, as arm is chosen"),
        (["basic_motions", "--duplicates", "2"], "--duplicates"),
        (["basic_motions", "aeon:basic_motion"], "data.source.name"),
        (["basic_motions", "--set", "data.length.to=50"], "--set: expected DATA whose fields it changes"),
    ],
    ids=lambda given: " ".join(given[1:]) if isinstance(given, list) else "",
)
def test_mistakes_are_one_line(zoo, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    found = zoo("text", *arguments)
    assert found.status == 2
    assert words in found.err
    assert found.err.count("\n") == 1
