"""A run of polyak that is stopped after its n-th read, so that a test can change something then."""
import os
import pathlib
import re
import signal
import subprocess
import time

from polyak_runner import POLYAK

PATIENCE = 60
READ = re.compile(r"= \d{5,}$")  # of elements: not a probe's few bytes


def reads_of(command, path, folder):
    """The numbers, as strace counts them, of a good run's reads of this file's elements: of those
    that read most at a time."""
    log = folder / "good.strace"
    subprocess.run(["strace", "-f", "-y", "-qq", "-e", "trace=pread64", "-o", log, POLYAK,
                    *command], check=True, capture_output=True, timeout=PATIENCE)
    counts, found = {}, []
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\d+) +pread64\((\d+)<([^>]*)>", line)
        if not match:
            continue
        counts[match[1]] = counts.get(match[1], 0) + 1
        size = re.search(r"= (\d+)$", line)
        if match[3] == os.fspath(path) and size:
            found.append((int(size[1]), counts[match[1]]))
    log.unlink()
    most = max(size for size, _ in found)
    return [number for size, number in found if size > most // 2]


class StoppedRun:
    """polyak under strace, stopped at its read of this number; strace's log says what it does."""

    def __init__(self, command, number, path, folder):
        self.log, self.path = folder / "log.strace", path
        self.process = subprocess.Popen(
            ["strace", "-f", "-y", "-qq", "-e", "trace=pread64,renameat2,renameat", "-o", self.log,
             "-e", f"inject=pread64:signal=SIGSTOP:when={number}", POLYAK, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.wait_for_the_right_stop()
        self.reads_before = self.reads()

    def wait_for_the_right_stop(self):
        """Every thread that comes to its read of that number stops; the one that read the file's
        elements then is meant."""
        stops = 0
        deadline = time.monotonic() + PATIENCE
        while True:
            text = self.log.read_text(errors="replace") if self.log.exists() else ""
            found = list(re.finditer(r"^(\d+) +--- SIGSTOP \{.*\n(.*\n)*?.*stopped by SIGSTOP",
                                     text, re.M))
            if len(found) > stops:
                stops, self.pid = len(found), int(found[-1][1])
                last = re.findall(rf"^{self.pid} +pread64\(.*", text[:found[-1].start()], re.M)[-1]
                if f"<{os.fspath(self.path)}>" in last and READ.search(last):
                    return
                self.continue_it()
            assert self.process.poll() is None, f"it ended without being stopped: {text[-500:]}"
            assert time.monotonic() < deadline, text[-500:]
            time.sleep(0.005)

    def continue_it(self):
        group = int(re.search(r"^Tgid:\s+(\d+)", pathlib.Path(f"/proc/{self.pid}/status")
                              .read_text(), re.M)[1])
        os.kill(group, signal.SIGCONT)

    def reads(self):
        """How often the file has been read until now."""
        return len(re.findall(rf"pread64\(\d+<{re.escape(os.fspath(self.path))}>",
                              self.log.read_text(errors="replace")))

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while True:
            text = self.log.read_text(errors="replace") if self.log.exists() else ""
            if match := re.search(pattern, text):
                self.pid = int(match[1])
                return
            assert self.process.poll() is None, f"it ended without being stopped: {text[-500:]}"
            assert time.monotonic() < deadline, text[-500:]
            time.sleep(0.005)

    def go_on(self):
        """(status, standard error, reads of the file after the stop)."""
        deadline = time.monotonic() + PATIENCE
        while True:  # another thread may come to its read of that number, and stop too
            try:
                self.continue_it()
            except (ProcessLookupError, FileNotFoundError):
                pass  # it has ended
            try:
                _, stderr = self.process.communicate(timeout=0.05)
                break
            except subprocess.TimeoutExpired:
                assert time.monotonic() < deadline, self.log.read_text(errors="replace")[-500:]
        reads_after = self.reads() - self.reads_before
        self.log.unlink()
        return self.process.returncode, stderr.decode(errors="replace"), reads_after
