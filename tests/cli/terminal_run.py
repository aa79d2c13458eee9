"""Runs polyak with a pseudo-terminal as its standard error, and watches what it writes."""
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from polyak_runner import POLYAK
from screen import CroppingScreen, WrappingScreen

PROMPT = "$ polyak average"  # what stands above


class TerminalRun:
    """One run. `screens` show what came of it, under a prompt that must stay as it is."""

    def __init__(self, arguments, columns=80, environment=None, delay=None, on_terminal="stderr",
                 is_controlling=False, **options):
        self.master, terminal = pty.openpty()
        self.columns = columns
        self._set_columns(columns)
        self.screens = [CroppingScreen(columns), WrappingScreen(columns)]
        self.written = b""
        for screen in self.screens:
            screen.feed(PROMPT.encode() + b"\r\n")
        slow = [] if delay is None else [
            "strace", "-DDD", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64", "-e",
            f"inject=pread64:delay_enter={delay}"]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": terminal}
        if on_terminal == "both":
            streams["stdout"] = terminal
        variables = {name: value for name, value in os.environ.items()
                     if name not in ("TERM", "NO_COLOR")}
        variables.update({"TERM": "xterm"} if environment is None else environment)
        own = []
        if is_controlling:
            own = ["setsid", "--ctty"]  # takes the terminal that is its standard input
            streams["stdin"] = terminal
        self.process = subprocess.Popen([*own, *slow, POLYAK, *map(str, arguments)], env=variables,
                                        **streams, **options)
        os.close(terminal)

    def _set_columns(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def _stop(self):
        """Returns once no thread of the program runs."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        while any(stat.read_text().rpartition(")")[2].split()[0] not in "TtZ"
                  for stat in tasks.glob("*/stat")):
            time.sleep(0.01)

    def resize(self, columns):
        """All that was written for the width until now is shown in it, however late it is read."""
        self._stop()
        while self.read_soon():
            pass
        self.columns = columns
        self._set_columns(columns)
        for screen in self.screens:
            screen.resize(columns)
        self.process.send_signal(signal.SIGWINCH)
        self.process.send_signal(signal.SIGCONT)

    def read_soon(self):
        """What has been written and not read yet."""
        return self.read() if select.select([self.master], [], [], 0.1)[0] else b""

    def read(self, seconds=60):
        """The next piece that is written; empty at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            raise AssertionError("nothing came")
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            piece = b""
        self.written += piece
        for screen in self.screens:
            screen.feed(piece)
        return piece

    def read_until(self, wanted, seconds=60):
        """Until so many more pieces hold `wanted`."""
        deadline = time.monotonic() + seconds
        while wanted not in self.read():
            assert time.monotonic() < deadline and self.process.poll() is None, self.written

    def finish(self):
        """Reads the rest; the exit status."""
        while self.read():
            pass
        self.close()
        return self.process.wait(timeout=60)

    def close(self):
        if self.master >= 0:
            os.close(self.master)
        self.master = -1
