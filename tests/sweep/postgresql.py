"""A PostgreSQL server for a test, from the binaries of a Debian package; skips where they are missing."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "pa ss/w0rd@%?&#:{é"
"""Every sign that a URL could take for its own."""


class Server:
    """A server in a new folder, on a free port and a socket in that folder, with a database and a user `zoo`."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.folder, self._programs, self._user = folder, programs, user
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def make(self) -> None:
        """Create the files of the server."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self._user is not None:
            shutil.chown(self.folder, self._user)
            shutil.chown(secret, self._user)
        known = ["--username", "zoo", "--auth", "scram-sha-256", "--pwfile", str(secret)]
        self._run("initdb", "--pgdata", str(self.folder / "data"), "--encoding", "UTF8", "--no-sync", *known)
        secret.unlink()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        known = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
        }
        options = " ".join(f"-c {name}={value}" for name, value in known.items())
        self._run("pg_ctl", "start", "-D", self._data, "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """End the server and every connection to it."""
        self._run("pg_ctl", "stop", "-D", self._data, "-w", "-m", mode)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        plain = {**os.environ, "LC_ALL": "C"}
        with (self.folder / f"{program}.log").open("ab") as said:  # a pipe would be held open by the server
            subprocess.run(command, check=True, user=self._user, cwd=self.folder, env=plain, stdout=said, stderr=said)


@contextmanager
def server() -> Iterator[Server]:
    """A server that stops with the block."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    if not found[-1].is_file():
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    # PostgreSQL refuses to run as root; only its owner can enter a folder made by pytest.
    user = "nobody" if os.name == "posix" and os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="zoo-postgresql-"))
    made = Server(folder, found[-1].parent, user)
    try:
        made.make()
        made.start()
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
