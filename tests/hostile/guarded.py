"""A command run in this process with a limit on memory and time, and its allowed outcomes."""

import io
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import zoo.training.fit  # noqa: F401  # torch is mapped into memory before the limit is set
from zoo.cli.main import main

ROOM = 2 * 2**30
"""Bytes that a command may take beyond what the process holds."""
LONGEST = 60
"""Seconds after which a command counts as hanging."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Hangs(BaseException):
    """Not an Exception, since a command could handle that."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended: exit status (None if an exception escaped), output, seconds of CPU."""

    arguments: tuple[str, ...]
    status: int | None
    out: str
    err: str
    seconds: float

    @property
    def fault(self) -> str:
        """What is wrong with the outcome, in words; empty if the command succeeded or was refused in one line."""
        if self.status is None:
            return "an exception"
        if self.status not in (0, 2):
            return f"status {self.status}"
        if UNSEEN.search(self.out + self.err):
            return "bytes that move the cursor"
        lines = [line for line in self.err.splitlines() if not line.startswith("zoo: note: ")]
        if self.status == 2 and (len(lines) != 1 or not _SAID.match(lines[0])):
            return "no line, or several, in place of one"
        if "memory: expected" in self.err:
            return "more than 2 GiB"
        return ""


_SAID = re.compile(r"zoo: .*: expected .*, found .*; .+")


def guarded(*arguments: str | Path) -> Outcome:
    """Run a command as `zoo` would, with limits of 2 GiB and one minute."""
    given = tuple(map(str, arguments))
    out, err = io.StringIO(), io.StringIO()
    start, status = time.process_time(), None
    with redirect_stdout(out), redirect_stderr(err), _limits():
        try:
            status = main(given)
        except (Exception, Hangs):
            traceback.print_exc()
    return Outcome(given, status, out.getvalue(), err.getvalue(), time.process_time() - start)


@dataclass
class Tally:
    """Counted outcomes of many commands."""

    ended: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    longest: float = 0.0

    def add(self, outcome: Outcome, what: str) -> None:
        """Count ``outcome``; ``what`` describes how its input was damaged."""
        words = {0: "well", 2: "refused", None: "exception"}.get(outcome.status, "otherwise")
        self.ended[words] = self.ended.get(words, 0) + 1
        self.longest = max(self.longest, outcome.seconds)
        if outcome.fault:
            end = "\n".join((outcome.err or outcome.out).splitlines()[-12:])
            self.faults.append(f"{what}: zoo {' '.join(outcome.arguments)}: {outcome.fault}\n{end}")

    def require_sound(self) -> None:
        """Fail if any command ended badly, and list all outcomes."""
        print(
            f"{self.ended}, longest {self.longest:.1f} s of CPU, most memory {peak() / 2**20:.0f} MiB", file=sys.stderr
        )
        assert not self.faults, f"{len(self.faults)} faults\n" + "\n\n".join(self.faults[:20])


def peak() -> int:
    """Peak memory of this process, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def cases(few: int) -> int:
    """How many cases a test tries: ``few``, or the number given in the environment."""
    return int(os.environ.get("ZOO_CASES", few))


@contextmanager
def _limits() -> Iterator[None]:
    def hang(number: int, frame: FrameType | None) -> None:
        raise Hangs

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + ROOM, hard))
    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
