"""Files and folders are written completely or not at all, whenever the process is killed."""

import pytest
from killed import KILLED, killed_at, steps_of
from zoo_registry import DataError

from zoo.io.files import current, new_folder, resolved, write_json, write_text
from zoo.specs.read import read_json

IMPORTS = "from zoo.io.files import new_folder, write_text"
FOLDER = """
with new_folder(target) as home:
    for name in "ab":
        (home / name).write_text("new " * 1000)
"""
FILE = """
write_text(target, "new " * 1000)
"""


def old_folder(target):
    target.mkdir()
    for name in "ab":
        (target / name).write_text("old")


@pytest.mark.slow
def test_a_folder_replaced_by_a_killed_process_is_the_old_one_or_the_new_one(tmp_path):
    target = tmp_path / "count"
    old_folder(target)
    steps = steps_of(IMPORTS, FOLDER, target)
    assert steps > 5
    outcomes = []
    for step in range(1, steps + 1):
        target = tmp_path / f"at-{step}" / "bundle"
        target.parent.mkdir()
        old_folder(target)
        assert killed_at(step, IMPORTS, FOLDER, target) == KILLED
        files = sorted(current(target).iterdir())
        assert [file.name for file in files] == ["a", "b"]
        (content,) = {file.read_text() for file in files}
        outcomes.append("new" if content == "new " * 1000 else content)
    assert outcomes == sorted(outcomes, reverse=True)  # old up to one moment, new from then on
    assert set(outcomes) == {"old", "new"}


def test_a_folder_created_by_a_killed_process_is_absent_or_complete(tmp_path):
    for step in range(1, steps_of(IMPORTS, FOLDER, tmp_path / "count") + 1):
        target = tmp_path / f"at-{step}" / "bundle"
        target.parent.mkdir()
        killed_at(step, IMPORTS, FOLDER, target)
        assert not target.exists() or {file.name for file in target.iterdir()} == {"a", "b"}


def test_leftovers_of_a_killed_process_do_not_disturb_the_next(tmp_path):
    target = tmp_path / "bundle"
    old_folder(target)
    steps = steps_of(IMPORTS, FOLDER, target)
    for step in range(steps - 8, steps + 1):
        killed_at(step, IMPORTS, FOLDER, target)
    with new_folder(target) as home:
        (home / "c").write_text("newest")
    assert [file.name for file in current(target).iterdir()] == ["c"]
    assert not (tmp_path / ".bundle.previous").exists()


def test_a_file_replaced_by_a_killed_process_is_the_old_one_or_the_new_one(tmp_path):
    target = tmp_path / "run.json"
    target.write_text("old")
    steps = steps_of(IMPORTS, FILE, tmp_path / "count")
    found = set()
    for step in range(1, steps + 1):
        target.write_text("old")
        assert killed_at(step, IMPORTS, FILE, target) == KILLED
        found.add(target.read_text())
    assert found == {"old", "new " * 1000}


def write_half(target):
    with new_folder(target) as home:
        (home / "a").write_text("new")
        raise RuntimeError("halfway")


def test_a_folder_that_cannot_be_completed_leaves_nothing_behind(tmp_path):
    target = tmp_path / "bundle"
    old_folder(target)
    with pytest.raises(RuntimeError, match="halfway"):
        write_half(target)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (target / "a").read_text() == "old"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "run.json", "\ud800")
    with pytest.raises(
        DataError, match="expected finite numbers, found NaN or an infinity; diverged or damaged weights"
    ):
        write_json(tmp_path / "run.json", {"loss": float("nan")})
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "folder", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_file_name_that_is_not_in_utf_8_is_read_back(tmp_path):
    name = b"wind\xffows".decode(errors="surrogateescape")
    write_json(tmp_path / "run.json", {"path": name})
    assert read_json(tmp_path / "run.json") == {"path": name}


def test_written_files_have_the_usual_permissions(tmp_path):
    (tmp_path / "plain").write_text("text")
    write_text(tmp_path / "whole", "text")
    with new_folder(tmp_path / "folder") as home:
        (home / "inner").write_text("text")
        (home / "inner").chmod(0o600)
    (tmp_path / "plain folder").mkdir()
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "folder" / "inner").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "plain folder").stat().st_mode


def test_missing_parent_folders_are_created(tmp_path):
    write_json(tmp_path / "a" / "b" / "c.json", {"ä": 1})
    assert (tmp_path / "a" / "b" / "c.json").read_text(encoding="utf-8") == '{\n  "ä": 1\n}\n'


def test_a_loop_of_links_is_no_error_until_it_is_opened(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    assert resolved(loop) == tmp_path.resolve() / "loop"
    with pytest.raises(OSError, match="symbolic links"):
        resolved(loop).read_bytes()
