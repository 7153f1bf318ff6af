"""Processes that start with everything imported, in milliseconds: for tests that start many, or kill them."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["torch._decomp.decompositions_for_jvp", "zoo.cli.main", "zoo.cli.training", "zoo.io.npz",
     "zoo.kernels.nearest_tile", "zoo.sweep.sweep", "zoo.sweep.worker", "zoo.training.fit", "zoo_conv.encoder",
     "zoo_data.npy", "zoo_heads.token_linear", "zoo_quantizers.codebook", "zoo_vqshape.encoder", "zoo_vqshape.decoder"]
)  # fmt: skip


class Forked:
    """`zoo` with ``arguments`` in a process of its own; what it prints goes to ``output``.

    It works in ``home``, with ``temporary`` for temporary files, and calls ``before`` first. The processes that it
    starts are forks of it.
    """

    def __init__(
        self, arguments: Sequence[str | Path], output: Path, home: Path | None = None, temporary: Path | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self.output = output
        output.write_bytes(b"")
        given = [*map(str, arguments)], output, home or Path.cwd(), temporary, before
        self.process = FORKS.Process(target=_zoo, args=given)
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def running(self) -> bool:
        return self.process.is_alive()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def ended(self) -> tuple[int | None, str]:
        """Its exit status once it has ended, and what it printed."""
        self.process.join(120)
        return self.process.exitcode, self.output.read_text()

    def wait_for(self, path: Path) -> None:
        """Return once ``path`` exists, or it has ended."""
        while not path.exists() and self.running():
            time.sleep(0.01)


class ForkedChild:
    """A `zoo.process.children.Child` that is forked from this process instead of importing everything again."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], stdin: int, stdout: BinaryIO | None,
        stderr: BinaryIO | None, start_new_session: bool,
    ) -> None:  # fmt: skip
        reader, writer = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            if start_new_session:
                os.setsid()
            outputs = [None if stream is None else stream.fileno() for stream in (stdout, stderr)]
            _module(command[2:], env, [reader, *outputs])
        os.close(reader)
        self.stdin = os.fdopen(writer, "wb")

    def poll(self) -> int | None:
        if self.returncode is None and (found := os.waitpid(self.pid, os.WNOHANG))[0]:
            self.returncode = os.waitstatus_to_exitcode(found[1])
        return self.returncode

    def wait(self, timeout: float = 120.0) -> int:
        until = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("fork", timeout)
            time.sleep(0.01)
        return status

    def terminate(self) -> None:
        self.send(signal.SIGTERM)

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def send(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def of_rank(rank: int) -> None:
    """Set what Lightning reads from RANK when it is imported."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    rank_zero_only.rank = rank


def spoken(output: Path) -> None:
    """Append what this process prints to the file ``output``."""
    with output.open("ab", buffering=0) as said:
        for number in (1, 2):
            os.dup2(said.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))


def _zoo(
    arguments: list[str], output: Path, home: Path, temporary: Path | None, before: Callable[[], None] | None
) -> None:
    from zoo.process import children

    children.Child = ForkedChild
    os.chdir(home)
    if temporary is not None:
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    spoken(output)
    sys.argv = ["zoo", *arguments]
    if before is not None:
        before()
    from zoo.cli.start import main

    sys.exit(main())


def _module(command: Sequence[str], environment: Mapping[str, str], streams: Sequence[int | None]) -> NoReturn:
    """`python -m` in a process that was just forked: with nothing of its parent but what it has imported."""
    from zoo.process import interrupts

    interrupts._state = interrupts._State()
    for number, stream in enumerate(streams):
        if stream is not None:
            os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(environment)
    of_rank(int(environment.get("RANK", "0")))
    sys.argv = [*command]
    status: object = 1
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as error:
        status = error.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)
