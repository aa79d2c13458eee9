"""What was measured, as numbers, as a Markdown table and as JSON."""
import dataclasses
import math
import pathlib
import statistics
from dataclasses import dataclass

from cases import MEMORY_GOAL_MIB
from machine import sentence

README_START = "<!-- benchmark: written by tools/bench.sh --readme -->"
README_END = "<!-- end of benchmark -->"
HEAD = ("| case | seconds of | goal | ratio | least–most | met | seconds | peak MiB | threads "
        "| not the rounded mean |\n|---|---|---|---|---|---|---|---|---|---|")


@dataclass(frozen=True)
class Ratio:
    """Of two programs' seconds, paired by round."""
    median: float
    least: float
    most: float
    rounds: int


def ratio_of(pair, rounds):
    """None where the two never ran in the same round."""
    ratios = [runs[pair.above].seconds / runs[pair.below].seconds for runs in rounds
              if pair.above in runs and pair.below in runs]
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


def number_or_none(number):
    """JSON has no NaN."""
    return number if math.isfinite(number) else None


def figure(number):
    """Three digits that mean something."""
    return f"{number:.0f}" if number >= 100 else f"{number:.{1 if number >= 10 else 2}f}"


def _seconds(outcome, program):
    return statistics.median(run.seconds for run in outcome.runs(program))


def _small_seconds(seconds):
    return f"{seconds:.3f}" if seconds < 0.1 else figure(seconds)


def _not_rounded(verdict):
    """Elements that aren't the mean rounded once; of polyak none are, or the suite had stopped."""
    if verdict is None:
        return ""
    wrong = verdict.differing - verdict.decided
    return f"{100 * wrong / verdict.elements:.1f} %" if wrong else "0"


def row(outcome, pair):
    """Of the table. What it says of memory, threads and elements is the first program's."""
    missing = [name for name in (pair.above, pair.below) if name in outcome.not_installed]
    start = f"| {outcome.case.title} | {pair.above} / {pair.below} | {pair.goal} "
    if missing:
        return start + f"| {missing[0]} is not installed | | | | | | |"
    ratio = ratio_of(pair, outcome.rounds)
    if ratio is None:
        return start + "| not run | | | | | | |"
    is_met = None if outcome.case.is_smaller else pair.is_met(ratio.median)
    met = {None: "", True: "yes", False: "**no**"}[is_met]
    seconds = " / ".join(_small_seconds(_seconds(outcome, program))
                         for program in (pair.above, pair.below))
    return (start + f"| {figure(ratio.median)} | {figure(ratio.least)}–{figure(ratio.most)} "
            f"| {met} | {seconds} | {outcome.peak_mib(pair.above):.0f} "
            f"| {outcome.threads.get(pair.above, '')} "
            f"| {_not_rounded(outcome.verdicts.get(pair.above))} |")


def polyak_peak_mib(outcomes):
    """The highest of all runs of polyak."""
    return max(outcome.peak_mib(program) for outcome in outcomes for program in outcome.threads)


def table(outcomes):
    rows = [row(outcome, pair) for outcome in outcomes for pair in outcome.case.pairs]
    return "\n".join([HEAD, *rows])


def markdown(outcomes, machine, note):
    """The whole page. `note` says how it was run, where that is not the usual way; it may be
    empty."""
    peak = polyak_peak_mib(outcomes)
    met = "met" if peak <= MEMORY_GOAL_MIB else "**not met**"
    return "\n\n".join(filter(None, (
        f"Measured on {sentence(machine)}.", note, table(outcomes),
        f"Peak resident memory of polyak with its helper, the highest of all these runs: "
        f"{peak:.0f} MiB (goal ≤ {MEMORY_GOAL_MIB}: {met})."))) + "\n"


def as_json(outcomes, machine, note):
    """All rounds, for whoever wants other figures of them."""
    cases = []
    for outcome in outcomes:
        cases.append({
            "name": outcome.case.name, "title": outcome.case.title,
            "checkpoints": outcome.case.checkpoints,
            "inputs": dataclasses.asdict(outcome.case.contents),
            "not_installed": outcome.not_installed, "threads": outcome.threads,
            "own_peak_mib": outcome.own_peak_mib,
            "checked": {name: dataclasses.asdict(verdict)
                        for name, verdict in outcome.verdicts.items() if verdict},
            "pairs": [dataclasses.asdict(pair) | {"ratio": ratio and dataclasses.asdict(ratio)}
                      for pair in outcome.case.pairs
                      for ratio in [ratio_of(pair, outcome.rounds)]],
            "rounds": [{name: dataclasses.asdict(run) for name, run in runs.items()}
                       for runs in outcome.rounds]})
    return {"machine": machine, "note": note, "cases": cases}


def write_into(readme, page):
    """Puts the page between the marks of a file that has them."""
    readme = pathlib.Path(readme)
    before, mark, rest = readme.read_text().partition(README_START)
    _, end, after = rest.partition(README_END)
    if not mark or not end:
        raise ValueError(f"{readme} has no marks for the benchmark")
    readme.write_text(f"{before}{README_START}\n{page.strip()}\n{README_END}{after}")
