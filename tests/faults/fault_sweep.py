"""Runs polyak under strace with one system call failing, or killed at one, and judges what is left.

strace counts calls by name and thread: "the 7th pread64" is that of each thread that comes so far.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from polyak_runner import POLYAK  # noqa: E402

HANG_SECONDS = 20
AT_ONCE = 2

# What each call may plausibly fail with. A call that isn't here is not failed: those that can't
# fail (exit_group, getpid), those whose failure the C library takes for a broken kernel (futex,
# set_robust_list, rt_sigprocmask), brk, which never returns an error, and close: strace leaves a
# failing call out, whereas a close that fails has closed the descriptor nevertheless.
ERRORS = {
    "openat": ("EACCES", "EMFILE", "EIO", "ENOMEM", "EINTR"),
    "read": ("EIO", "EINTR"),
    "pread64": ("EIO", "EINTR", "ENOMEM"),
    "write": ("ENOSPC", "EIO", "EINTR"),
    "pwrite64": ("ENOSPC", "EIO", "EINTR"),
    "fallocate": ("ENOSPC", "EOPNOTSUPP", "EINTR", "EIO"),
    "ftruncate": ("ENOSPC", "EIO"),
    "sync_file_range": ("EIO",),
    "fsync": ("EIO", "ENOSPC"),
    "renameat2": ("EIO", "EINVAL", "ENOSPC", "EACCES"),
    "renameat": ("EIO", "ENOSPC", "EACCES"),
    "unlinkat": ("EIO", "EACCES"),
    "fchmod": ("EPERM", "EIO"),
    "newfstatat": ("EIO", "EACCES", "ENOMEM"),
    "getdents64": ("EIO", "ENOMEM"),
    "flock": ("EWOULDBLOCK", "ENOLCK", "EINTR"),
    "fcntl": ("EIO",),
    "mmap": ("ENOMEM",),
    "mprotect": ("ENOMEM",),
    "munmap": ("ENOMEM",),
    "madvise": ("EAGAIN",),
    "clone3": ("EAGAIN", "ENOMEM"),
    "execve": ("EACCES", "ENOMEM"),
    "socketpair": ("EMFILE", "ENOMEM"),
    "sendmsg": ("EPIPE", "ENOBUFS", "EINTR"),
    "sendto": ("EPIPE", "ENOBUFS", "EINTR"),
    "recvmsg": ("ECONNRESET", "ENOMEM", "EINTR"),
    "recvfrom": ("ECONNRESET", "ENOMEM", "EINTR"),
    "poll": ("ENOMEM", "EINTR"),
    "wait4": ("ECHILD", "EINTR"),
    "dup2": ("EMFILE", "EINTR"),
    "close_range": ("ENOSYS",),
    "prctl": ("EINVAL",),
    "prlimit64": ("EPERM",),
    "getrusage": ("EFAULT",),
    "getrandom": ("ENOSYS",),
    "readlink": ("EACCES",),
    "readlinkat": ("EACCES",),
    "getcwd": ("ENOENT",),
    "kill": ("EPERM",),
    "clone": ("EAGAIN", "ENOMEM"),
    "landlock_create_ruleset": ("ENOMEM", "EOPNOTSUPP"),
    "landlock_add_rule": ("ENOMEM", "EBADFD"),
    "landlock_restrict_self": ("E2BIG", "EPERM"),
    "seccomp": ("ENOMEM", "EINVAL"),
    "pidfd_send_signal": ("EPERM",),
    "dup3": ("EMFILE",),
    "prlimit": ("EPERM",),
}
LOADER_DIES_AT = {("mmap", 1)}  # of a signal, before main
NOT_KILLED_AT = {"execve"}  # strace's own start


@dataclass(frozen=True)
class Case:
    call: str
    number: int  # 1 is the first
    fault: str   # an error's name, or SIGKILL

    def inject(self):
        how = "signal=SIGKILL" if self.fault == "SIGKILL" else f"error={self.fault}"
        return f"inject={self.call}:{how}:when={self.number}"

    def __str__(self):
        return f"{self.call} #{self.number} {self.fault}"


@dataclass
class Sweep:
    """What came of all cases."""
    runs: int = 0
    injected: int = 0
    left_temporaries: int = 0
    statuses: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)

    def add(self, outcome):
        self.runs += 1
        self.injected += outcome.injected
        self.left_temporaries += outcome.left_temporary
        self.statuses[outcome.status] += 1
        self.wrong += [f"{outcome.case}: {what}" for what in outcome.wrong]

    def __str__(self):
        return (f"{self.runs} runs, {self.injected} with the fault, statuses "
                f"{dict(self.statuses)}, {self.left_temporaries} left a temporary file")


@dataclass
class Outcome:
    case: Case
    status: int = 0
    injected: bool = False
    left_temporary: bool = False
    wrong: list = field(default_factory=list)


class Scene:
    """A folder with inputs, and an output that isn't there yet or is to be replaced."""

    def __init__(self, inputs, exists):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-faults-"))
        self.inputs = [pathlib.Path(shutil.copy(path, self.folder)) for path in inputs]
        self.input_bytes = [path.read_bytes() for path in self.inputs]
        self.output = self.folder / f"out{self.inputs[0].suffix}"
        self.old = b"what was there" if exists else None
        self.command = [os.fspath(POLYAK), "average", *map(os.fspath, self.inputs), "-f", "-j", "2",
                        "-o", os.fspath(self.output)]
        subprocess.run(self.command, check=True, capture_output=True, timeout=HANG_SECONDS)
        self.good = self.output.read_bytes()

    def remove(self):
        shutil.rmtree(self.folder)

    def reset(self):
        if self.old is None:
            self.output.unlink(missing_ok=True)
        elif not self.output.exists() or self.output.read_bytes() != self.old:
            self.output.write_bytes(self.old)

    def temporaries(self):
        return [path.name for path in self.folder.iterdir() if ".polyak-" in path.name]

    def run(self, command):
        """(status, stderr); a hang gives status None."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            _, stderr = process.communicate(timeout=HANG_SECONDS)
            return process.returncode, stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, ""

    def calls(self):
        """{thread: [(name of the call, the line)]} of a good run, the main thread first."""
        self.reset()
        log = self.folder / "log"
        status, stderr = self.run(["strace", "-f", "-qq", "-s", "200", "-o", os.fspath(log),
                                   *self.command])
        assert status == 0, stderr
        calls = defaultdict(list)
        for line in log.read_text(errors="replace").splitlines():
            if match := re.match(r"(\d+) +(\w+)\(", line):
                calls[match[1]].append((match[2], line))
        log.unlink()
        return calls

    def judge(self, outcome, stderr):
        """What polyak promises whatever happens."""
        wrong, status = outcome.wrong, outcome.status
        output = self.output.read_bytes() if self.output.exists() else None
        is_old, is_good = output == self.old, output == self.good
        if status is None:
            wrong.append("hangs")
        elif status in (0, 3) and not is_good:
            wrong.append(f"status {status}, but the output is not the result")
        elif status > 0 and status != 3 and not is_old and "standard output" not in stderr:
            wrong.append(f"status {status}, but the output is not what was there: {stderr}")
        elif status < 0 and not (is_old or is_good):
            wrong.append("the output is neither what was there nor the result")
        if status is not None and status < 0 and outcome.case.fault != "SIGKILL":
            wrong.append(f"dies of signal {-status}")
        if status not in (None, 0, 3) and status > 0 and not stderr:
            wrong.append(f"status {status} without a word")
        if [path.read_bytes() for path in self.inputs] != self.input_bytes:
            wrong.append("an input has changed")
        left = self.temporaries()
        outcome.left_temporary = bool(left)
        if left and outcome.case.fault != "SIGKILL" and outcome.case.call != "unlinkat":
            wrong.append(f"leaves {left}")
        if left:
            self.run(self.command)
            if self.temporaries() or self.output.read_bytes() != self.good:
                wrong.append(f"the next run leaves {self.temporaries()}")
        known = {path.name for path in (*self.inputs, self.output)}
        if litter := {path.name for path in self.folder.iterdir()} - known - set(left):
            wrong.append(f"leaves {litter}")

    def run_case(self, case):
        self.reset()
        with tempfile.NamedTemporaryFile(prefix="polyak-strace-") as log:
            # strace's filter in the kernel is quick, but no signal comes of it.
            quick = [] if case.fault == "SIGKILL" else ["--seccomp-bpf"]
            status, stderr = self.run(["strace", "-f", "-qq", *quick, "-o", log.name, "-e",
                                       f"trace={case.call}", "-e", case.inject(), *self.command])
            text = log.read().decode(errors="replace")
        outcome = Outcome(case, status)
        outcome.injected = "INJECTED" in text or "killed by SIGKILL" in text
        self.judge(outcome, stderr)
        return outcome


def counted(calls):
    return Counter(name for name, _ in calls)


def numbers_of_calls(scene, whole):
    """{name: numbers of its calls}. Not `whole`: without what the dynamic loader does before main
    opens the first input, and before the HDF5 helper is asked for the first time."""
    numbers = defaultdict(set)
    first_input = f'"{scene.inputs[0]}"'
    for calls in scene.calls().values():
        start = 0
        if not whole and any(name == "execve" for name, _ in calls):
            begins = [i for i, (name, line) in enumerate(calls)
                      if (name == "openat" and first_input in line) or name.startswith("recv")]
            start = min(begins, default=len(calls))
        before, after = counted(calls[:start]), counted(calls)
        for name in after:
            numbers[name].update(range(before[name] + 1, after[name] + 1))
    return {name: sorted(found) for name, found in numbers.items()}


def sampled(numbers, most):
    """All of them, or the first, the last, and some between."""
    if most is None or len(numbers) <= most:
        return numbers
    step = (len(numbers) - 1) / (most - 1)
    return sorted({numbers[round(i * step)] for i in range(most)})


def error_cases(numbers, most=None, errors=None):
    return [Case(name, number, error)
            for name, found in numbers.items()
            for number in sampled(found, most)
            for error in ERRORS.get(name, ())[:errors] if (name, number) not in LOADER_DIES_AT]


def kill_cases(numbers, most=None):
    return [Case(name, number, "SIGKILL") for name, found in numbers.items()
            if name not in NOT_KILLED_AT for number in sampled(found, most)]


def sweep(scenes, cases):
    """All cases, on as many scenes at once as are given."""
    result = Sweep()

    def work(share):
        scene, own = share
        return [scene.run_case(case) for case in own]
    shares = [(scene, cases[i::len(scenes)]) for i, scene in enumerate(scenes)]
    with ThreadPoolExecutor(len(scenes)) as pool:
        for outcomes in pool.map(work, shares):
            for outcome in outcomes:
                result.add(outcome)
    return result
