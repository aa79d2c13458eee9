"""Runs polyak over folders of HDF5 files that others made, and looks at how each run ends."""
import concurrent.futures
import os
import pathlib
import subprocess
import tempfile
import time
from dataclasses import dataclass

from polyak_runner import POLYAK

PROCESSES = 2


@dataclass
class Ended:
    """How a run ended; `peak_kib` is the most resident memory of polyak or its helper."""
    status: int
    stderr: str
    seconds: float
    peak_kib: int
    is_late: bool = False


def run_measured(arguments, seconds):
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen([POLYAK, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=errors)
        is_late = not _wait(process.pid, start + seconds)
        if is_late:
            process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return Ended(process.returncode, errors.read().decode("utf-8", "surrogateescape"),
                     time.monotonic() - start, usage.ru_maxrss, is_late)


def _wait(pid, deadline):
    """Whether it ended in time; the status stays to be fetched."""
    pause = 0.001
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        time.sleep(pause)
        pause = min(2 * pause, 0.02)
    return False


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
    if any(not line.startswith("polyak: ") for line in lines):
        return f"a line of somebody else's: {ended.stderr[:300]}"
    if ended.peak_kib > peak_kib:
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
