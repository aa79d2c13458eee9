#!/usr/bin/python3
"""Measures polyak against the reference job and against the programs one would use without it.

The reference is the work that nobody can avoid: `cat` of the inputs, `cp` of one, `sync` of it. All
programs of a case run in turn, round after round (A B C, A B C, …), on the same seeded files, which
lie in the page cache; what counts is the ratio of two programs' seconds in the same round. Every
element of every output is checked. tools/bench.sh sets up, builds and calls this.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import cold
import growth
import picture
import report
from cases import CASES, COLD_CASES, smaller
from inputs import Inputs
from machine import ROOT, describe
from measure import Failed, Launcher
from rounds import Settings, run_case

QUICK_DIVISOR = 8


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tools/bench.sh", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true",
                        help="small files and few rounds: under two minutes")
    parser.add_argument("--only", metavar="GLOB", default="*", help="cases by name")
    parser.add_argument("--list", action="store_true", help="print the cases and their goals")
    parser.add_argument("--rounds", type=int, help="default 5")
    parser.add_argument("--peer-rounds", type=int,
                        help="in how many of the rounds peers run (default 3)")
    parser.add_argument("--cold", action="store_true", help="measure on cold files instead")
    parser.add_argument("--growth", action="store_true",
                        help="measure how time grows with bytes, checkpoints, tensors instead")
    parser.add_argument("--folder", type=pathlib.Path, help="where files are made (TMPDIR)")
    parser.add_argument("--keep", action="store_true", help="don't remove them")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "build/bench",
                        help="where tables and pictures go (build/bench)")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--polyak", type=pathlib.Path, default=ROOT / "build/release/polyak",
                        help="the program to measure; then nothing is built")
    options = parser.parse_args(arguments)
    if options.readme and (options.cold or options.growth or options.only != "*"):
        parser.error("--readme is for the whole table of warm files")
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.peer_rounds = min(options.peer_rounds or (1 if options.quick else 3), options.rounds)
    return options


def chosen(options):
    cases = COLD_CASES if options.cold else CASES
    cases = [case for case in cases if fnmatch.fnmatchcase(case.name, options.only)]
    return [smaller(case, QUICK_DIVISOR) for case in cases] if options.quick else cases


def print_list(cases):
    for case in cases:
        goals = ", ".join(f"{pair.above} / {pair.below} {pair.goal}".strip()
                          for pair in case.pairs)
        print(f"{case.name:32} {goals}")


def measure_all(cases, settings, launcher):
    """The Outcomes. Inputs are made when a case needs them and go after the last that does."""
    inputs = Inputs(settings.folder / "inputs")
    outcomes = []
    for place, case in enumerate(cases):
        start = time.monotonic()
        made = inputs.get(case.contents, case.checkpoints)
        outcomes.append(run_case(case, made, settings, launcher))
        for pair in case.pairs:
            print(report.row(outcomes[-1], pair), flush=True)
        print(f"  {case.name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        inputs.drop_all_but(later.contents for later in cases[place + 1:])
    return outcomes


def note_on(options):
    """How it was run, where not as a whole and warm."""
    notes = []
    if options.quick:
        notes.append("A quick run: most files have an eighth of the size that goals are set for.")
    if options.cold:
        notes.append("Cold files: the page cache is emptied before each run.")
    return " ".join(notes)


def write_results(outcomes, options, machine):
    name = "cold" if options.cold else "results"
    note = note_on(options)
    page = report.markdown(outcomes, machine, note)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / f"{name}.md").write_text(page)
    (options.results / f"{name}.json").write_text(
        json.dumps(report.as_json(outcomes, machine, note), indent=1) + "\n")
    if not picture.draw(outcomes, options.results / f"{name}.png"):
        print("no picture: matplotlib is not installed", file=sys.stderr)
    if options.readme:
        report.write_into(ROOT / "README.md", page)
    print(f"\n{page}\nwritten to {options.results}")


def run(options, folder):
    settings = Settings(options.polyak.resolve(), folder, options.rounds, options.peer_rounds,
                        cold.drop if options.cold else None)
    machine = describe(settings.polyak, folder)
    with Launcher() as launcher:
        if options.growth:
            growth.run(options, settings, machine, launcher)
        else:
            write_results(measure_all(chosen(options), settings, launcher), options, machine)


def main(arguments=None):
    options = parse(arguments)
    if options.list:
        print_list(chosen(options))
        return 0
    if not options.growth and not chosen(options):
        print(f"no case is called {options.only}", file=sys.stderr)
        return 2
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # files go then, too
    folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-bench-", dir=options.folder)).resolve()
    try:
        run(options, folder)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        if options.keep:
            print(f"the files stay in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
