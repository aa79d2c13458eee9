"""How polyak's time and memory grow with bytes, with checkpoints, and with tensors.

Of each of the three a series of points, in ONNX with external data and in HDF5: seconds (the median
of the rounds), peak memory, and the reference job's seconds on the same files. Time is held against
a straight line in two ways: the slope in log-log scales where the start-up no longer counts (1 is
linear), and start-up plus a price per unit, fitted to all points.
"""
import json
import math
import statistics
import sys
from dataclasses import dataclass, field

import numpy

import picture
import report
from cases import MIB, Case, Pair
from inputs import Contents, Inputs
from machine import sentence
from measure import Failed
from rounds import run_case

SERIES = {"external": "ONNX, external data", "hdf5": "HDF5"}
START_UP_FACTOR = 2  # from this many times the least seconds on, a point counts for the slope


@dataclass(frozen=True)
class Panel:
    """One thing that grows. `kind`, `size` and `checkpoints` are functions of it."""
    name: str
    what: str
    points: tuple
    quick_points: tuple
    unit: float
    unit_name: str
    kind: str
    size: object
    checkpoints: object
    program: str = "polyak"

    def case(self, layout, x):
        contents = Contents(layout, "float32", self.kind, self.size(x))
        return Case(f"{self.name}-{layout}-{x}", f"{SERIES[layout]}, {self.name} {x}", contents,
                    self.checkpoints(x), (Pair(self.program, "reference"),))


PANELS = (
    Panel("bytes", "MiB in all, in 8 checkpoints of 196 tensors",
          (1, 4, 16, 64, 256, 1024, 4096, 8192), (1, 4, 16, 64, 256), 1024, "GiB",
          "transformer", lambda mib: mib * MIB // 8, lambda mib: 8),
    Panel("checkpoints", "checkpoints of 32 MiB",
          (2, 5, 10, 20, 50, 100), (2, 5, 10), 1, "checkpoint",
          "transformer", lambda count: 32 * MIB, lambda count: count),
    Panel("tensors", "tensors of 1 KiB, in 5 checkpoints",
          (1, 10, 100, 1000, 10_000, 100_000), (1, 10, 100, 1000), 1000, "thousand tensors",
          "tiny", lambda tensors: tensors, lambda tensors: 5,
          "polyak --memory 1G"),  # the index of the last point needs more than the usual budget
)


@dataclass
class Series:
    """Of one layout in one panel: x of each point, seconds, reference's seconds, peak MiB."""
    layout: str
    x: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    reference_seconds: list = field(default_factory=list)
    peak_mib: list = field(default_factory=list)

    def add(self, x, outcome, program):
        self.x.append(x)
        for name, seconds in ((program, self.seconds), ("reference", self.reference_seconds)):
            seconds.append(statistics.median(run.seconds for run in outcome.runs(name)))
        self.peak_mib.append(outcome.peak_mib(program))


def slope(series):
    """In log-log scales, of the points past the start-up; nan where those are fewer than two."""
    past = [(math.log(x), math.log(t)) for x, t in zip(series.x, series.seconds)
            if t >= START_UP_FACTOR * min(series.seconds)]
    return float(numpy.polyfit(*zip(*past), 1)[0]) if len(past) > 1 else math.nan


def line(series):
    """(seconds of start-up, seconds per unit of x): every point counts by its relative error."""
    if len(series.x) < 2:
        return math.nan, math.nan
    price, start = numpy.polyfit(series.x, series.seconds, 1, w=1 / numpy.array(series.seconds))
    return float(start), float(price)


def _measure_panel(panel, points, settings, launcher, failures):
    inputs = Inputs(settings.folder / "inputs")
    all_series = []
    for layout in SERIES:
        series = Series(layout)
        for x in points:
            case = panel.case(layout, x)
            inputs.drop_all_but([case.contents])
            try:
                made = inputs.get(case.contents, case.checkpoints)
                series.add(x, run_case(case, made, settings, launcher), panel.program)
                print(f"{case.title}: {series.seconds[-1]:.3f} s", file=sys.stderr, flush=True)
            except Failed as failure:
                said = str(failure).replace(f"{inputs.folder}/", "").splitlines()
                failures.append(f"{case.title}: {' '.join(said[1:])}")
                print(failure, file=sys.stderr, flush=True)
        inputs.drop_all_but([])
        all_series.append(series)
    return all_series


def _panel_markdown(panel, points, all_series):
    head = "| " + panel.what + " | " + " | ".join(
        f"{SERIES[series.layout]}: s | reference s | peak MiB" for series in all_series) + " |"
    lines = [head, "|" + "---|" * (1 + 3 * len(all_series))]
    for x in points:
        cells = [f"{x:,}"]
        for series in all_series:
            if x not in series.x:
                cells += ["failed", "", ""]
                continue
            i = series.x.index(x)
            cells += [f"{series.seconds[i]:.3f}", f"{series.reference_seconds[i]:.3f}",
                      f"{series.peak_mib[i]:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    fits = []
    for series in all_series:
        start, price = line(series)
        found = slope(series)
        shown = f"{found:.2f}" if math.isfinite(found) else "not known (start-up outweighs)"
        fits.append(f"{SERIES[series.layout]}: slope {shown}, "
                    f"{start:.3f} s + {price * panel.unit:.3f} s per {panel.unit_name}")
    return "\n".join(lines) + "\n\n" + ". ".join(fits) + "."


def markdown(panels, machine, failures):
    """`panels`: [(Panel, its points, its Series)]."""
    parts = [f"Measured on {sentence(machine)}.",
             f"Slope: in log-log scales, over the points that take at least {START_UP_FACTOR} "
             "times what the quickest does; 1 is linear."]
    parts += [f"## Over {panel.name}\n\n{_panel_markdown(panel, points, all_series)}"
              for panel, points, all_series in panels]
    parts += [f"Failed: {failure}" for failure in failures]
    return "\n\n".join(parts) + "\n"


def run(options, settings, machine, launcher):
    """Measures, and writes growth.md, growth.json and growth.png."""
    failures, panels = [], []
    for panel in PANELS:
        points = panel.quick_points if options.quick else panel.points
        panels.append((panel, points,
                       _measure_panel(panel, points, settings, launcher, failures)))
    page = markdown(panels, machine, failures)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "growth.md").write_text(page)
    found = {panel.name: [vars(series) | {"slope": report.number_or_none(slope(series))}
                          for series in all_series] for panel, _, all_series in panels}
    (options.results / "growth.json").write_text(json.dumps(
        {"machine": machine, "panels": found, "failures": failures}, indent=1) + "\n")
    picture.draw_growth([(panel.what, {SERIES[each.layout]: each for each in all_series})
                         for panel, _, all_series in panels], options.results / "growth.png")
    print(page)
