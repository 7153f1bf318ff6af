"""`zoo push`: a model and its card on a hub, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from hub_server import TOKEN
from huggingface_hub import ModelCard
from small_runs import SHAPES
from waves import write_waves

import zoo as package
from zoo.hub import download
from zoo.hub.address import HubAddress
from zoo.hub.cache import FILES, hub_cache
from zoo.hub.card import read_card
from zoo.publish.push import pack

ADDRESS = "hf://acme/waves"
LICENCES = ("--licence", "CC-BY-4.0", "--data-licence", "made here, CC0")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run that was evaluated, on windows in a folder `waves`."""
    home = tmp_path_factory.mktemp("pushed")
    write_waves(home / "waves", train=30, test=12)
    data = {"source": {"kind": "data.npy", "path": str(home / "waves"), "layout": "c t"}}
    model = {"fusion": {"kind": "fusion.channelwise"}, **SHAPES}
    made = package.train({"model": model, "data": data, "training": {"epochs": 1}}, home / "run", quiet=True)
    made.evaluate()
    made.codebook()
    return home / "run"


@pytest.fixture
def logged_in(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return hub


def head_of(hub, name="acme/waves"):
    repository = hub.repositories[name]
    return repository.commits[repository.branches["main"]]


def test_pushing_and_pulling_gives_the_same_bytes(zoo, logged_in, run, monkeypatch):
    pushed = zoo("push", run, ADDRESS, *LICENCES, "--json").json
    pulled = zoo("pull", ADDRESS, "--json").json
    folder = hub_cache() / "models--acme--waves" / "snapshots" / pushed["revision"]
    assert Path(pulled["folder"]) == folder
    assert {name: (folder / name).read_bytes() for name in FILES} == {
        name: (run / "bundle" / name).read_bytes() for name in FILES
    }
    monkeypatch.setattr(download, "_COMMITS", {})
    assert zoo("push", ADDRESS, "hf://acme/copy", *LICENCES).status == 0
    assert {name: head_of(logged_in, "acme/copy")[name] for name in FILES} == {
        name: head_of(logged_in)[name] for name in FILES
    }


def test_the_card_has_the_numbers_of_the_run_and_no_path(zoo, logged_in, run):
    zoo("push", run, ADDRESS, *LICENCES)
    text = head_of(logged_in)["README.md"].decode()
    report = json.loads((run / "eval.json").read_text())
    stored = json.loads((run / "run.json").read_text())
    head = next(score for score in report["scores"] if score["reader"]["name"] == "head")
    shapes = json.loads((run / "codebook.json").read_text())["books"][0]["shapes"]
    for words in (
        f"{head['correct'] / 12:.3f} \\({head['correct']} of 12\\)",
        f"{report['majority']['correct']} of 12",
        f"| R² of the reconstruction, about each window's mean | {report['reconstruction'][-1]['r2']:.3f} |",
        f"| effective shapes | {shapes['effective']:.1f} |",
        "Weights of the last epoch.",
        " of 6 |",
        stored["fingerprint"],
        f'zoo.load("{ADDRESS}")',
        f"zoo tokenize {ADDRESS} DATA --out tokens.npz",
        "made here, CC0",
        "shapezoo",
    ):
        assert words in text, words
    assert str(run.parent) not in text
    assert "waves" in text


def test_programs_read_the_metadata_of_the_card(zoo, logged_in, run):
    zoo("push", run, ADDRESS, *LICENCES)
    data = ModelCard(head_of(logged_in)["README.md"].decode()).data
    report = json.loads((run / "eval.json").read_text())
    head = next(score for score in report["scores"] if score["reader"]["name"] == "head")
    assert (data.license, data.library_name) == ("cc-by-4.0", "shapezoo")
    assert (data.eval_results[0].metric_type, data.eval_results[0].metric_value) == ("accuracy", head["accuracy"])
    shown = zoo("models", "show", ADDRESS, "--json").json
    assert (shown["licence"], shown["headline"]["count"], shown["headline"]["total"]) == (
        "cc-by-4.0",
        head["correct"],
        12,
    )
    assert shown["trained_on"]["fingerprint"] == json.loads((run / "run.json").read_text())["fingerprint"]
    assert f"accuracy {head['accuracy']:.3g} ({head['correct']}/12), waves, test" in zoo("models").out


def test_the_card_is_plain_text_whatever_its_parts_contain(run, tmp_path):
    nasty = 'a"b\\ | <script>x</script> [c](javascript:d) `e` \x1b[2J\u202e\n---\nlicense: mit {"f": 1} 😀'
    files = pack(str(run), HubAddress.parse(ADDRESS), "other", nasty).files
    text = files["README.md"].decode()
    (tmp_path / "README.md").write_text(text)
    assert not {"\x1b", "\u202e"} & set(text)
    assert yaml.safe_load(text.split("---\n")[1])["shapezoo"]["licence"] == "other"
    assert read_card(tmp_path).data_licence == yaml.safe_load(text.split("---\n")[1])["shapezoo"]["data_licence"]
    body = text.partition("\n---\n")[2]
    assert "<script>" not in body
    assert "\\<script\\>" in body
    assert "[c](" not in body


def test_the_files_can_be_written_without_a_hub(zoo, hub, run, tmp_path):
    written = zoo("push", run / "bundle", ADDRESS, *LICENCES, "--out", tmp_path / "out")
    assert (written.status, hub.asked) == (0, [])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FILES, "README.md"}
    assert "not known: a bundle without its run" in (tmp_path / "out/README.md").read_text()
    assert zoo("build", tmp_path / "out", "--weights", tmp_path / "out").status == 0
    again = zoo("push", run, ADDRESS, *LICENCES, "--out", tmp_path / "out")
    assert (again.status, again.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("address", "options", "words"),
    [
        (ADDRESS, ["--licence", "mit"], "--data-licence: expected the licence of the data"),
        (ADDRESS, ["--licence", "mit", "--data-licence", " "], "--data-licence: expected the licence of the data"),
        (ADDRESS, ["--licence", "mit", "--data-licence", "x" * 401], "found 401 characters"),
        (ADDRESS, ["--data-licence", "x"], "missing option '--licence'"),
        (ADDRESS, ["--licence", "my own!", "--data-licence", "x"], "--licence: expected the identifier of a licence"),
        (f"{ADDRESS}@v1", LICENCES, "expected an address without a revision, found v1; write hf://acme/waves"),
        ("acme/waves", LICENCES, "expected hf://owner/name"),
    ],
)
def test_a_push_that_lacks_something_is_refused_before_anything_is_asked(zoo, hub, run, address, options, words):
    refused = zoo("push", run, address, *options)
    assert (refused.status, refused.out, refused.err.count("\n"), hub.asked) == (2, "", 1, [])
    assert words in refused.err


