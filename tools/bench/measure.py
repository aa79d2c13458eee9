"""Seconds and peak memory of commands, as the kernel counts them.

The peak of a command is the highest of its processes, those that it started and waited for among
them (polyak's helper is one).
"""
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass

LAUNCHER = pathlib.Path(__file__).with_name("launcher.py")


class Failed(Exception):
    """A measured command, or a function that ran apart, did not end well."""


@dataclass(frozen=True)
class Run:
    """What one command took. `seconds` is by the clock, `cpu_seconds` of all its processors."""
    seconds: float
    cpu_seconds: float
    peak_mib: float


class Launcher:
    """Runs commands from a process so small that its own memory hides nobody's."""

    def __enter__(self):
        self._errors = tempfile.NamedTemporaryFile(prefix="polyak-bench-")
        self._process = subprocess.Popen([sys.executable, "-I", "-S", LAUNCHER], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()

    def run(self, command, folder="/"):
        """The Run of a command that must succeed."""
        command = [os.fspath(word) for word in command]
        request = {"command": command, "folder": os.path.abspath(folder),
                   "errors": self._errors.name}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"status": "lost"}')
        status = answer.pop("status")
        if status != 0:
            said = pathlib.Path(self._errors.name).read_text(errors="replace").strip()
            raise Failed(f"{' '.join(command)}: status {status}\n{said}")
        return Run(**answer)


def _answer(connection, function, arguments):
    connection.send(function(*arguments))


def apart(function, *arguments):
    """What the function returns, run in a process of its own, so that its memory goes with it."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_answer, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        answer = None
    process.join()
    if process.exitcode != 0:
        raise Failed(f"{function.__name__}: status {process.exitcode}")
    return answer
