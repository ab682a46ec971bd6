"""The binary as a child process: the demo on a temporary SQLite file, or another command that serves."""

import contextlib
import os
import pathlib
import queue
import re
import subprocess
import tempfile
import threading
import time

# What starts or stops does so within this time.
PATIENCE = 120


def binary() -> pathlib.Path:
    return pathlib.Path(os.environ["FRONTROW_BINARY"]).resolve(strict=True)


def document() -> str:
    """The OpenAPI document as it is shipped."""
    return subprocess.run([binary(), "openapi"], check=True, stdout=subprocess.PIPE, text=True).stdout


class NotStarted(RuntimeError):
    """The server ended, or said nothing, before it was there."""


class Server:
    """A running server: its address, and the passwords of its people by e-mail address."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.lines: list[str] = []
        self.said: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.address = self._address()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            self.said.put(line)

    def _address(self) -> str:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.said.get(timeout=max(0.0, min(1.0, until - time.monotonic())))
            except queue.Empty:
                if self.process.poll() is not None or time.monotonic() >= until:
                    raise NotStarted("the server does not start:\n" + "\n".join(self.lines)) from None
                continue
            if found := re.match(r"API +(http://[^/]+)", line):
                return found[1]

    def password(self, email: str) -> str:
        """Printed by the demo; on the mock everybody has the same."""
        for line in self.lines:
            words = line.split()
            if len(words) == 3 and words[1] == email:
                return words[2]
        return "correct horse battery"


@contextlib.contextmanager
def serve(*arguments: str):
    """Serves until the end of the block, whatever happens in it; on a port that the system chooses."""
    with contextlib.ExitStack() as stack:
        for attempt in range(3):
            try:
                yield stack.enter_context(_serve(*arguments))
                return
            except NotStarted:
                # A demo gives up where a busy machine lets one of its reads take two seconds.
                if attempt == 2:
                    raise


@contextlib.contextmanager
def _serve(*arguments: str):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FRONTROW_")}
    environment |= {
        "FRONTROW_LISTEN": "127.0.0.1:0",
        "FRONTROW_METRICS_LISTEN": "off",
        "FRONTROW_LOG": "warn",
        "FRONTROW_ACCESS_TOKEN_MINUTES": "1440",
    }
    with tempfile.TemporaryDirectory(prefix="frontrow-python-") as directory:
        process = subprocess.Popen(
            [binary(), *arguments],
            cwd=directory,
            # What the server keeps goes with the directory, even if it has to be killed.
            env=environment | {"TMPDIR": directory},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Server(process)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