def test_a_run_that_was_not_evaluated_has_a_note(zoo, hub, run, tmp_path):
    shutil.copytree(run, tmp_path / "copy")
    (tmp_path / "copy/eval.json").unlink()
    written = zoo("push", tmp_path / "copy", ADDRESS, *LICENCES, "--out", tmp_path / "out")
    assert f"note: its card has no numbers: run `zoo eval {tmp_path / 'copy'}` before" in written.err
    assert "Not evaluated." in (tmp_path / "out/README.md").read_text()


def test_failures_of_the_hub_are_one_line(zoo, hub, run, monkeypatch):
    def refused(*options):
        found = zoo("push", run, ADDRESS, *options)
        assert (found.status, found.out, found.err.count("\n")) == (2, "", 1), found.err
        return found.err

    assert "found status 401" in refused(*LICENCES)
    assert "`hf auth login`" in refused(*LICENCES)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert "expected what the hub accepts" in refused("--licence", "bad", "--data-licence", "x")
    assert "one of [apache-2.0, mit, …]" in refused("--licence", "bad", "--data-licence", "x")
    hub.put("acme/waves", {})
    assert "expected a private repository, found a public one" in refused(*LICENCES, "--private")
    assert not set(FILES) & set(head_of(hub))


def test_an_upload_that_breaks_off_commits_nothing(zoo, logged_in, run, monkeypatch):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    logged_in.cut = 0
    refused = zoo("push", run, ADDRESS, *LICENCES)
    assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "expected a complete transfer" in refused.err
    assert not {*FILES, "README.md"} & set(head_of(logged_in))
    logged_in.cut = None
    assert zoo("push", run, ADDRESS, *LICENCES).status == 0


def test_a_private_model_is_private(zoo, logged_in, run, monkeypatch):
    assert zoo("push", run, ADDRESS, *LICENCES, "--private").status == 0
    assert logged_in.repositories["acme/waves"].private
    monkeypatch.delenv("HF_TOKEN")
    assert zoo("pull", ADDRESS).status == 2


def test_a_damaged_bundle_is_not_pushed(zoo, logged_in, run, tmp_path):
    shutil.copytree(run / "bundle", tmp_path / "bundle")
    weights = tmp_path / "bundle/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    refused = zoo("push", tmp_path / "bundle", ADDRESS, *LICENCES)
    assert "expected sha256" in refused.err
    assert logged_in.asked == []
