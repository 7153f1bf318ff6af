"""What every reader of recordings has to hold to."""

from pathlib import Path

import numpy as np
from zoo_registry import FIRST_BYTES, Block, Recording, RecordingReader

_LONGEST = 900.0
"""Seconds of samples in one block at most, so that a week fits in memory."""
_OTHERS = (b"", b"\0" * FIRST_BYTES, b"\x89PNG\r\n\x1a\n", b'{"model": {}}', b"a,b,c\n1,2,3\n")


def check_recording(reader: RecordingReader, path: Path) -> None:
    """Hold ``reader`` to the contract on the recording in ``path``.

    It claims this file and none of another kind, and gives the same blocks every time: increasing times, no gap where a
    block continues, as many values as times on every axis and side channel, at most 15 minutes each, and a whole number
    of an activity for every sample if it names activities. Raises AssertionError.
    """
    with path.open("rb") as file:
        assert reader.claims(file.read(FIRST_BYTES)), "does not claim its own file"
    assert not any(map(reader.claims, _OTHERS)), "claims a file of another kind"
    recording = reader.open(path)
    assert recording.path == path
    about = recording.about
    assert about.start.tzinfo is None, "the clock of the device has no time zone"
    assert not about.activities or "activity" in about.side, (
        "names activities without the side channel of their numbers"
    )
    blocks = list(recording.blocks())
    _check_blocks(recording, blocks)
    for one, other in zip(blocks, recording.blocks(), strict=True):
        assert one.continues == other.continues
        assert one.notes == other.notes
        assert np.array_equal(one.x, other.x, equal_nan=True), "other samples when it is read again"


def _check_blocks(recording: Recording, blocks: list[Block]) -> None:
    about, last = recording.about, None
    period = 1 / about.rate
    assert sum(len(block.time) for block in blocks), "no samples"
    for block in blocks:
        samples = len(block.time)
        assert block.x.shape == (len(about.axes), samples), "x is not (c t)"
        assert set(block.side) == set(about.side), "other side channels than `about` names"
        assert all(values.shape == (samples,) for values in block.side.values())
        assert samples * period <= _LONGEST, "a block is longer than 15 minutes"
        assert np.isfinite(block.time).all()
        assert (np.diff(block.time) > 0).all(), "times do not increase"
        numbers = block.side.get("activity", block.time[:0])
        assert (numbers == np.floor(numbers)).all(), "an activity that is no whole number"
        if not samples:
            continue
        if last is None:
            assert abs(block.time[0]) < period, "the first sample is not at the start of the recording"
            assert not block.continues, "the first block continues nothing"
        else:
            assert block.time[0] > last, "a block begins before the end of the one before"
            step = block.time[0] - last
            assert not block.continues or step < 2 * period, f"a gap of {step:.3f} s in a block that continues"
        last = block.time[-1]
