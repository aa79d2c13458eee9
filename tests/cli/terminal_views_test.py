"""What fits a terminal of any width: tables, summaries, lists; and names made to harm it."""
import re
import unittest

import numpy as np

from command_runner import CommandTest
from array_models import save_onnx
from side_by_side import SideBySide
from terminal_run import TerminalRun

WIDTHS = (40, 80, 200)
LONG = "long/" + "n" * 10_000
EVIL = ("\x1b]0;owned\x07", "two\nlines", "\x1b[2J\r\t\x7f", "c1 \u009b31m", LONG)
# Bytes that are no UTF-8, in names of which they take the place.
NO_UTF8 = {b"not-utf8-1": b"not-\xff\xfe-1\x80x", b"cut-utf8-22": b"cut-utf\xe2\x82-2"}


class Views(CommandTest):
    def lines(self, *arguments, columns, status=0):
        """What one sees of a run: both streams on a terminal."""
        run = TerminalRun(arguments, columns=columns, on_terminal="both", cwd=self.folder,
                          environment={"TERM": "dumb"})
        self.addCleanup(run.close)
        self.assertEqual(run.finish(), status, run.written)
        for byte in run.written.replace(b"\r\n", b""):
            self.assertFalse(byte < 0x20 or byte == 0x7F, run.written)
        text = run.written.decode()  # all of it is UTF-8
        self.assertFalse(any(0x80 <= ord(character) < 0xA0 for character in text), run.written)
        return text.split("\r\n")

    def assert_fit(self, lines, columns):
        self.assertLessEqual(max(map(len, lines)), columns, lines)

    def table(self, *arguments, rows, columns, status=0):
        """The lines after a table, which fits and has so many rows under its title."""
        lines = self.lines(*arguments, columns=columns, status=status)
        table = lines[:lines.index("")]
        self.assertEqual(len(table), rows + 1, table)
        self.assert_fit(table, columns)
        return lines[len(table) + 1:]


class Tables(Views):
    def setUp(self):
        super().setUp()
        self.copy_of(1, "h5")

    def assert_titles(self, titles, *arguments, columns):
        lines = self.lines(*arguments, columns=columns, status=int(arguments[0] == "diff"))
        self.assertEqual(re.split("  +", lines[0]), ["TENSOR", *titles.split(", ")])
        self.assertFalse(any(line.endswith("…") for line in lines), lines)

    def test_leave_out_columns_and_cut_no_figures(self):
        models = ("ep01.onnx", "ep02.onnx")
        statistics = ("inspect", "--stats", "ep01.onnx")
        self.assert_titles("RESULT, MAX |A-B|, ULPS, REL L2, COSINE, NAN/INF", "diff", *models,
                           columns=80)
        self.assert_titles("MAX |A-B|", "diff", *models, columns=30)
        self.assert_titles("MIN, MAX, MEAN, NORM, ZEROS, NAN, INF, BYTES", *statistics, columns=80)
        self.assert_titles("MIN, MAX", *statistics, columns=40)
        self.assert_titles("DTYPE, BYTES", "inspect", "ep01.onnx", columns=30)
        self.assert_titles("GETS, WHY", "average", *models, "--dry-run", "-o", "out.onnx",
                           columns=32)

    def test_of_inspect_fit(self):
        for columns in WIDTHS:
            for file, groups in (("ep01.onnx", 5), ("ep01.h5", 5)):
                for options in ([], ["--stats"]):
                    rest = self.table("inspect", file, *options, rows=18, columns=columns)
                    self.assert_fit(rest[:3], columns)
                    self.table("inspect", file, "--tree", *options, rows=18 + groups,
                               columns=columns)

    def test_of_diff_fit(self):
        for columns in WIDTHS:
            rest = self.table("diff", "ep01.onnx", "ep02.onnx", rows=18, columns=columns, status=1)
            self.assertEqual(rest, ["18 of 18 tensors differ", ""])
            self.table("diff", "ep01.onnx", "ep01.h5", rows=36, columns=columns, status=1)

    def test_of_a_dry_run_fit_and_so_does_its_summary(self):
        for columns in WIDTHS:
            rest = self.table("average", "ep01.onnx", "ep02.onnx", "--dry-run", "-o", "out.onnx",
                              rows=18, columns=columns)
            if columns >= 80:
                self.assert_fit(rest, columns)

    def test_that_are_no_tables_fit_80_columns(self):
        for columns in (80, 200):
            lines = self.lines("average", "ep01.onnx", "ep02.onnx", "-f", "-o", "out.onnx",
                               columns=columns)
            self.assertIn("output     out.onnx", lines)
            self.assert_fit(lines, columns)
            for command in ([], ["average"], ["interpolate"], ["inspect"], ["diff"]):
                self.assert_fit(self.lines(*command, "--help", columns=columns), columns)


