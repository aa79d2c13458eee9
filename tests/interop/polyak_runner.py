"""Runs the polyak program as a user would, and says what came of it.

Where things are comes from the environment; CTest sets it, the defaults are a checkout's:
  POLYAK              the program (polyak-hdf5 lies beside it)
  POLYAK_TEST_DATA    tests/data
  POLYAK_SHARED_DATA  real checkpoints that may not be copied into the repository; may be absent
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from dataclasses import dataclass

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
POLYAK = pathlib.Path(os.environ.get("POLYAK") or REPOSITORY / "build/release/polyak").resolve()
TEST_DATA = pathlib.Path(os.environ.get("POLYAK_TEST_DATA") or REPOSITORY / "tests/data")
SHARED_DATA = pathlib.Path(
    os.environ.get("POLYAK_SHARED_DATA") or REPOSITORY.parent / "shared/data")
DIGITS = TEST_DATA / "digits"
IS_FULL = os.environ.get("POLYAK_FULL") == "1"

USUAL_SECONDS = 120  # far more than any run here takes


@dataclass
class Result:
    """How a run ended. A status below 0 is the signal that ended it."""
    status: int
    stdout: str
    stderr: str

    def lines(self, start):
        return [line for line in self.stderr.splitlines() if line.startswith(start)]


def run(*arguments, seconds=USUAL_SECONDS, **options):
    """Runs polyak with these arguments; a hang is an exception (subprocess.TimeoutExpired)."""
    done = subprocess.run([os.fspath(POLYAK), *map(os.fspath, arguments)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=seconds, **options)
    return Result(done.returncode, done.stdout.decode("utf-8", "surrogateescape"),
                  done.stderr.decode("utf-8", "surrogateescape"))


def digits(epoch, suffix="onnx"):
    return DIGITS / f"ep{epoch:02d}.{suffix}"


def last_four(suffix="onnx"):
    return [digits(epoch, suffix) for epoch in (9, 10, 11, 12)]


def shared(folder):
    """A folder of real checkpoints; skips the test where there are none."""
    path = SHARED_DATA / folder
    if not path.is_dir():
        raise unittest.SkipTest(f"{path} is absent (POLYAK_SHARED_DATA says where it is)")
    return path


def need_program(name):
    if shutil.which(name) is None:
        raise unittest.SkipTest(f"{name} is not installed")


class FolderTest(unittest.TestCase):
    """A test with a folder of its own, which goes when it ends."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def polyak(self, *arguments, **options):
        """A run that must succeed."""
        result = run(*arguments, **options)
        self.assertEqual(result.status, 0, f"polyak {' '.join(map(str, arguments))}:\n"
                                           f"{result.stdout}{result.stderr}")
        return result

    def average(self, inputs, name, *options):
        """The path of the average of `inputs`, which must succeed."""
        output = self.folder / name
        self.polyak("average", *inputs, "-o", output, *options)
        return output

    def assert_same_bytes(self, found, expected, message=""):
        """Like assertEqual, without printing megabytes."""
        if found == expected:
            return
        first = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b),
                     min(len(found), len(expected)))
        self.fail(f"{message}: {len(found)} bytes found, {len(expected)} expected, "
                  f"the first difference at {first}")
