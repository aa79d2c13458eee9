"""Runs a case: all its programs in turn, round after round, on the same inputs."""
import json
import os
import pathlib
import shutil
import subprocess
from dataclasses import dataclass, field

import check
import jobs
from measure import Failed, apart


@dataclass(frozen=True)
class Settings:
    """`prepare` is called with the inputs' files before each run, untimed."""
    polyak: pathlib.Path
    folder: pathlib.Path
    rounds: int = 5
    peer_rounds: int = 3
    prepare: object = None


@dataclass
class Outcome:
    """What a case came to. `rounds` has a {program: Run} each; a peer may be in fewer of them.
    `threads` and `own_peak_mib` are what polyak says of itself: its peak is the sum of its
    processes', the kernel's is that of the highest."""
    case: object
    rounds: list = field(default_factory=list)
    verdicts: dict = field(default_factory=dict)
    not_installed: list = field(default_factory=list)
    threads: dict = field(default_factory=dict)
    own_peak_mib: dict = field(default_factory=dict)

    def runs(self, program):
        return [each[program] for each in self.rounds if program in each]

    def peak_mib(self, program):
        return max([run.peak_mib for run in self.runs(program)]
                   + [self.own_peak_mib.get(program, 0)])


def _warm_up(job, launcher, outcome):
    """Inputs, programs and libraries are in the page cache after it. A peer's came there when it
    was looked whether it is installed, and its inputs when they were read for others."""
    for command in job.make_inputs:
        if not pathlib.Path(command[2]).exists():  # another job may have the same
            subprocess.run(command, check=True)
    if job.program.is_peer:
        return
    if job.program.name == "reference":
        launcher.run(job.command)
        return
    report = job.output.parent / "report.json"
    launcher.run((*job.command, "--report", report))
    told = json.loads(report.read_text())
    outcome.threads[job.program.name] = told["threads"]
    outcome.own_peak_mib[job.program.name] = told["memory"]["peak_bytes"] / (1 << 20)


def _check(job, inputs):
    if job.program.name == "reference":
        return None
    return apart(check.compare, inputs, job.output, job.program.method, not job.program.is_peer)


def _run_rounds(case_jobs, inputs, settings, launcher, outcome):
    for number in range(settings.rounds):
        runs = {}
        for job in case_jobs:
            if job.program.is_peer and number >= settings.peer_rounds:
                continue
            os.sync()  # what the one before left to be written is not this one's
            if settings.prepare:
                settings.prepare(inputs.files)
            runs[job.program.name] = launcher.run(job.command)
        outcome.rounds.append(runs)


def run_case(case, inputs, settings, launcher):
    """The Outcome; Failed where a program fails, or an output is wrong."""
    outcome = Outcome(case)
    outputs = settings.folder / "outputs"
    outputs.mkdir()
    case_jobs = []
    for program in case.programs:
        if jobs.is_installed(program.needs):
            case_jobs.append(jobs.job_of(program, inputs, settings.polyak, outputs))
        else:
            outcome.not_installed.append(program.name)
    try:
        for job in case_jobs:
            _warm_up(job, launcher, outcome)
        _run_rounds(case_jobs, inputs, settings, launcher, outcome)
        for job in case_jobs:
            outcome.verdicts[job.program.name] = _check(job, inputs)
    except Failed as failure:
        raise Failed(f"{case.name}: {failure}") from failure
    finally:
        shutil.rmtree(outputs)
        for job in case_jobs:
            for command in job.make_inputs:
                pathlib.Path(command[2]).unlink(missing_ok=True)
    return outcome
