"""Runs polyak under strace with one system call failing, or killed at one, and judges what is left.

strace counts calls by name and thread: "the 7th pread64" is that of each thread that comes so far.
"""
import re
import signal
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from scenes import Scene

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
    "fallocate": ("ENOSPC", "EOPNOTSUPP", "EINTR", "EIO", "EDQUOT"),
    "ftruncate": ("ENOSPC", "EIO"),
    "sync_file_range": ("EIO",),
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "renameat2": ("EIO", "EINVAL", "ENOSPC", "EACCES"),
    "renameat": ("EIO", "ENOSPC", "EACCES"),
    "unlinkat": ("EIO", "EACCES"),
    "fchmod": ("EPERM", "EIO"),
    "newfstatat": ("EIO", "EACCES", "ENOMEM"),
    "getdents64": ("EIO", "ENOMEM"),
    "flock": ("EWOULDBLOCK", "EOPNOTSUPP", "ENOLCK", "EINTR"),
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
    "access": ("EACCES", "EIO"),
    "statfs": ("EIO",),
    "mkdir": ("EACCES", "ENOSPC", "EIO"),
    "rmdir": ("EACCES", "EIO"),
    "unlink": ("EACCES", "EIO"),
    "memfd_create": ("ENOMEM", "EMFILE"),
}
# Those that may go on failing: a disk that is full or broken stays so.
LASTING = {"read": "EIO", "pread64": "EIO", "pwrite64": "ENOSPC", "fallocate": "EOPNOTSUPP",
           "ftruncate": "ENOSPC", "fsync": "EIO", "renameat2": "EIO", "openat": "EMFILE",
           "newfstatat": "EIO", "mmap": "ENOMEM", "flock": "EOPNOTSUPP"}
LOADER_DIES_OF = {"mmap"}  # of a signal, before main
NOT_KILLED_AT = {"execve"}  # strace's own start


@dataclass(frozen=True)
class Case:
    call: str
    number: int  # 1 is the first
    fault: str   # an error's name, or a signal's
    lasts: bool = False

    @property
    def is_signal(self):
        return self.fault.startswith("SIG")

    def inject(self):
        how = f"{'signal' if self.is_signal else 'error'}={self.fault}"
        return f"inject={self.call}:{how}:when={self.number}{'+' if self.lasts else ''}"

    def __str__(self):
        return f"{self.call} #{self.number}{' and later' if self.lasts else ''} {self.fault}"


@dataclass
class Outcome:
    case: Case
    status: int = 0
    injected: bool = False
    wrong: list = field(default_factory=list)


@dataclass
class Sweep:
    """What came of all cases."""
    runs: int = 0
    injected: int = 0
    statuses: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)

    def add(self, outcome):
        self.runs += 1
        self.injected += outcome.injected
        self.statuses[outcome.status] += 1
        self.wrong += [f"{outcome.case}: {what}" for what in outcome.wrong]

    def __str__(self):
        return f"{self.runs} runs, {self.injected} with the fault, statuses {dict(self.statuses)}"


def strace_calls(scene):
    """{thread: [(name of the call, the line)]} of a good run, the main thread first."""
    scene.reset()
    with tempfile.NamedTemporaryFile(prefix="polyak-strace-") as log:
        status, stderr = scene.run(["strace", "-f", "-qq", "-s", "200", "-o", log.name,
                                    *scene.command])
        assert status == 0, stderr
        calls = defaultdict(list)
        for line in log.read().decode(errors="replace").splitlines():
            if match := re.match(r"(\d+) +(\w+)\(", line):
                calls[match[1]].append((match[2], line))
    return calls


