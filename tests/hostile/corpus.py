"""The hostile corpus: what a row of it is, and how polyak is held to it.

Every row makes one checkpoint that is an attack, or looks like one. It is given to every subcommand
that opens files. What is refused is refused by one line that names the file and the cause, leaves
nothing, and takes a second of the processor at most; what is accepted is averaged right. polyak and
its helpers together stay within the default memory budget.
"""
import pathlib
import shutil
import sys
from dataclasses import dataclass
from typing import Callable, Optional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from hdf5_collection import IS_SANITIZED  # noqa: E402
from measured_run import run_measured  # noqa: E402

HANG_SECONDS = 120
CPU_SECONDS = 1             # of polyak and its helpers, in any run
BUDGET_KIB = 256 << 10      # the default --memory


@dataclass(frozen=True)
class Row:
    """`make(folder, k)` writes checkpoint k there and returns its path: two of them, of other
    values, where the row is accepted. `good(folder)` writes one that nothing is wrong with."""
    name: str
    attack: str                              # what it is
    make: Callable
    good: Callable
    cause: Optional[str] = None              # a regular expression; None: it is accepted
    # Of inspect: 0 where what is wrong is only told by what needs the elements.
    inspect: int = 1
    warning: Optional[str] = None            # of an accepted one
    check: Optional[Callable] = None         # of an accepted one: check(test, inputs, output)
    comes_back: bool = True                  # an accepted one averaged with itself


def refused(name, attack, make, cause, inspect=1):
    return {"name": name, "attack": attack, "make": make, "cause": cause, "inspect": inspect}


def accepted(name, attack, make, check, warning=None, comes_back=True):
    return {"name": name, "attack": attack, "make": make, "check": check, "warning": warning,
            "inspect": 0, "comes_back": comes_back}


def rows_of(good, *rows):
    return [Row(**row, good=good) for row in rows]


@dataclass
class Measured:
    """The worst of all runs."""
    runs: int = 0
    slowest: tuple = (0, "")        # of processor time
    largest_kib: tuple = (0, "")

    def add(self, ended, name):
        self.runs += 1
        self.slowest = max(self.slowest, (round(ended.cpu_seconds, 2), name))
        self.largest_kib = max(self.largest_kib, (ended.peak_kib, name))


class Trial:
    """One row in a folder of its own."""

    def __init__(self, test, row, folder, measured):
        self.test, self.row, self.measured = test, row, measured
        self.folder = folder
        self.out = folder / "out"
        self.out.mkdir(parents=True)
        self.output = self.out / "output"

    def run(self, *arguments):
        ended = run_measured(arguments, HANG_SECONDS)
        self.measured.add(ended, f"{self.row.name}: {arguments[0]}")
        label = f"{self.row.name}: {' '.join(map(str, arguments))}: {ended.stderr[:600]}"
        self.test.assertFalse(ended.is_late, label)
        self.test.assertIn(ended.status, (0, 1, 2), label)
        if not IS_SANITIZED:
            self.test.assertLessEqual(ended.peak_kib, BUDGET_KIB, label)
            self.test.assertLessEqual(ended.cpu_seconds, CPU_SECONDS, label)
        # One line for one error, each line polyak's own or an indented list's, and nothing in it
        # that a terminal would obey.
        errors = [line for line in ended.stderr.split("\n") if line.startswith("polyak: error: ")]
        is_error = ended.status == (2 if arguments[0] == "diff" else 1)
        self.test.assertEqual(len(errors), int(is_error), label)
        for line in ended.stderr.split("\n")[:-1]:
            self.test.assertTrue(line.startswith(("polyak: ", "  ")), label)
        self.test.assertNotRegex(ended.stderr, "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f]", label)
        ended.label, ended.error = label, errors[0] if errors else ""
        return ended

    def check(self):
        if self.row.cause is None:
            self.check_accepted()
        else:
            self.check_refused()
        shutil.rmtree(self.folder)

    def check_refused(self):
        bad, good = self.row.make(self.folder / "bad", 0), self.row.good(self.folder / "good")
        for inputs in ((bad, bad), (bad, good), (good, bad)):
            ended = self.run("average", *inputs, "-o", self.output)
            self.test.assertEqual(ended.status, 1, ended.label)
            # Beside a good one, another set of tensors may be what is told.
            if self.row.inspect or good not in inputs:
                self.test.assertRegex(ended.error, self.row.cause, ended.label)
            self.assert_nothing_left(ended)
        inspected = self.run("inspect", bad)
        self.test.assertEqual(inspected.status, self.row.inspect, inspected.label)
        if self.row.inspect:
            self.test.assertRegex(inspected.error, self.row.cause, inspected.label)
        for pair in ((bad, good), (good, bad)):
            ended = self.run("diff", *pair)
            if self.row.inspect:
                self.test.assertEqual(ended.status, 2, ended.label)

    def assert_nothing_left(self, ended):
        self.test.assertEqual([path.name for path in self.out.iterdir()], [], ended.label)

    def check_accepted(self):
        inputs = [self.row.make(self.folder / f"{k}", k) for k in range(2)]
        output = self.out / inputs[0].name
        if self.row.comes_back:
            ended = self.run("average", inputs[0], inputs[0], "-o", output, "--no-provenance")
            self.test.assertEqual(ended.status, 0, ended.label)
            self.test.assertTrue(output.read_bytes() == inputs[0].read_bytes(), ended.label)
            for path in self.out.iterdir():
                path.unlink()
        ended = self.run("average", *inputs, "-o", output)
        self.test.assertEqual(ended.status, 0, ended.label)
        if self.row.warning:
            self.test.assertRegex(ended.stderr, f"polyak: warning: .*{self.row.warning}",
                                  ended.label)
        self.row.check(self.test, inputs, output)
        self.test.assertEqual(self.run("inspect", inputs[0]).status, 0)
        self.test.assertIn(self.run("diff", *inputs).status, (0, 1))
