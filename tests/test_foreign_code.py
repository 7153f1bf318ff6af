"""Files in the working folder are data: no command executes them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.process.children import start
from zoo.runs.revision import revision

PLANTED = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nraise SystemExit('planted')\n"


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with modules named like those of the standard library; `ran` exists once one was imported."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("random", "tempfile", "signal", "json", "typer"):
        (folder / f"{name}.py").write_text(PLANTED)
    monkeypatch.chdir(folder)
    return folder / "ran"


def test_a_child_imports_nothing_from_the_working_folder(planted):
    assert subprocess.run([sys.executable, "-m", "tempfile"], capture_output=True, check=False).returncode
    assert planted.exists(), "nothing would have been imported anyway"
    planted.unlink()
    child = start("tempfile", [], {})
    child.communicate()
    assert child.returncode == 0
    assert not planted.exists()


def test_a_process_started_by_a_child_imports_nothing_either(planted, tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    (site / "parent.py").write_text("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import random'])\n")
    monkeypatch.syspath_prepend(str(site))
    child = start("parent", [], {})
    child.communicate()
    assert child.returncode == 0
    assert not planted.exists()


def test_the_program_itself_imports_nothing_either(planted):
    done = subprocess.run([sys.executable, "-m", "zoo", "list"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not planted.exists()


def git(*arguments: str) -> str:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder under git, with one committed file."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    home = tmp_path / "repository"
    home.mkdir()
    monkeypatch.chdir(home)
    git("init")
    (home / "file").write_text("one\n")
    git("add", "file")
    git("commit", "-m", "first")
    return home


def test_the_revision_shows_the_commit_and_whether_files_differ(repository, tmp_path, monkeypatch):
    commit = git("rev-parse", "HEAD")
    assert revision() == commit
    (repository / "untracked").touch()
    assert revision() == commit
    (repository / "file").write_text("two\n")
    assert revision() == f"{commit}+"
    git("add", "file")
    assert revision() == f"{commit}+"
    (repository / "below").mkdir()
    monkeypatch.chdir(repository / "below")
    assert revision() == f"{commit}+"
    git("worktree", "add", "--detach", str(tmp_path / "linked"))
    monkeypatch.chdir(tmp_path / "linked")
    assert revision() == commit
    monkeypatch.chdir(tmp_path)
    assert revision() is None


HOSTILE = {
    "file monitor": ("core.fsmonitor", "{program}"),
    "filter": ("filter.f.clean", "{program}; cat"),
    "filter that stays": ("filter.f.process", "{program}"),
    "hook": ("core.hooksPath", "{hooks}"),
}


@pytest.mark.parametrize("way", HOSTILE)
def test_the_revision_runs_no_program_named_in_a_repository(repository, tmp_path, way):
    ran, program = tmp_path / "ran", tmp_path / "hooks" / "post-index-change"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=f\n")
    git("add", ".gitattributes")
    git("commit", "-m", "second")
    key, value = HOSTILE[way]
    git("config", key, value.format(program=program, hooks=program.parent))
    ran.unlink(missing_ok=True)
    (repository / "file").touch()
    subprocess.run(["git", "status"], capture_output=True, check=False)
    assert ran.exists(), "git would not have run it anyway"
    ran.unlink()
    (repository / "file").write_text("two\n")
    assert str(revision()).endswith("+")
    assert not ran.exists()
