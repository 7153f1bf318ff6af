"""A headless chromium controlled over its debugging pipe: pages at any width, in either theme."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of a running chromium; ``complaints`` are its console's errors, ``fetched`` the requested addresses."""

    def __init__(self, to: int, back: int, log: Path) -> None:
        self._log = log
        self._to, self._back = os.fdopen(to, "wb", 0), os.fdopen(back, "rb")
        self._calls = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        self.fetched: list[str] = []
        self.loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The response to one command."""
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._calls:
            pass
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        """The next message; what it reports about the page is stored."""
        content = bytearray()
        while (byte := self._back.read(1)) != b"\0":
            assert byte, f"chromium closed the pipe:\n{self._log.read_text()}"
            content += byte
        message = json.loads(content)
        method, found = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded" and found["entry"]["level"] in ("error", "warning"):
            self.complaints.append(found["entry"]["text"])
        if method == "Runtime.exceptionThrown" or (method == "Runtime.consoleAPICalled" and found["type"] == "error"):
            self.complaints.append(str(found))
        if method == "Network.requestWillBeSent":
            self.fetched.append(found["request"]["url"])
        if method == "Page.loadEventFired":
            self.loaded = True
        return message

    def open(self, page: Path, width: int, theme: str = "light", medium: str = "screen") -> None:
        """Show ``page`` in a window ``width`` pixels wide."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.call("Emulation.setEmulatedMedia", media=medium, features=features)
        self.complaints, self.fetched, self.loaded = [], [], False
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not self.loaded:
            self._next()

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript ``expression`` in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def pdf(self) -> bytes:
        """The page as a PDF."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])


@contextmanager
def running(profile: Path) -> Iterator[Browser]:
    """A browser with a new ``profile``, ended with the block; its output is in ``profile.log``."""
    assert CHROMIUM
    ours_read, theirs_write = os.pipe()
    theirs_read, ours_write = os.pipe()
    # It reads commands from its file 3 and answers on 4. They are put there from numbers well above both: a pipe
    # that happens to be 3 or 4 itself would be closed by the first redirection before the second takes it.
    command_file, answer_file = (_moved(file) for file in (theirs_read, theirs_write))
    redirected = f'exec "$@" 3<&{command_file} 4>&{answer_file}'
    with profile.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", redirected, "chromium", CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(command_file, answer_file),
            stderr=log,
        )
    os.close(command_file)
    os.close(answer_file)
    try:
        yield Browser(ours_write, ours_read, Path(log.name))
    finally:
        process.kill()
        process.wait()


def _moved(file: int) -> int:
    """The same open file under a number of at least 64."""
    moved = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 64)
    os.close(file)
    return moved
