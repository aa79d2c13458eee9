"""Runs polyak over folders of HDF5 files that others made, and looks at how each run ends."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

from polyak_runner import POLYAK

PROCESSES = 2
# What sanitizers add would count as polyak's memory.
IS_SANITIZED = bool(os.environ.get("POLYAK_SANITIZE"))


@dataclass
class Ended:
    """How a run ended; `peak_kib` is the most resident memory of polyak or its helper."""
    status: int
    stderr: str
    seconds: float
    peak_kib: int
    is_late: bool = False


# The kernel counts a process's peak from that of the one that started it on; a small one starts
# all of a thread's, one after the other.
LAUNCHER = """
import os, sys, signal, json
late = []
def end(*_):
    late.append(1)
    os.kill(pid, signal.SIGKILL)
signal.signal(signal.SIGALRM, end)
for line in sys.stdin:
    limit, errors, command = json.loads(line)
    late.clear()
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_TRUNC, 0)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    signal.setitimer(signal.ITIMER_REAL, limit)
    _, status, usage = os.wait4(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss, bool(late)]), flush=True)
"""
_of_thread = threading.local()


class _Launcher:
    """Goes with its thread."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-I", "-S", "-c", LAUNCHER],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __del__(self):
        self.process.communicate()

    def run(self, command, errors, seconds):
        print(json.dumps([seconds, errors, command]), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def run_measured(arguments, seconds):
    if IS_SANITIZED:  # the helper's memory can't be limited then, and a damaged file takes much
        seconds *= 4
    start = time.monotonic()
    if not hasattr(_of_thread, "launcher"):
        _of_thread.launcher = _Launcher()
    with tempfile.NamedTemporaryFile() as errors:
        command = list(map(os.fspath, [POLYAK, *arguments]))
        status, peak_kib, is_late = _of_thread.launcher.run(command, errors.name, seconds)
        text = errors.read().decode("utf-8", "surrogateescape")
    return Ended(status, text, time.monotonic() - start, peak_kib, is_late)


def complaint(ended, peak_kib):
    """What is wrong with how a run ended, or nothing. One error is one line, and may have hints;
    what HDF5 prints itself is no line of polyak's."""
    lines = ended.stderr.splitlines()
    errors = [line for line in lines if line.startswith("polyak: error: ")]
    if ended.is_late:
        return "did not end in time"
    if ended.status not in (0, 1):
        return f"status {ended.status}: {ended.stderr[:300]}"
    if len(errors) != ended.status:
        return f"status {ended.status} with {len(errors)} errors: {ended.stderr[:300]}"
    if any(not line.startswith(("polyak: ", "  ")) for line in lines):  # a list of mismatches
        return f"a line of somebody else's: {ended.stderr[:300]}"
    if ended.peak_kib > peak_kib and not IS_SANITIZED:
        return f"{ended.peak_kib} KiB resident"
    return None


def in_parallel(job, items):
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(job, items))


def files_of(folder):
    return [path for path in sorted(folder.iterdir()) if path.name != "INDEX.md"]


def average_with_itself(path, folder, seconds):
    """(how it ended, a complaint or None). Byte for byte, or refused, and nothing is left."""
    place = pathlib.Path(tempfile.mkdtemp(dir=folder))
    output = place / "same.h5"
    ended = run_measured(["average", path, path, "-o", output, "--no-provenance"], seconds)
    wrong = None
    if ended.status == 0:
        if not output.exists() or output.read_bytes() != path.read_bytes():
            wrong = "does not come back byte for byte"
        output.unlink(missing_ok=True)
    left = os.listdir(place)
    if left:
        wrong = f"left {left}"
    return ended, wrong