class HostileNames(Views):
    """The screen checks each line for what a terminal would obey."""

    def setUp(self):
        super().setUp()
        names = [*EVIL, *(name.decode() for name in NO_UTF8)]
        tensors = {name: np.ones(2, np.float32) for name in names}
        self.evil = self.model("evil.onnx", {**tensors, "w": np.ones(2, np.float32)})
        self.other = self.model("other.onnx", {**tensors, "w": np.zeros(2, np.float32)})
        self.small = self.model("small.onnx", {"w": np.ones(2, np.float32)})
        self.nan = self.model("nan.onnx", {**tensors, "w": np.ones(2, np.float32),
                                           LONG: np.float32([1, np.nan])})
        self.count = len(tensors) + 1

    def model(self, file, tensors):
        path = save_onnx(self.folder / file, tensors)
        content = path.read_bytes()
        for name, hostile in NO_UTF8.items():
            content = content.replace(name, hostile)
        path.write_bytes(content)
        return path.name

    def test_fit_in_tables(self):
        for columns in WIDTHS:
            self.table("inspect", self.evil, rows=self.count, columns=columns)
            self.lines("inspect", self.evil, "--tree", "--stats", columns=columns)
            self.table("diff", "-v", "--sandbox", "off", self.evil, self.other, rows=self.count,
                       columns=columns, status=1)
            self.table("average", self.evil, self.other, "--dry-run", "-o", "out.onnx",
                       rows=self.count, columns=columns)

    def assert_readable(self, lines, columns):
        """No line takes more than ten rows, and that of the long name shows both its ends."""
        self.assert_fit(lines, 10 * columns)
        self.assertTrue(any("long/nnn" in line and "nnn…nnn" in line for line in lines), lines)

    def test_that_are_long_leave_errors_readable(self):
        for columns in WIDTHS:
            self.assert_readable(self.lines("average", self.evil, self.small, "-o", "out.onnx",
                                            columns=columns, status=1), columns)
            lines = self.lines("average", self.evil, self.nan, "-o", "out.onnx", columns=columns,
                               status=1)
            self.assert_readable(lines, columns)
            self.assertRegex(lines[0], r"\Apolyak: error: nan\.onnx: long/n.*: NaN or infinity at "
                                       r"element 1 \(index \[1\]\)\Z")

    def test_that_are_long_leave_summaries_readable(self):
        arguments = ["average", self.evil, self.other, "--exclude", "l*", "-o", "out.onnx", "-f"]
        for columns in WIDTHS:
            self.assert_readable(self.lines(*arguments, columns=columns), columns)
            self.assertIn(LONG, "".join(self.lines(*arguments, "-v", columns=columns)))
            self.assert_readable(self.lines("average", self.evil, self.small, "--missing", "keep",
                                            "-o", "out.onnx", "-f", columns=columns), columns)

    def test_are_whole_elsewhere_than_on_a_terminal(self):
        result = self.polyak("average", self.folder / self.evil, self.folder / self.other,
                             "--exclude", "l*", "-o", self.output)
        self.assertIn(f"(--exclude 'l*'): {LONG}\n", result.stdout)


def load_tests(_loader, tests, _pattern):
    return SideBySide(tests)


if __name__ == "__main__":
    unittest.main()
