"""Runs polyak and says what it took: processor time, and the memory of polyak and its helpers.

The kernel tells the highest peak among a process and its children, not their sum. So each process
is stopped as it ends (ptrace), and its own peak is read.
"""
import ctypes
import os
import pathlib
import re
import signal
import tempfile
from dataclasses import dataclass, field

from polyak_runner import POLYAK

_TRACE_ME, _CONTINUE, _SET_OPTIONS = 0, 7, 0x4200
_FORK, _VFORK, _CLONE, _EXEC, _EXIT = 1, 2, 3, 4, 6  # what stops a process; an option's bit, too
_KILL_TOO = 1 << 20                                  # whoever is traced goes with this process
_OPTIONS = sum(1 << event for event in (_FORK, _VFORK, _CLONE, _EXEC, _EXIT)) | _KILL_TOO
_OF_ALL_KINDS = 0x40000000                           # __WALL: threads, too
_NEVER = 1 << 62
_ptrace = ctypes.CDLL(None).ptrace
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


@dataclass
class Ended:
    """How a run ended. `peak_kib` is the most that can have been resident at once: the sum of the
    peaks of processes that lived at the same time."""
    status: int
    stderr: str
    cpu_seconds: float
    peak_kib: int
    processes: int
    is_late: bool


@dataclass
class _Process:
    begun: int
    ended: int = _NEVER
    peak_kib: int = 0


@dataclass
class _Run:
    root: int
    processes: dict = field(default_factory=dict)  # by number
    owners: dict = field(default_factory=dict)     # of threads: the number of their process
    time: int = 0                                  # events until now
    is_late: bool = False

    def stop(self, *_):
        self.is_late = True
        for number, process in self.processes.items():
            if process.ended == _NEVER:
                os.kill(number, signal.SIGKILL)

    def see(self, thread):
        """The process of a thread that has stopped, and whether it is the thread's first time."""
        is_new = thread not in self.owners
        if is_new:
            status = pathlib.Path(f"/proc/{thread}/status").read_text()
            self.owners[thread] = int(re.search(r"^Tgid:\s+(\d+)", status, re.M)[1])
        return self.processes.setdefault(self.owners[thread], _Process(self.time)), is_new

    def go_on(self, thread, status):
        process, is_new = self.see(thread)
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == _EXIT:
            memory = pathlib.Path(f"/proc/{thread}/status").read_text()
            if found := re.search(r"^VmHWM:\s+(\d+)", memory, re.M):
                process.peak_kib = max(process.peak_kib, int(found[1]))
        if event or (is_new and number in (signal.SIGSTOP, signal.SIGTRAP)):
            number = 0  # it is no signal of theirs
        if is_new and thread == self.root:
            _ptrace(_SET_OPTIONS, thread, None, _OPTIONS)
        _ptrace(_CONTINUE, thread, None, number)

    def follow(self):
        """(status, rusage) of polyak, once all processes have ended."""
        root_end = None
        while True:
            try:
                thread, status, usage = os.wait4(-1, _OF_ALL_KINDS)
            except ChildProcessError:
                return root_end
            self.time += 1
            if os.WIFSTOPPED(status):
                self.go_on(thread, status)
                continue
            if thread in self.processes:
                self.processes[thread].ended = self.time
            if thread == self.root:
                root_end = status, usage

    def peak_kib(self):
        every = self.processes.values()
        return max(sum(other.peak_kib for other in every if other.begun <= one.begun < other.ended)
                   for one in every)


def _start(arguments, errors):
    command = list(map(os.fspath, [POLYAK, *arguments]))
    process = os.fork()
    if process == 0:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream, descriptor in enumerate((nothing, nothing, errors.fileno())):
            os.dup2(descriptor, stream)
        _ptrace(_TRACE_ME, 0, None, None)
        os.execv(command[0], command)
    return process


def run_measured(arguments, seconds):
    """From a process without threads and other children. After `seconds` it hangs."""
    with tempfile.TemporaryFile() as errors:
        run = _Run(_start(arguments, errors))
        before = signal.signal(signal.SIGALRM, run.stop)
        signal.alarm(seconds)
        try:
            status, usage = run.follow()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        errors.seek(0)
        text = errors.read().decode("utf-8", "surrogateescape")
    return Ended(os.waitstatus_to_exitcode(status), text, usage.ru_utime + usage.ru_stime,
                 run.peak_kib(), len(run.processes), run.is_late)