def run_case(scene, case):
    scene.reset()
    with tempfile.NamedTemporaryFile(prefix="polyak-strace-") as log:
        # strace's filter in the kernel is quick, but no signal comes of it.
        quick = [] if case.is_signal else ["--seccomp-bpf"]
        status, stderr = scene.run(["strace", "-f", "-qq", *quick, "-o", log.name, "-e",
                                    f"trace={case.call}", "-e", case.inject(), *scene.command])
        text = log.read().decode(errors="replace")
    outcome = Outcome(case, status)
    outcome.injected = "INJECTED" in text or f"--- {case.fault} " in text or \
        f"killed by {case.fault}" in text
    outcome.wrong = judge(scene, case, status, stderr)
    if case.call == "fsync" and not case.is_signal and outcome.injected and status == 0:
        outcome.wrong.append("status 0, though what is written may not be on the disk")
    return outcome


def judge(scene, case, status, stderr):
    if case.fault == "SIGKILL" and status is not None and status < 0:
        return scene.wrong_after_kill()
    if case.is_signal and status == -signal.Signals[case.fault]:  # it has asked for a stop
        status = 1
    # What can't be removed stays. The loader's word is all that there is of a process without
    # memory.
    wrong = scene.wrong_after(status, stderr, may_leave_temporaries=case.call == "unlinkat",
                              may_leave_folders=case.call == "rmdir")
    if status not in (None, 0, 3) and not stderr and case.call != "write" and not case.is_signal:
        wrong.append(f"status {status} without a word")
    if case.call in ("unlinkat", "rmdir"):
        wrong += scene.wrong_after_next_run(is_clean=not scene.temporaries())
    return wrong


def counted(calls):
    return Counter(name for name, _ in calls)


def start_of_main(scene, calls):
    """The index of the first call that matters: the first input is opened, or the HDF5 helper is
    asked for the first time. What comes before is the dynamic loader's."""
    if all(name != "execve" for name, _ in calls):
        return 0
    first_input = f'"{scene.inputs[0]}"'
    begins = [i for i, (name, line) in enumerate(calls)
              if (name == "openat" and first_input in line) or name.startswith("recv")]
    return min(begins, default=len(calls))


def numbers_of_calls(scene, whole):
    """{name: numbers of its calls}; not `whole`: without the loader's."""
    numbers, loaders = defaultdict(set), Counter()
    for calls in strace_calls(scene).values():
        before, after = counted(calls[:start_of_main(scene, calls)]), counted(calls)
        loaders |= before
        for name in after:
            numbers[name].update(range(1 if whole else before[name] + 1, after[name] + 1))
    for name in LOADER_DIES_OF:  # a number means that call of every thread
        numbers[name] = {number for number in numbers[name] if number > loaders[name]}
    return {name: sorted(found) for name, found in numbers.items() if found}


def sampled(numbers, most):
    """All of them, or the first, the last, and some between."""
    if most is None or len(numbers) <= most:
        return numbers
    if most == 1:
        return [numbers[len(numbers) // 2]]
    step = (len(numbers) - 1) / (most - 1)
    return sorted({numbers[round(i * step)] for i in range(most)})


def error_cases(numbers, most=None, errors=None):
    return [Case(name, number, error)
            for name, found in numbers.items()
            for number in sampled(found, most)
            for error in ERRORS.get(name, ())[:errors]]


def lasting_cases(numbers, most=None):
    return [Case(name, number, LASTING[name], lasts=True)
            for name, found in numbers.items() if name in LASTING
            for number in sampled(found, most)]


def signal_cases(numbers, signal_name, most=None):
    return [Case(name, number, signal_name) for name, found in numbers.items()
            if name not in NOT_KILLED_AT for number in sampled(found, most)]


def sweep(scenes, cases):
    """All cases, on as many scenes at once as are given."""
    result = Sweep()

    def work(share):
        scene, own = share
        return [run_case(scene, case) for case in own]
    shares = [(scene, cases[i::len(scenes)]) for i, scene in enumerate(scenes)]
    with ThreadPoolExecutor(len(scenes)) as pool:
        for outcomes in pool.map(work, shares):
            for outcome in outcomes:
                result.add(outcome)
    return result
