"""The completions, in the shells that they are for: what they offer at a cursor's place."""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from polyak_runner import run  # noqa: E402

MANUAL = pathlib.Path(os.environ["POLYAK_MANUAL"])
SUBCOMMANDS = set(re.findall(r"^  ([a-z]+)  ", run("--help").stdout.partition("Options:")[0],
                             re.MULTILINE))


def options_of(*subcommand):
    """Those that --help names at the starts of its lines."""
    names = re.findall(r"^ {2,6}(-\S+?)(?:, (--\S+))?(?= |$)", run(*subcommand, "--help").stdout,
                       re.MULTILINE)
    return {name for pair in names for name in pair if name}


class InShell(unittest.TestCase):
    """A folder with two files and a folder in it, in which the shells run."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "ep01.onnx").touch()
        (self.folder / "two words.h5").touch()
        (self.folder / "runs").mkdir()

    def script(self, shell, *arguments):
        done = subprocess.run([*shell, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60, env=self.environment())
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def environment(self):
        return {**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "TERM": "dumb",
                "PS1": "$ ", "XDG_CONFIG_HOME": str(self.folder / ".config")}

    def typed(self, shell, setup, line):
        """The words of a command line after a tab was typed at its end, in a terminal: the line is
        then made an argument list of printf."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execvpe(shell[0], shell, self.environment())
        try:
            self.wait_for(terminal, setup + "; printf '<%s>' re''ady\n", "<ready>")
            # Ctrl-A: the line's start. The tab's work is done before what follows is read.
            text = self.wait_for(terminal, f"{line}\t\x01printf '<%s>' \x05 '' en''d\n", "<end>")
        finally:
            os.write(terminal, b"\x03exit\n")
            os.close(terminal)
            os.waitpid(process, 0)
        return re.findall(r"<([^<>%]*)>", text)[:-2]  # not the echo of "<%s>"

    def wait_for(self, terminal, typed, end):
        os.write(terminal, typed.encode())
        text = ""
        until = time.monotonic() + 30
        while end not in text:
            if not select.select([terminal], [], [], until - time.monotonic())[0]:
                raise AssertionError(f"no {end} in:\n{text}")
            text += os.read(terminal, 65536).decode(errors="replace")
        return text


class Bash(InShell):
    # What the function did with bash's own completion of files is printed after the words.
    DRIVER = r"""
      source "$1"; shift
      compopt() { switched+=" $*"; }
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      _polyak polyak "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\n' "${COMPREPLY[@]}" "$switched"
    """

    def offered(self, *words):
        """The words offered, and whether files are where there is none."""
        *offered, switched = self.script(["bash", "--norc", "-c", self.DRIVER, "bash",
                                          str(MANUAL / "polyak.bash")], "polyak", *words
                                         ).split("\n")[:-1]
        return set(offered) - {""}, "+o default" not in switched

    def test_offers_subcommands_first(self):
        self.assertEqual(self.offered(""), (SUBCOMMANDS | options_of(), False))
        self.assertEqual(self.offered("av"), ({"average"}, False))

    def test_offers_the_options_of_the_subcommand(self):
        for name in SUBCOMMANDS:
            self.assertEqual(self.offered(name, "-")[0], options_of(name))
        self.assertEqual(self.offered("average", "a.h5", "--ou")[0], {"--output"})

    def test_offers_the_values_of_an_option(self):
        always = ({"always"}, False)
        self.assertEqual(self.offered("average", "--progress", "al"), always)
        self.assertEqual(self.offered("average", "--progress", "=", "al"), always)
        self.assertEqual(self.offered("average", "--progress", "=")[0], {"auto", "always", "never"})
        self.assertLessEqual({"uniform", "ema", "weights"},
                             self.offered("average", "--method", "")[0])

    def test_offers_nothing_where_a_number_is_wanted(self):
        self.assertEqual(self.offered("average", "--decay", ""), (set(), False))

    def test_leaves_files_to_bash(self):
        for words in (["average", ""], ["average", "-o", ""], ["average", "--output", "=", "x"],
                      ["average", "--", "-"], ["inspect", "ep"], ["average", "--force", ""]):
            self.assertEqual(self.offered(*words), (set(), True), words)

    def test_works_in_a_terminal(self):
        setup = f"bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; " \
                f"source '{MANUAL}/polyak.bash'"
        for line, words in (("polyak insp", ["polyak", "inspect"]),
                            ("polyak inspect two", ["polyak", "inspect", "two words.h5"]),
                            ("polyak average -o ep", ["polyak", "average", "-o", "ep01.onnx"]),
                            ("polyak average --progress nev",
                             ["polyak", "average", "--progress", "never"])):
            self.assertEqual(self.typed(["bash", "--norc", "-i"], setup, line), words)


class Zsh(InShell):
    def test_is_a_script(self):
        self.script(["zsh", "-n", MANUAL / "_polyak"])

    def test_works_in_a_terminal(self):
        setup = f"PS1='$ '; unset zle_bracketed_paste; fpath=('{MANUAL}' $fpath); " \
                "autoload -Uz compinit; compinit -u -D; bindkey -e; unsetopt beep"
        for line, words in (("polyak insp", ["polyak", "inspect"]),
                            ("polyak inspect two", ["polyak", "inspect", "two words.h5"]),
                            ("polyak average --outp", ["polyak", "average", "--output"]),
                            ("polyak average -o ep", ["polyak", "average", "-o", "ep01.onnx"]),
                            ("polyak interpolate ep01.onnx ru",
                             ["polyak", "interpolate", "ep01.onnx", "runs"]),
                            ("polyak average --progress nev",
                             ["polyak", "average", "--progress", "never"])):
            self.assertEqual(self.typed(["zsh", "-f", "-i"], setup, line), words)


class Fish(InShell):
    def offered(self, line):
        text = self.script(["fish", "--no-config", "-c",
                            'source $argv[1]; complete -C $argv[2]', "--"],
                           MANUAL / "polyak.fish", line)
        return {words.split("\t")[0] for words in text.splitlines()}

    def test_is_a_script(self):
        self.script(["fish", "--no-config", "-n", MANUAL / "polyak.fish"])

    def test_offers_subcommands_first_and_no_files(self):
        self.assertEqual(self.offered("polyak "), SUBCOMMANDS)
        self.assertEqual(self.offered("polyak av"), {"average"})

    def test_offers_the_options_of_the_subcommand(self):
        for name in SUBCOMMANDS:
            long_names = {option for option in options_of(name) if option.startswith("--")}
            self.assertEqual(self.offered(f"polyak {name} --"), long_names)
            self.assertLessEqual(options_of(name) - long_names, self.offered(f"polyak {name} -"))

    def test_offers_the_values_of_an_option(self):
        self.assertEqual(self.offered("polyak average --progress "), {"auto", "always", "never"})
        self.assertEqual(self.offered("polyak average --progress=al"), {"--progress=always"})
        self.assertEqual(self.offered("polyak average --decay "), set())

    def test_offers_files(self):
        files = {"ep01.onnx", "two words.h5", "runs/"}
        self.assertEqual(self.offered("polyak average -o "), files)
        self.assertEqual(self.offered("polyak average ep01.onnx "), files)
        self.assertEqual(self.offered("polyak inspect ep"), {"ep01.onnx"})


if __name__ == "__main__":
    unittest.main()
