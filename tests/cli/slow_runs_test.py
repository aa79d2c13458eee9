"""Runs that last: interrupted, disturbed, and watched. strace delays their reads."""
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import time
import unittest

import numpy
from command_runner import CommandTest, onnx_models, snapshot
from onnx import helper
from polyak_runner import POLYAK, need_program

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))

from hdf5_crafted_rows import END_OF_FILE, SYMBOL_TABLE, address, place_of, written  # noqa: E402


STOP_SECONDS = 3  # one, and what a busy machine may add; without a stop each run takes longer


class SlowRun(CommandTest):
    """Long enough to interfere with."""

    def setUp(self):
        super().setUp()
        need_program("strace")

    def start(self, arguments, delay="4ms", call="pread64", **options):
        """polyak itself is the child, the tracer a daemon apart from it."""
        return subprocess.Popen(
            ["strace", "-DDD", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
             f"inject={call}:delay_enter={delay}", POLYAK, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def wait_for_temporary(self, process):
        """Until the run has begun its output."""
        deadline = time.monotonic() + 100
        while not list(self.folder.glob(".out*.polyak-*")):
            self.assertIsNone(process.poll(), "ended too early")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def check_signal(self, number, suffix, whole_group=False):
        inputs = [self.copy_of(epoch, suffix) for epoch in range(3, 7)]
        output = self.folder / f"out.{suffix}"
        output.write_text("old")
        before = snapshot(self.folder)
        process = self.start(["average", *inputs, "-f", "-o", output], start_new_session=True)
        self.wait_for_temporary(process)
        (os.killpg if whole_group else os.kill)(process.pid, number)
        _, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, -number, stderr)
        self.assertEqual(snapshot(self.folder), before)
        self.assertLessEqual(len(stderr.splitlines()), 1, stderr)

    def test_interrupted_dies_of_the_signal_and_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                self.check_signal(number, "onnx")

    def test_interrupted_with_the_hdf5_helper_dies_of_the_signal_and_leaves_nothing(self):
        self.check_signal(signal.SIGTERM, "h5")
        self.check_signal(signal.SIGINT, "h5", whole_group=True)  # as Ctrl-C does

    def test_is_stopped_while_it_opens_its_inputs(self):
        before = snapshot(self.folder)
        process = self.start(["average", self.a, self.b, "-o", self.output], delay="100ms")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(snapshot(self.folder), before)

    def stop(self, process, *, again=False):
        """By SIGINT, once or without end; the seconds that it took."""
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        while again and process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.002)
        _, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGINT, stderr)
        lines = [line for line in stderr.splitlines()
                 if not line.startswith((b"strace: ", b"polyak: warning: "))]
        self.assertEqual(lines, [b"polyak: error: stopped"])
        return time.monotonic() - start

    def test_interrupted_again_and_again_cleans_up_all_the_same(self):
        before = snapshot(self.folder)
        process = self.start(["average", self.a, self.b, "-o", self.output], delay="10ms")
        self.wait_for_temporary(process)
        self.stop(process, again=True)
        self.assertEqual(snapshot(self.folder), before)

    def test_stops_within_a_second_while_it_opens_many_inputs(self):
        inputs = [self.a] * 300
        before = snapshot(self.folder)
        process = self.start(["average", *inputs, "-o", self.output], delay="10ms")
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        self.assertLess(self.stop(process), STOP_SECONDS)
        self.assertEqual(snapshot(self.folder), before)

    def test_stops_within_a_second_while_it_opens_hdf5_inputs(self):
        inputs = [self.copy_of(epoch, "h5") for epoch in range(1, 13)] * 20
        before = snapshot(self.folder)
        process = self.start(["average", *inputs, "-o", self.folder / "out.h5"], delay="10ms")
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        self.assertLess(self.stop(process), STOP_SECONDS)
        self.assertEqual(snapshot(self.folder), before)

    def test_stops_within_a_second_while_it_averages_many_inputs(self):
        """One job, even one tile of it, takes longer."""
        tensor = helper.make_tensor("w", 1, [1000], bytes(4000), raw=True)
        inputs = [onnx_models.save(onnx_models.model_of([tensor]), self.folder / "w.onnx")] * 400
        before = snapshot(self.folder)
        process = self.start(["average", *inputs, "-o", self.output, "-j", "1", "-q"],
                             delay="6ms")
        self.wait_for_temporary(process)
        time.sleep(0.2)
        self.assertLess(self.stop(process), STOP_SECONDS)
        self.assertEqual(snapshot(self.folder), before)

    def test_stops_within_a_second_while_it_compares_and_copies_what_is_kept(self):
        elements = 4_000_000
        data = numpy.zeros(elements, "<i8").tobytes()
        tensors = [helper.make_tensor("rows", 7, [elements], data, raw=True),
                   helper.make_tensor("w", 1, [1], [1.0])]
        inputs = [onnx_models.save(onnx_models.model_of(tensors), self.folder / f"{k}.onnx")
                  for k in range(2)]
        before = snapshot(self.folder)
        for call in ("pread64", "pwrite64"):  # each takes seconds; comparing comes before writing
            process = self.start(["average", *inputs, "-o", self.output, "-j", "1", "-q"],
                                 delay="10ms" if call == "pread64" else "6ms", call=call)
            if call == "pwrite64":
                self.wait_for_temporary(process)
            time.sleep(1)
            self.assertIsNone(process.poll())
            self.assertLess(self.stop(process), STOP_SECONDS)
            self.assertEqual(snapshot(self.folder), before)

    def test_stopped_while_the_system_syncs_leaves_nothing(self):
        """The sync itself can't be interrupted; nothing comes after it."""
        before = snapshot(self.folder)
        process = self.start(["average", self.a, self.b, "-o", self.output], call="fsync",
                             delay="2s")
        self.wait_for_temporary(process)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        self.stop(process)
        self.assertEqual(snapshot(self.folder), before)

    def test_leaves_an_ignored_signal_ignored(self):
        """As nohup has it."""
        process = self.start(["average", self.a, self.b, "-o", self.output], delay="5ms",
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for_temporary(process)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertTrue(self.output.exists())

    def test_does_not_replace_a_file_that_came_into_being_meanwhile(self):
        process = self.start(["average", self.a, self.b, "-o", self.output])
        self.wait_for_temporary(process)
        self.output.write_text("theirs")
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2, stderr)
        self.assertEqual(self.output.read_text(), "theirs")
        self.assertEqual(list(self.folder.glob(".*")), [])

    def test_of_two_at_once_ends_well_for_both(self):
        processes = [self.start(["average", self.a, self.b, "-f", "-o", self.output], "5ms")
                     for _ in range(2)]
        for process in processes:
            _, stderr = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, stderr)
        self.assertEqual(list(self.folder.glob(".*")), [])
        expected = self.average([self.a, self.b], "expected.onnx")
        self.assert_same_bytes(self.output.read_bytes(), expected.read_bytes())

    def test_notices_an_input_that_is_overwritten_or_cut_meanwhile(self):
        size = self.a.stat().st_size
        for spoil in (lambda: os.truncate(self.a, 1000),
                      lambda: self.a.write_bytes(bytes(size))):
            with self.subTest():
                whole = self.a.read_bytes()
                process = self.start(["average", self.a, self.b, "-o", self.output])
                self.wait_for_temporary(process)
                spoil()
                _, stderr = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 1, stderr)
                self.assertRegex(stderr.decode(), r"\Apolyak: error: .*ep01\.onnx: .*\n\Z")
                self.assertFalse(self.output.exists())
                self.assertEqual(list(self.folder.glob(".*")), [])
                self.a.write_bytes(whole)


