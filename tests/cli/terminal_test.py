"""What a person sees: polyak on a terminal, of several widths and kinds, and on none."""
import itertools
import os
import re
import signal
import subprocess
import time
import unittest

import numpy
from command_runner import CommandTest, onnx_models
from onnx import helper
from polyak_runner import POLYAK, need_program
from screen import CroppingScreen, WrappingScreen
from side_by_side import SideBySide, for_each
from terminal_run import PROMPT, TerminalRun

LARGE = 600_000  # elements; in tiles of 256 KiB enough reads to last


def large_models(folder, count, **different):
    """Models that take seconds where each read is delayed."""
    data = numpy.zeros(LARGE, "<f4").tobytes()
    paths = []
    for k in range(count):
        tensors = [helper.make_tensor("w", 1, [LARGE], data, raw=True)]
        tensors += [helper.make_tensor(name, 7, [1], [k]) for name in different]
        paths.append(onnx_models.save(onnx_models.model_of(tensors), folder / f"l{k}.onnx"))
    return paths


class Screens(unittest.TestCase):
    """The two models of a terminal, on what is known of terminals."""

    def test_wrap_and_erase_and_differ_in_what_a_new_width_does(self):
        cropping, wrapping = CroppingScreen(10), WrappingScreen(10)
        for screen in (cropping, wrapping):
            screen.feed(b"one\r\n0123456789ABC")
            self.assertEqual(screen.lines(), ["one", "0123456789", "ABC"])
            screen.feed(b"\r\x1b[Kxy\r\nlast line\r")
            self.assertEqual(screen.lines(), ["one", "0123456789", "xy", "last line"])
            screen.resize(5)
        self.assertEqual(cropping.lines(), ["one", "01234", "xy", "last"])
        self.assertEqual(wrapping.lines(), ["one", "01234", "56789", "xy", "last", "line"])
        for screen in (cropping, wrapping):
            screen.feed(b"new\x1b[J")
        self.assertEqual(wrapping.lines(), ["one", "01234", "56789", "xy", "new"])
        self.assertEqual(cropping.lines(), ["one", "01234", "xy", "new"])


class OnATerminal(CommandTest):
    def assert_ends(self, run, status):
        found = run.finish()
        self.assertEqual(found, status, run.written)


class SlowOnATerminal(OnATerminal):
    def setUp(self):
        super().setUp()
        need_program("strace")
        # One thread, so that a run takes as long with any number of processors.
        self.arguments = ["average", *large_models(self.folder, 4, steps=True), "-j", "1"]

    def start(self, *options, delay="20ms", output=None, warning=False, **settings):
        """A warning comes before the work, and stays."""
        silent = [] if warning else ["--exclude", "steps"]
        run = TerminalRun([*self.arguments, *silent, "-o", output or self.output, *options],
                          delay=delay, **settings)
        self.addCleanup(run.close)
        return run

    def output_of(self, *case):
        """What no other run writes."""
        return self.folder / ("out-" + "-".join(map(str, case)) + ".onnx")

    def assert_shown(self, run, *lines):
        """Nothing but these lines under the prompt, on either terminal."""
        for screen in run.screens:
            shown = screen.lines()
            self.assertEqual(shown[0], PROMPT[:run.columns])
            self.assertEqual("".join(shown[1:]), "".join(lines), run.written)


