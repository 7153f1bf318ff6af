"""The database of a sweep: exactly the named file, moved and copied with its folder, without visible secrets."""

import json
import shutil
from pathlib import Path

import optuna
import pytest
from forked import Forked
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url
from swept import Z
from zoo_registry import SpecError

from zoo.cli.main import main
from zoo.sweep.folder import SweepFolder
from zoo.sweep.plan import read_plan
from zoo.sweep.queue import RUNS, Queue, create, join
from zoo.sweep.results import RunResult
from zoo.sweep.storage import open_storage, storage_url

SIGNS = "a?b#c%20d e&f=g@h{i}:é'\\"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_the_url_of_a_path_is_that_of_exactly_this_file(name):
    path = Path("/somewhere") / f"x{name}"
    url = storage_url(str(path))
    assert make_url(url).database == str(path.resolve())
    assert storage_url(url) == url


def test_a_database_is_stored_at_its_path(plan, tmp_path):
    folder = tmp_path / SIGNS
    folder.mkdir()
    create(storage_url(str(folder)), plan(), resume=False)
    assert [path.name for path in tmp_path.iterdir()] == [SIGNS]
    assert [path.name for path in folder.iterdir()] == ["study.db"]
    assert len(join(storage_url(str(folder))).counted()) == 4


def test_a_relative_url_names_the_same_file_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert storage_url("sqlite:///deep/study.db") == storage_url(str(tmp_path / "deep" / "study.db"))


def test_other_parts_of_a_url_stay_unchanged():
    for url in (
        "sqlite:////a/study.db?timeout=5",
        "sqlite+pysqlcipher://:hunter2@//a/study.db",
        "sqlite:///file:a?uri=true",
    ):
        assert make_url(storage_url(url)) == make_url(url)


@pytest.mark.parametrize("given", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_that_other_processes_cannot_reach_is_refused(given):
    with pytest.raises(SpecError, match="in memory"):
        storage_url(given)


@pytest.fixture
def spec(tmp_path, sweep_of) -> Path:
    file = tmp_path / "sweep.json"
    file.write_text(json.dumps(sweep_of(vary={Z: [1, 2]}, objectives=["mse"])))
    return file


def begun(spec: Path, folder: Path) -> Queue:
    """A sweep of two points in ``folder``; the first is done."""
    plan, home = read_plan(spec), SweepFolder(folder)
    folder.mkdir(parents=True)
    url = storage_url(str(home.database))
    queue = create(url, plan, resume=False)
    home.start(plan, url)
    do_one(queue)
    return queue


def do_one(queue: Queue) -> None:
    trial = queue.claim("me")
    assert trial is not None
    run = RunResult(seed=0, folder="gone", values={"mse": 1.0}, windows=3, fingerprint="f", seconds=1.0)
    trial.set_user_attr(RUNS, [run.model_dump(mode="json")])
    assert queue.complete(trial, [1.0])


@pytest.mark.parametrize("name", ["moved", SIGNS])
def test_a_moved_folder_continues_in_its_own_database(spec, tmp_path, name, capsys):
    do_one(begun(spec, tmp_path / "before"))
    (tmp_path / "before").rename(tmp_path / name)
    assert main(["sweep", str(spec), "--resume", "--out", str(tmp_path / name)]) == 0
    assert "2 of 2 points" in capsys.readouterr().out
    assert not (tmp_path / "before").exists()
    for file in ("sweep.json", "results.json", "sweep.html"):
        assert str(tmp_path) not in (tmp_path / name / file).read_text()


@pytest.mark.slow
@pytest.mark.parametrize("left", ["nothing", "a loop of links"])
def test_a_folder_without_its_database_writes_nowhere_else(spec, tmp_path, left):
    begun(spec, tmp_path / "sweep").storage.engine.dispose()
    database, elsewhere = tmp_path / "sweep" / "study.db", tmp_path / "elsewhere"
    database.unlink()
    if left == "a loop of links":
        database.symlink_to(database.name)
    elsewhere.mkdir()
    Forked(["sweep", spec, "--resume", "--out", tmp_path / "sweep"], tmp_path / "said", elsewhere).ended()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("old", [False, True], ids=["written now", "written with its whole path"])
def test_a_copied_folder_leaves_the_database_of_the_original_unchanged(spec, tmp_path, old, capsys):
    original, copy = tmp_path / "original", tmp_path / "copy"
    begun(spec, original).storage.engine.dispose()
    shutil.copytree(original, copy)
    if old:
        stored = json.loads((copy / "sweep.json").read_text())
        (copy / "sweep.json").write_text(json.dumps(stored | {"storage": f"sqlite:///{original}/study.db"}))
    do_one(join(storage_url(str(copy))))
    before = (original / "study.db").read_bytes()
    assert main(["sweep", str(spec), "--resume", "--out", str(copy)]) == 0
    assert "2 of 2 points" in capsys.readouterr().out
    assert (original / "study.db").read_bytes() == before
    assert not join(storage_url(str(original))).finished()


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://me:hunter2@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=hunter2",
        "postgresql://me@127.0.0.1:1/db?sslpassword=hunter2&sslmode=require",
        "postgresql://me@127.0.0.1:1/db?hunter2=1",
        "postgresql://me@127.0.0.1:hunter2/db",
        "postgresql://me:first@hunter2@127.0.0.1:1/db",
        "postgresql://me:first/hunter2@127.0.0.1:1/db",
        "postgresql://me:{hunter2}@127.0.0.1:1/db",
        "postgresql://{hunter2}@127.0.0.1:x/db",
        "postgresql:/me:hunter2@127.0.0.1:1/db",
        "me:hunter2@127.0.0.1:1/db",
        "nosuch://me:hunter2@host/db",
        "sqlite://me:hunter2@host/db",
        "mssql+pyodbc://?odbc_connect=hunter2",
    ],
)
@pytest.mark.parametrize(
    "arguments", [["{spec}", "--storage", "{url}"], ["--join", "{url}"], ["{spec}", "{url}"], ["{url}"]]
)
def test_a_password_is_in_no_line_and_no_file(spec, tmp_path, monkeypatch, capfd, given, arguments):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", *(part.format(spec=spec, url=given) for part in arguments)]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    (line,) = said.err.strip().splitlines()
    assert "hunter2" not in line
    for path in tmp_path.rglob("*"):
        assert "hunter2" not in str(path)
        assert path.is_dir() or b"hunter2" not in path.read_bytes()


def test_atomic_actions_are_done_completely_or_not_at_all(plan, tmp_path):
    queue = create(storage_url(str(tmp_path / "study.db")), plan(), resume=False)

    def fail_half_way() -> None:
        queue.study.set_user_attr("half", 1)
        queue.storage.create_new_trial(queue.storage.get_study_id_from_name("small"))
        raise InterruptedError

    with pytest.raises(InterruptedError):
        queue.storage.atomically(fail_half_way)
    again = join(storage_url(str(tmp_path / "study.db")))
    assert "half" not in again.study.user_attrs
    assert len(again.study.get_trials()) == 4


def test_every_method_of_the_storage_survives_outages(plan, tmp_path):
    """Also methods that Optuna may add: one without protection would end a worker with a traceback."""
    storage = open_storage(storage_url(str(tmp_path / "study.db")), new=True)
    for name, method in vars(optuna.storages.RDBStorage).items():
        if callable(method) and not name.startswith("__") and not isinstance(method, staticmethod):
            assert getattr(type(storage), name) is not method, name