class ALibraryThatLoops(CommandTest):
    LEVELS = 8
    CHILDREN = 32  # the most that a node of a group's tree has by default

    def endless_tree(self):
        """An HDF5 file whose group is an empty leaf, reached in 32 to the 8 ways."""
        path = written(self.folder, 0, ("a", "g/b"))
        group = address(path, "g")
        data = bytearray(path.read_bytes())
        data += bytes(-len(data) % 8)
        child = len(data)
        data += struct.pack("<4sBxH", b"SNOD", 1, 0) + bytes(8 * 40)
        for level in range(self.LEVELS):
            node = len(data)
            none = 2**64 - 1
            data += struct.pack("<4sBBHQQ", b"TREE", 0, level, self.CHILDREN, none, none)
            data += struct.pack("<QQ", 0, child) * self.CHILDREN + bytes(8)
            child = node
        struct.pack_into("<Q", data, place_of(data, group, SYMBOL_TABLE) + 8, child)
        struct.pack_into("<Q", data, END_OF_FILE, len(data))
        path.write_bytes(data)
        return path

    def test_is_stopped_when_it_has_taken_far_more_than_honest_files_do(self):
        path = self.endless_tree()
        for arguments in (["inspect", path],
                          ["average", path, path, "-j", "1", "-o", self.output]):
            self.assert_refused(arguments, path, "damaged or hostile HDF5 file: the library took "
                                                 "more than 3 s of processor time over it")


