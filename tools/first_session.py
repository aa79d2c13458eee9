#!/usr/bin/python3
"""Writes the README's first session, by running it; or says whether it still comes out so.

    tools/first_session.py POLYAK           runs it with that program and writes it into the README
    tools/first_session.py POLYAK --check   ends with 1 where the README has something else

It stands between the two marks. Times, memory and free space vary and are not compared.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- first session: written by tools/first_session.py -->\n", "<!-- end -->\n"
SESSION = [
    "polyak inspect run/ep12.onnx --sort bytes",
    "polyak average run --last 4 -o average.onnx --dry-run",
    "polyak average run --last 4 -o average.onnx",
    "polyak diff run/ep12.onnx average.onnx",
]
STATUSES = [0, 0, 0, 1]
SIZE = r"[\d.]+ (?:bytes|[KMGT]iB)"
VARYING = re.compile(rf"[\d.]+ s\b|\d+ threads?|peak memory (?:up to )?{SIZE}|{SIZE} free")


def transcript(polyak):
    """What a terminal would show: the commands, and what they print."""
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        run.mkdir()
        for epoch in range(1, 13):
            name = f"ep{epoch:02d}.onnx"
            (run / name).symlink_to(ROOT / "tests/data/digits" / name)
        shown = []
        for command, status in zip(SESSION, STATUSES):
            done = subprocess.run([polyak, *command.split()[1:]], cwd=folder, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            if done.returncode != status:
                sys.exit(f"{command}: status {done.returncode}\n{done.stdout}")
            shown.append(f"$ {command}\n{done.stdout}")
        return "\n".join(shown)


def main():
    polyak = pathlib.Path(sys.argv[1]).resolve()
    before, rest = README.read_text().split(BEGIN)
    old, after = rest.split(END)
    new = f"```\n{transcript(polyak)}```\n"
    if sys.argv[2:] == ["--check"]:
        if VARYING.sub("~", old) != VARYING.sub("~", new):
            sys.exit(f"the README's first session is out of date; it is now:\n{new}")
    else:
        README.write_text(before + BEGIN + new + END + after)


if __name__ == "__main__":
    main()