class Bar(SlowOnATerminal):
    def check_one_line(self, columns):
        run = self.start("--progress", "always", columns=columns, output=self.output_of(columns))
        seen = set()
        while run.read():
            for screen in run.screens:
                prompt = -(-len(PROMPT) // columns)
                if "warning" in run.written.decode():
                    continue
                rows = screen.lines()[prompt:]
                self.assertLessEqual(len(rows), 1, run.written)
                seen.update(row for row in rows if row)
        run.close()
        self.assertEqual(run.process.wait(timeout=60), 0)
        self.assertTrue(all(len(row) < columns for row in seen), seen)
        self.assertEqual(bool(seen), columns > 5)
        if columns >= 80:
            self.assertTrue(any(re.fullmatch(
                r" *\d+ % \[#*\.*\]  [\d.]+( [KM]iB)? of 9\.2 MiB  [\d.]+ [KM]iB/s  "
                r"0:\d\d left", row) for row in seen), seen)

    def test_keeps_to_one_line_in_any_width_and_is_wiped(self):
        for_each(self.check_one_line, (200, 80, 40, 20, 6, 2, 1))

    def test_comes_by_itself_after_a_second(self):
        start = time.monotonic()
        run = self.start()
        run.read_until(b"%")
        self.assertGreater(time.monotonic() - start, 0.9)
        self.assert_ends(run, 0)

    def check_none(self, options):
        run = self.start(*options, output=self.output_of(*options))
        self.assert_ends(run, 0)
        self.assertNotIn(b"%", run.written)

    def test_is_not_shown_when_not_wanted(self):
        for_each(self.check_none, (["--progress", "never"], ["-q"], ["-q", "--progress", "always"]))

    def test_follows_the_width_and_leaves_no_remains(self):
        run = self.start("--progress", "always", columns=200, delay="100ms")
        for columns in (60, 30, 120, 25):
            run.read_until(b"/s" if run.columns >= 40 else b"%")
            run.resize(columns)
            run.read_until(b"%")
            self.assertLess(len(run.screens[0].lines()[-1]), columns)
            for screen in run.screens:
                shown = screen.lines()
                self.assertEqual(len(shown), 2, (columns, shown))
                self.assertEqual(shown[0], PROMPT)
        self.assert_ends(run, 0)
        self.assertNotIn(b"\x1b[A", run.written)

    def check_warning(self, columns):
        warning = (f"polyak: warning: steps: kept from the template, though it differs in "
                   f"{self.folder}/l0.onnx")
        run = self.start("--progress", "always", columns=columns, output=self.output_of(columns),
                         warning=True)
        self.assert_ends(run, 0)
        found = ["".join(screen.lines()[1:]) for screen in run.screens]
        # Where a line is wrapped at a space, the screen doesn't tell that it is there.
        self.assertEqual([text.replace(" ", "") for text in found], [warning.replace(" ", "")] * 2)

    def test_makes_way_for_whole_warnings(self):
        for_each(self.check_warning, (200, 80, 40))

    def test_makes_way_for_errors(self):
        bad = onnx_models.load(self.folder / "l1.onnx")
        data = numpy.zeros(LARGE, "<f4")
        data[-1] = numpy.nan
        bad.graph.initializer[0].raw_data = data.tobytes()
        onnx_models.save(bad, self.folder / "l1.onnx")
        run = self.start("--progress", "always", columns=300)
        self.assertEqual(run.finish(), 1)
        for screen in run.screens:
            shown = screen.lines()
            self.assertRegex(shown[1], r"\Apolyak: error: .*l1\.onnx: w: NaN")
            self.assertRegex(shown[2], r"\Apolyak: hint: --allow-nonfinite")
            self.assertEqual(len(shown), 3)

    def test_makes_way_for_the_word_that_it_was_stopped(self):
        """By Ctrl-C, which the terminal shows as ^C where the cursor is."""
        run = self.start("--progress", "always", is_controlling=True, delay="60ms")
        run.read_until(b"/s")
        os.write(run.master, b"\x03")
        self.assertEqual(run.finish(), -signal.SIGINT)
        self.assert_shown(run, "polyak: error: stopped")

    def test_on_a_terminal_that_goes_away_is_no_fault(self):
        run = self.start("--progress", "always")
        run.read_until(b"%")
        run.close()
        self.assertEqual(run.process.wait(timeout=60), 0)
        self.assertTrue(self.output.exists())

    def test_on_its_own_terminal_that_goes_away_ends_by_the_signal(self):
        run = self.start("--progress", "always", is_controlling=True)
        run.read_until(b"%")
        run.close()
        self.assertEqual(run.process.wait(timeout=60), -signal.SIGHUP)
        self.assertFalse(self.output.exists())
        self.assertEqual(list(self.folder.glob(".*")), [])

    def check_plain_lines(self, case):
        environment, columns = case
        run = self.start("--progress", "always", environment=environment, columns=columns,
                         output=self.output_of(*environment, *environment.values(), columns))
        self.assert_ends(run, 0)
        self.assertNotIn(b"\x1b", run.written)
        self.assertNotIn(b"\r", run.written.replace(b"\r\n", b""))
        lines = [line for line in run.written.decode().split("\r\n") if "%" in line]
        self.assertGreaterEqual(len(lines), 1)
        for line in lines:
            self.assertRegex(line, r"\Apolyak: \d+ %")
            self.assertLess(len(line), columns)

    def test_on_a_simple_terminal_is_plain_lines(self):
        for_each(self.check_plain_lines, itertools.product(
            ({"TERM": "dumb"}, {"TERM": ""}, {}), (80, 30)))


class ElsewhereThanOnATerminal(SlowOnATerminal):
    def progress(self, *options, delay="20ms"):
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64", "-e",
                   f"inject=pread64:delay_enter={delay}", POLYAK, *self.arguments, "-o",
                   self.output, *options]
        start = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              env={**os.environ, "TERM": "xterm"})
        self.seconds = time.monotonic() - start
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"%", done.stdout)
        self.assertNotIn(b"\x1b", done.stderr)
        self.assertNotIn(b"\r", done.stderr)
        return [line for line in done.stderr.decode().splitlines() if "warning" not in line]

    def test_a_short_run_shows_nothing(self):
        self.assertEqual(self.progress(delay="5ms"), [])

    def test_progress_is_whole_plain_lines_when_asked_for(self):
        lines = self.progress("--progress", "always", delay="40ms")
        self.assertGreaterEqual(len(lines), 2)
        self.assertLessEqual(len(lines), self.seconds + 1)  # one a second
        for line in lines:
            self.assertRegex(line, r"\Apolyak: \d+ %  [\d.]+( bytes| [KM]iB)? of 9\.2 MiB"
                                   r"(  [\d.]+ [KM]iB/s(  0:\d\d left)?)?\Z")

    def test_quiet_is_quiet(self):
        self.assertEqual(self.progress("-q", "--progress", "always"), [])


