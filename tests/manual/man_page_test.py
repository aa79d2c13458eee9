"""The manual pages: no warnings, and the same options as --help."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from polyak_runner import run  # noqa: E402

MANUAL = pathlib.Path(os.environ["POLYAK_MANUAL"])
WRITER = os.environ["POLYAK_MANUAL_WRITER"]


def help_of(*subcommand):
    return run(*subcommand, "--help").stdout


def subcommands():
    """Those that polyak --help lists."""
    table = re.search(r"^Commands:\n((?:  .*\n)+)", help_of(), re.MULTILINE).group(1)
    return re.findall(r"^  (\S+)", table, re.MULTILINE)


PAGES = {"polyak": []} | {f"polyak-{name}": [name] for name in subcommands()}


def rendered(page, width=78):
    """A page as a terminal shows it, without bold and underline; groff must have no complaint."""
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-cbou", f"-rLL={width}n",
                           str(MANUAL / "man1" / f"{page}.1")],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                          check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.stderr:
        raise AssertionError(done.stderr)
    return done.stdout


def section(page, name):
    found = re.search(rf"^{name}\n((?:   .*\n|\n)+)", rendered(page), re.MULTILINE)
    if found is None:
        raise AssertionError(f"{page} has no {name}:\n{rendered(page)}")
    return found.group(1)


def words(text):
    return text.split()


class ManPages(unittest.TestCase):
    def test_there_is_one_for_every_subcommand_and_no_other(self):
        self.assertGreaterEqual(len(PAGES), 4)
        self.assertEqual({path.name for path in (MANUAL / "man1").iterdir()},
                         {f"{page}.1" for page in PAGES})

    def test_have_the_usual_sections_in_the_usual_order(self):
        for page in PAGES:
            with self.subTest(page=page):
                headings = re.findall(r"^[A-Z][A-Z ]*$", rendered(page), re.MULTILINE)
                usual = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES",
                         "SEE ALSO"]
                self.assertEqual([heading for heading in headings if heading in usual], usual)
                self.assertRegex(section(page, "NAME"), rf"^ +{page} - \S")

    def test_name_the_options_that_help_names(self):
        option = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
        for page, subcommand in PAGES.items():
            with self.subTest(page=page):
                usage, _, rest = help_of(*subcommand).partition("\n\nExamples:")[0].partition(
                    "Usage:")
                self.assertTrue(rest, usage)
                shown = set(option.findall(section(page, "OPTIONS")))
                self.assertEqual(shown, set(option.findall(rest)))
                self.assertIn("--help", shown)

    def test_say_of_options_what_help_says(self):
        """Every word of an option's help stands in the page, in its order."""
        for page, subcommand in PAGES.items():
            text = " ".join(words(section(page, "OPTIONS")))
            for entry in re.findall(r"^ {2,6}(-.+(?:\n {10,}.+)*)", help_of(*subcommand),
                                    re.MULTILINE):
                with self.subTest(page=page, entry=entry):
                    names, _, meaning = entry.replace("\n", "  ", 1).partition("  ")
                    self.assertIn(" ".join(words(names)), text)
                    self.assertIn(" ".join(words(meaning)), text)

    def test_hold_the_examples_to_the_letter(self):
        for page, subcommand in PAGES.items():
            found = re.search(r"^Examples:\n((?:  .*\n)+)", help_of(*subcommand), re.MULTILINE)
            self.assertIsNotNone(found, page)
            examples = [line.strip() for line in found.group(1).splitlines()]
            lines = [line.strip() for line in section(page, "EXAMPLES").splitlines()]
            self.assertEqual([line for line in lines if line], examples)

    def test_explain_every_exit_status(self):
        for page in PAGES:
            statuses = re.findall(r"^ +(\d) +\S", section(page, "EXIT STATUS"), re.MULTILINE)
            self.assertGreaterEqual(statuses, ["0", "1", "2"], page)

    def test_hold_nothing_that_changes_from_build_to_build(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([WRITER, folder], check=True, timeout=60)
            for path in MANUAL.rglob("*"):
                if path.is_file() and path.name != "stamp":
                    again = pathlib.Path(folder) / path.relative_to(MANUAL)
                    self.assertEqual(again.read_bytes(), path.read_bytes(), path)
                    self.assertNotRegex(path.read_text(), r"\b20\d\d-?\d\d|/tmp/|/home/")

    def test_are_found_by_man(self):
        done = subprocess.run(["man", "--warnings=w", "-l", MANUAL / "man1/polyak-average.1"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                              timeout=60,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
        self.assertEqual(done.stderr, "")
        self.assertIn("polyak-average", done.stdout)


class Help(unittest.TestCase):
    def test_fits_into_80_columns(self):
        for subcommand in PAGES.values():
            text, _, _ = help_of(*subcommand).partition("Examples:")
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)


if __name__ == "__main__":
    unittest.main()