class Progress(CommandTest):
    def on_a_terminal(self, *options):
        """What a run writes to a terminal that is its standard error."""
        master, terminal = pty.openpty()
        process = subprocess.Popen([POLYAK, "average", self.a, self.b, "-f", "-o", self.output,
                                    *options], stdout=subprocess.DEVNULL, stderr=terminal,
                                   env={**os.environ, "TERM": "xterm"})
        os.close(terminal)
        written = b""
        while True:
            if select.select([master], [], [], 60)[0] == []:
                self.fail("nothing came")
            try:
                part = os.read(master, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            written += part
        os.close(master)
        self.assertEqual(process.wait(timeout=60), 0)
        return written.decode()

    def test_is_shown_on_a_terminal_when_asked_and_wiped_at_the_end(self):
        shown = self.on_a_terminal("--progress", "always")
        self.assertRegex(shown, r"\r *\d+ %")
        self.assertTrue(shown.endswith("\r\x1b[K"), repr(shown))

    def test_of_a_short_run_is_not_shown_by_itself(self):
        self.assertEqual(self.on_a_terminal(), "")

    def test_is_not_shown_when_not_wanted(self):
        self.assertEqual(self.on_a_terminal("--progress", "never"), "")
        self.assertEqual(self.on_a_terminal("--progress", "always", "-q"), "")

    def test_of_a_long_run_is_shown_on_a_terminal_only(self):
        """Longer than a second, by delayed reads."""
        need_program("strace")
        slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64", "-e",
                "inject=pread64:delay_enter=25ms"]
        # Small tensors are read in one go by the hundreds of kilobytes: many inputs, many reads.
        data = numpy.zeros(600_000, "<f4").tobytes()
        tensor = helper.make_tensor("w", 1, [600_000], data, raw=True)
        inputs = [onnx_models.save(onnx_models.model_of([tensor]), self.folder / f"l{k}.onnx")
                  for k in range(4)]
        command = [*slow, POLYAK, "average", *inputs, "-f", "-q", "-o", self.output]
        done = subprocess.run(command, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        command.remove("-q")
        done = subprocess.run(command, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        master, terminal = pty.openpty()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal,
                                   env={**os.environ, "TERM": "xterm"})
        os.close(terminal)
        self.assertEqual(process.wait(timeout=60), 0)
        shown = os.read(master, 65536).decode()
        os.close(master)
        self.assertRegex(shown, r" %.*/s")


if __name__ == "__main__":
    unittest.main()