class Messages(OnATerminal):
    def shown(self, arguments, status, **settings):
        run = TerminalRun(arguments, columns=300, **settings)
        self.addCleanup(run.close)
        self.assert_ends(run, status)
        return run

    def colours_of(self, **settings):
        """Of an error with a hint, and of a warning."""
        failed = self.shown(["avrage"], 2, **settings)
        warned = self.shown(["average", self.a, self.a, "-f", "-o", self.output], 0, **settings)
        self.assertEqual(failed.screens[0].lines()[1:],
                         ["polyak: error: there is no subcommand 'avrage'",
                          "polyak: hint: did you mean average?"])
        self.assertRegex(warned.screens[0].lines()[1], r"\Apolyak: warning: .*same file\Z")
        return [failed.screens[0].colours(1), failed.screens[0].colours(2),
                warned.screens[0].colours(1)]

    def test_have_their_word_in_colour(self):
        expected = [{"error:": "red"}, {"hint:": "cyan"}, {"warning:": "brown"}]  # pyte's yellow
        self.assertEqual(self.colours_of(), expected)
        self.assertEqual(self.colours_of(environment={"TERM": "xterm", "NO_COLOR": ""}), expected)

    def test_have_no_colour_where_the_user_or_the_terminal_does_not_want_it(self):
        for environment in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}, {}):
            with self.subTest(environment):
                self.assertEqual(self.colours_of(environment=environment), [{}, {}, {}])

    def test_have_no_escapes_elsewhere_than_on_a_terminal(self):
        done = subprocess.run([POLYAK, "avrage"], capture_output=True, timeout=60,
                              env={**os.environ, "TERM": "xterm"})
        self.assertEqual(done.stderr, b"polyak: error: there is no subcommand 'avrage'\n"
                                      b"polyak: hint: did you mean average?\n")

    def test_that_cannot_be_written_are_no_crash(self):
        for arguments, status in ((["avrage"], 2), (["inspect", self.folder], 1),
                                  (["average", self.a, self.a, "-f", "-o", self.output], 0)):
            reader, writer = os.pipe()
            os.close(reader)
            with open("/dev/full", "wb") as full, os.fdopen(writer, "wb", 0) as broken:
                for stream in (full, broken):
                    done = subprocess.run([POLYAK, *arguments, *["--progress", "always"] *
                                           (arguments[0] == "average")], stderr=stream,
                                          stdout=subprocess.DEVNULL, timeout=60)
                    self.assertEqual(done.returncode, status)


def load_tests(_loader, tests, _pattern):
    return SideBySide(tests)


if __name__ == "__main__":
    unittest.main()
