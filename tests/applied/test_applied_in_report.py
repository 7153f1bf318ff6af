"""`zoo report` shows what a run was applied to, links what is still there, and trusts no name."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from laid import laid

from zoo.applied.record import applied_with
from zoo.process.owned import owned
from zoo.report.applied import applied_rows
from zoo.runs.folder import RunFolder

HOSTILE = "out \"'><script>#?%41"


class Section(HTMLParser):
    """Links, images and text of the section `applied` of a page, and all tags of it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.inside, self.links, self.images, self.text, self.tags = False, [], [], "", set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.inside = found.get("id") == "applied" if tag == "section" else self.inside
        if self.inside:
            self.tags.add(tag)
            self.links += [found["href"]] if tag == "a" else []
            self.images += [found["src"]] if tag == "img" else []

    def handle_data(self, data):
        self.text += data if self.inside else ""


@pytest.fixture
def run(home, tmp_path):
    """A copy of a run, beside which folders can be written."""
    folder = shutil.copytree(home / "signal", tmp_path / "runs" / "signal")
    (folder / "applied.json").unlink(missing_ok=True)
    return folder


def test_a_page_links_the_folders_that_are_there(run, x, record, zoo, tmp_path):
    paths = record(one=laid(x, device="one"), two=laid(x[:3], device="two"))
    assert zoo("apply", run, paths[0], "--out", tmp_path / "first")[0] == 0
    assert zoo("apply", run, *paths, "--out", tmp_path / HOSTILE, "--unsure", "0.9")[0] == 0
    assert zoo("apply", run, paths[0], "--out", tmp_path / "gone")[0] == 0
    shutil.rmtree(tmp_path / "gone")
    assert zoo("report", run)[0] == 0
    page = Section(run / "report.html")
    assert "script" not in page.tags
    targets = [run / unquote(urlsplit(link).path) for link in page.links]
    assert [target.resolve() for target in targets] == [
        tmp_path / folder / name
        for folder, names in (
            (HOSTILE, ("summary.json", "day-one.made.png", "day-two.made.png")),
            ("first", ("summary.json", "day.png")),
        )
        for name in names
    ]
    assert all(target.is_file() for target in targets)
    assert len(page.images) == 3
    assert all(image.startswith("data:image/png;base64,iVBOR") for image in page.images)
    assert page.text.count("gone, or written again") == 1
    assert HOSTILE in page.text
    summary = json.loads((tmp_path / "first" / "summary.json").read_text())
    minutes = summary["recordings"][0]["days"][0]["minutes"]
    most = max(minutes, key=minutes.__getitem__)
    assert f"{most} {minutes[most]:.0f}\N{NO-BREAK SPACE}min" in page.text
    assert 'href="#applied"' in (run / "report.html").read_text()


def test_a_folder_that_is_written_again_is_listed_once(run, x, record, zoo, tmp_path):
    (path,) = record(one=laid(x))
    for folder in ("a", "b", "a"):
        assert zoo("apply", run, path, "--out", tmp_path / folder)[0] == 0
    found = applied_with(RunFolder(run))
    assert [Path(each.folder) for each in found] == [Path("../../b"), Path("../../a")]
    assert [row.found.folder for row in applied_rows(RunFolder(run))] == ["../../a", "../../b"]
    assert (found[0].recordings, found[0].windows) == (["one.made"], 12)


def test_pictures_of_older_folders_are_linked_only(run, x, record, zoo, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.report.applied._LATEST", 1)
    for folder in ("a", "b"):
        assert zoo("apply", run, *record(one=laid(x)), "--out", tmp_path / folder)[0] == 0
    rows = applied_rows(RunFolder(run))
    assert [len(row.pictures) for row in rows] == [1, 0]
    assert all([link.name for link in row.links] == ["summary.json", "day.png"] for row in rows)


def test_a_folder_of_another_model_is_no_longer_linked(run, x, record, zoo, tmp_path):
    (path,) = record(one=laid(x))
    other = shutil.copytree(run.parent / "signal", run.parent / "other")
    assert zoo("apply", run, path, "--out", tmp_path / "a")[0] == 0
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    (tmp_path / "a" / "summary.json").write_text(json.dumps(summary | {"weights": "0" * 64}))
    (row,) = applied_rows(RunFolder(run))
    assert (row.gone, row.links, row.pictures, row.earlier) == (True, [], [], False)
    stored = json.loads((run / "applied.json").read_text())
    stored["folders"][0]["weights"] = "0" * 64
    (other / "applied.json").write_text(json.dumps(stored))
    (row,) = applied_rows(RunFolder(other))
    assert (row.gone, row.earlier) == (False, True)


def test_only_pictures_in_the_folder_itself_are_shown(run, x, record, zoo, tmp_path):
    assert zoo("apply", run, *record(one=laid(x)), "--out", tmp_path / "a")[0] == 0
    (tmp_path / "a" / "day.png").write_bytes(b"<svg onload=alert(1)>")
    (row,) = applied_rows(RunFolder(run))
    assert ([link.name for link in row.links], row.pictures) == (["summary.json", "day.png"], [])
    stored = json.loads((run / "applied.json").read_text())
    stored["folders"][0]["recordings"] = ["x/../../b", "y"]
    (run / "applied.json").write_text(json.dumps(stored))
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "a" / "day-x").mkdir()
    (row,) = applied_rows(RunFolder(run))
    assert [link.name for link in row.links] == ["summary.json"]


def test_bundles_and_runs_that_cannot_be_written_to_are_left_alone(run, x, record, zoo, tmp_path, monkeypatch):
    (path,) = record(one=laid(x))
    assert zoo("apply", run / "bundle", path, "--out", tmp_path / "a")[0] == 0
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, how, **more: how != os.W_OK and real(path, how, **more))
    status, _, err = zoo("apply", run, path, "--out", tmp_path / "b")
    assert (status, err) == (0, "")
    assert not (run / "applied.json").exists()
    assert applied_rows(RunFolder(run)) == []


def test_a_run_that_another_process_owns_is_noted(run, x, record, zoo, tmp_path):
    (path,) = record(one=laid(x))
    with ThreadPoolExecutor(1) as other, owned(run):
        status, _, err = other.submit(zoo, "apply", run, path, "--out", tmp_path / "a").result()
    assert status == 0
    assert f"`zoo report {run}` will not show {tmp_path / 'a'}: " in err
    assert err.count("\n") == 1
    assert (tmp_path / "a" / "summary.json").is_file()


def test_a_damaged_list_is_noted_by_apply_and_refused_by_the_report(run, x, record, zoo, tmp_path):
    (run / "applied.json").write_text('{"folders": 3}')
    status, _, err = zoo("apply", run, *record(one=laid(x)), "--out", tmp_path / "a")
    assert (status, err.count("\n")) == (0, 1)
    assert (run / "applied.json").read_text() == '{"folders": 3}'
    status, _, err = zoo("report", run)
    assert (status, err.count("\n")) == (2, 1)
    assert f"{run / 'applied.json'}: expected what `zoo apply` writes, found an invalid folders; remove the file" in err
