"""A sweep's folder has one owner; joining workers need not own it."""

import json

import pytest
from owners import owner

from zoo.cli.main import main
from zoo.process.owned import LOCK_FILE


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_a_sweep_run_by_another_process_is_refused(sweep_of, tmp_path, capsys, more):
    spec, folder = tmp_path / "sweep.json", tmp_path / "out"
    spec.write_text(json.dumps(sweep_of()))
    with owner(folder):
        assert main(["sweep", str(spec), "--out", str(folder), *more]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "expected a folder that nobody writes to, found process" in line
    assert [file.name for file in folder.iterdir()] == [LOCK_FILE]


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"sweep": 3, "storage": ""}', '{"sweep": {}}'])
def test_a_sweep_json_of_another_structure_gives_one_line(sweep_of, tmp_path, capsys, content):
    spec, folder = tmp_path / "sweep.json", tmp_path / "out"
    spec.write_text(json.dumps(sweep_of()))
    folder.mkdir()
    (folder / "sweep.json").write_text(content)
    assert main(["sweep", str(spec), "--out", str(folder), "--resume"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "sweep.json: expected a sweep written by `zoo sweep`, found something else; restore the file" in line
