"""Every user mistake gives one line and exit status 2; a bug keeps its traceback."""

import copy
import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo.cli import components, doctor
from zoo.cli.main import main
from zoo.process.interrupts import _State


def assert_refused(result, *words):
    """``result`` is one line that says where, what was expected, what was found and what to do."""
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("zoo: ")
    assert result.err.count("\n") == 1
    assert "expected " in result.err
    assert ", found " in result.err
    assert "; " in result.err
    for word in words:
        assert word in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lst"], ["'lst'", "did you mean 'list'?"]),
        (["frobnicate"], ["'frobnicate'", "zoo --help"]),
        (["list", "encder"], ["role", "did you mean 'encoder'?"]),
        (["list", "head", "tail"], ["tail", "zoo list --help"]),
        (["list", "--jsn"], ["--jsn", "--json"]),
        (["--frobnicate"], ["--frobnicate", "zoo --help"]),
        (["show"], ["'KIND'", "zoo show --help"]),
        (["show", "vqshape.encodr"], ["did you mean 'vqshape.encoder'?"]),
        (["show", "nowhere.encoder"], ["'nowhere.encoder'", "zoo list"]),
        (["schema", "modl"], ["did you mean 'model'?"]),
        (["check"], ["'SPEC'", "zoo check --help"]),
        (["check", "nowhere.json"], ["nowhere.json", "no such file"]),
        (["check", "a\nb.json"], ["no such file"]),
        (["check", "x" * 5000], ["too long"]),
        (["build", "nowhere.json"], ["nowhere.json", "no such file"]),
        (["build", "x.json", "--seed", "-1"], ["--seed"]),
        (["build", "x.json", "--seed", "one"], ["--seed"]),
        (["build", "x.json", "--out"], ["--out"]),
    ],
)
def test_a_wrong_command_line_gives_one_line(zoo, arguments, words):
    assert_refused(zoo(*arguments), *words)


VALID = {"input": {"channels": 2, "length": 32, "classes": 3}, "head": {"kind": "wrn.signal"}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["JSON"]),
        (b"{", ["JSON"]),
        (b'{"a": 1,}', ["JSON"]),
        (b"[]", ["a JSON object", "list"]),
        (b"null", ["a JSON object"]),
        (b"3", ["a JSON object"]),
        (b"\xff\xfe{}", ["UTF-8"]),
        (b"\x00", ["JSON"]),
        (b"[" * 100_000, ["JSON"]),
        (b'{"a": ' * 100_000, ["JSON"]),
        (b"9" * 5000, ["JSON"]),
        (b'{"scale": "none", "scale": "instance"}', ["'scale' twice"]),
        (b'{"input": {"channels": NaN}}', ["NaN"]),
        (b'{"input": {"channels": -Infinity}}', ["-Infinity"]),
        (b'{"input": {"channels": 1e999, "length": 3}}', ["input.channels"]),
        (b"{}", ["input"]),
        (b'{"head": {}}', ["head", "kind"]),
        (b'{"head": {"kind": "wrn.signl"}}', ["head.kind", "did you mean 'wrn.signal'?"]),
        (b'{"head": {"kind": "vqshape.encoder"}}', ["head.kind", "a kind of encoder"]),
        (b'{"heads": {"kind": "wrn.signal"}}', ["heads", "did you mean 'head'?"]),
        (b'{"\\ud800": 1}', ["ud800"]),
        (b'{"model": {}}', ["data"]),
        (b'{"model": 3, "data": 4}', ["model"]),
        (b'{"model": 3, "sha256": 4}', ["JSON object"]),
        (b" " * (17 * 2**20), ["16 MiB"]),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_a_file_that_is_not_a_spec_gives_one_line(zoo, tmp_path, content, words):
    path = tmp_path / "spec.json"
    path.write_bytes(content)
    refused = zoo("check", path)
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("zoo: ")
    assert refused.err.count("\n") == 1
    for word in words:
        assert word in refused.err


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_valid_spec_is_accepted_with_or_without_a_byte_order_mark(zoo, write, mark):
    assert zoo("check", write(mark + json.dumps(VALID))).status == 0


def test_a_spec_may_name_its_schema(zoo, write):
    assert zoo("check", write({"$schema": "model.schema.json", **VALID})).status == 0


def test_a_folder_without_a_spec_is_refused(zoo, tmp_path):
    assert_refused(zoo("check", tmp_path), "spec.json")


def test_a_bundle_cannot_be_written_below_a_file(zoo, write):
    path = write(VALID)
    assert_refused(zoo("build", path, "--out", path / "bundle"), str(path), "a file")
    assert_refused(zoo("build", path, "--out", path), str(path), "a file")
    assert json.loads(path.read_text()) == VALID


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs rights that can be lacking")
def test_missing_permissions_are_reported(zoo, write):
    path = write(VALID)
    path.chmod(0)
    assert_refused(zoo("check", path), "Permission denied")


def test_a_full_disk_is_reported(zoo, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device", "bundle/model.safetensors")

    monkeypatch.setattr(components, "print_table", fail)
    assert_refused(zoo("list"), "bundle/model.safetensors", "No space left")


def test_an_interruption_gives_one_line_and_status_130(capfd, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(components, "print_table", interrupt)
    monkeypatch.setattr(
        "zoo.process.interrupts._state", _State()
    )  # a new state, since a process reports an interruption only once
    assert main(["list"]) == 130
    assert capfd.readouterr().err == "zoo: interrupted\n"


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError("a bug"), KeyError("a bug")])
def test_a_bug_keeps_its_traceback(zoo, monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr(doctor, "_system", fail)
    with pytest.raises(type(error), match="a bug"):
        zoo("doctor")


def test_a_closed_pipe_ends_the_program_quietly():
    program = [sys.executable, "-m", "zoo", "schema"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        assert running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == b""


def test_the_exit_status_reaches_the_shell(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "check", tmp_path / "none.json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("zoo: ")
    assert done.stderr.count("\n") == 1


FULL = {
    "input": {"channels": 3, "length": 100, "classes": 4},
    "fusion": {"kind": "fusion.channelwise"},
    "encoder": {"kind": "vqshape.encoder", "read": "query", "patches": 10, "dim": 32, "heads": 4},
    "quantizer": {"kind": "vqshape.codebook"},
    "decoder": {"kind": "vqshape.decoder"},
    "head": {"kind": "wrn.recon"},
}
TEXT = json.dumps(FULL)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def mutated(draw):
    """The bytes of a spec with a field replaced, or with some bytes changed, removed or inserted."""
    if draw(st.booleans()):
        spec = copy.deepcopy(FULL)
        part = spec[draw(st.sampled_from(sorted(spec)))]
        part[draw(st.sampled_from([*part, "extra"]))] = draw(VALUES)
        return json.dumps(spec).encode()
    start = draw(st.integers(0, len(TEXT)))
    end = draw(st.integers(start, min(len(TEXT), start + 8)))
    return TEXT[:start].encode() + draw(st.binary(max_size=4)) + TEXT[end:].encode()


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=mutated())
def test_a_mutated_spec_passes_or_gives_one_line(zoo, tmp_path, content):
    path = tmp_path / "spec.json"
    path.write_bytes(content)
    found = zoo("check", path)
    assert found.status in (0, 2)
    assert found.err.count("\n") == (1 if found.status else 0)
    assert bool(found.out) == (found.status == 0)
