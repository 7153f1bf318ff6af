"""A file is opened by the reader that recognises it; anything else is refused in one line."""

import gzip
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from zoo_registry import About, Block, DataError, PluginError, Recording, RecordingReader, Registry, hookimpl

from zoo.recordings.opening import open_recording
from zoo.testing import check_recording

MARK = b"ACME1\n"


class AcmeRecording(Recording):
    continues = True

    def blocks(self) -> Iterator[Block]:
        samples = np.memmap(self.path, dtype="<f4", mode="r", offset=len(MARK)).reshape(-1, 3)
        for first in range(0, len(samples), 100):
            part = samples[first : first + 100].T.astype(float)
            yield Block((first + np.arange(part.shape[1])) / 50, part, {}, first > 0 and self.continues)


class AcmeReader(RecordingReader):
    """Recordings of Acme's accelerometer.

    More about them.
    """

    suffixes = (".acme",)

    def claims(self, first: bytes) -> bool:
        return first.startswith(MARK)

    def open(self, path: Path) -> Recording:
        return AcmeRecording(path, About(datetime(2026, 1, 5, 8), 50.0, ("x", "y", "z"), "g"))


@pytest.fixture
def acme(tmp_path):
    file = tmp_path / "one.acme"
    file.write_bytes(MARK + np.random.default_rng(0).normal(size=(250, 3)).astype("<f4").tobytes())
    return file


def test_the_reader_that_claims_a_file_opens_it_under_any_name(acme):
    renamed = acme.rename(acme.with_suffix(".dat"))
    opened = open_recording(renamed, [AcmeReader()])
    assert opened.kind == "Recordings of Acme's accelerometer"
    assert [len(block.time) for block in opened.recording.blocks()] == [100, 100, 50]


def test_a_reader_is_held_to_the_contract(acme):
    check_recording(AcmeReader(), acme)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"time": lambda block: block.time + 5}, "first sample is not at the start"),
        ({"time": lambda block: block.time[::-1]}, "times do not increase"),
        ({"x": lambda block: block.x.T}, r"x is not \(c t\)"),
        ({"side": lambda block: {"light": block.time}}, "other side channels"),
        ({"continues": lambda block: True}, "continues nothing"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_a_reader_that_breaks_it_is_found(acme, part, words):
    class Broken(AcmeRecording):
        def blocks(self) -> Iterator[Block]:
            for block in super().blocks():
                yield block._replace(**{name: change(block) for name, change in part.items()})

    class BrokenReader(AcmeReader):
        def open(self, path: Path) -> Recording:
            return Broken(path, super().open(path).about)

    with pytest.raises(AssertionError, match=words):
        check_recording(BrokenReader(), acme)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda file: file.write_bytes(b""), "found an empty file"),
        (lambda file: file.write_bytes(gzip.compress(MARK)), "found a packed file; unpack it first: gunzip "),
        (lambda file: file.write_bytes(b"\x7fELF\x02\n"), r"found a file that starts with '\x7fELF"),
        (lambda file: file.mkdir(), "found a folder"),
        (lambda file: os.mkfifo(file), "found a pipe or a device"),
        (lambda file: file.symlink_to("gone"), "found a link to gone, which is missing"),
        (lambda file: None, "found no such file"),
    ],
    ids=["empty", "packed", "other", "folder", "pipe", "link", "missing"],
)
def test_anything_but_a_recording_is_refused_in_one_line(tmp_path, make, words):
    file = tmp_path / "file"
    make(file)
    with pytest.raises(DataError, match=r"expected a recording \(\.acme\)") as refused:
        open_recording(file, [AcmeReader()])
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_readers_of_plugins_are_found_and_others_refused():
    class Plugin:
        @staticmethod
        @hookimpl
        def zoo_recordings():
            return [AcmeReader()]

    class Wrong:
        @staticmethod
        @hookimpl
        def zoo_recordings():
            return [AcmeReader]

    registry = Registry()
    registry.register(Plugin, "acme")
    assert [type(reader) for reader in registry.recording_readers()] == [AcmeReader]
    registry.register(Wrong, "wrong")
    with pytest.raises(PluginError, match=r"plugin wrong: expected a list of RecordingReader from zoo_recordings\(\)"):
        registry.recording_readers()
