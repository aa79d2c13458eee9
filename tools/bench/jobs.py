"""The programs that are measured, as command lines.

Each begins by removing its own output of the last round, so that all begin alike. polyak and the
reference make their output durable; the peers don't, and nobody does it for them. Importing its
libraries is part of what a peer takes, as it is for who runs such a script.
"""
import functools
import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

PEERS = pathlib.Path(__file__).with_name("peers")
EMA_DECAY = 0.9

# The work that nobody can avoid: read all, write one, have it on the disk.
REFERENCE = 'rm -f "$OUT"; cat "$@" >/dev/null && cp "$COPIED" "$OUT" && sync "$OUT"'


@dataclass(frozen=True)
class Program:
    """`arguments`: options of polyak; or a peer's script and its own arguments, which run in
    Python and need the module `needs`."""
    name: str
    arguments: tuple = ()
    needs: str = ""
    output: str = ""  # its suffix, where it isn't the inputs'
    method: str = "uniform"

    @property
    def is_peer(self):
        return bool(self.needs)


PROGRAMS = {program.name: program for program in (
    Program("reference"),
    Program("polyak"),
    Program("polyak -j 1", ("-j", "1")),
    Program("polyak --memory 1G", ("--memory", "1G")),
    Program("polyak ema", ("--method", "ema", "--decay", str(EMA_DECAY)), method="ema"),
    Program("h5py float32", ("h5py_stream.py", "float32"), "h5py"),
    Program("h5py float64", ("h5py_stream.py", "float64"), "h5py"),
    Program("h5py naive", ("h5py_naive.py",), "h5py"),
    Program("onnx float64", ("onnx_stream.py",), "onnx"),
    Program("onnx naive", ("onnx_naive.py",), "onnx"),
    Program("torch SWA", ("torch_swa.py",), "torch", ".pt"),
    Program("torch naive", ("torch_naive.py",), "torch", ".pt"),
)}


@functools.cache
def is_installed(module):
    """Whether it can be imported, not only found."""
    return not module or subprocess.run([sys.executable, "-c", f"import {module}"],
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL).returncode == 0


def version_of(module):
    """What the module says of itself; empty where it isn't there."""
    shown = subprocess.run([sys.executable, "-c", f"import {module}; print({module}.__version__)"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return shown.stdout.strip()


@dataclass(frozen=True)
class Job:
    """A program on inputs. `output` is the checkpoint it makes, in a folder of its own, which the
    command removes first; `make_inputs` come before the first run and aren't measured."""
    program: Program
    command: tuple
    output: pathlib.Path
    make_inputs: tuple = ()


def _cleared(folder, command):
    """The command, in a shell that has emptied the folder."""
    return ("sh", "-c", 'rm -f "$0"/* && exec "$@"', folder, *command)


def _reference(inputs, folder):
    output = folder / inputs.data[0].name
    return ("env", f"OUT={output}", f"COPIED={inputs.data[0]}",
            "sh", "-c", REFERENCE, "sh", *inputs.files), output


def _peer(program, inputs, folder):
    script, *arguments = program.arguments
    paths, making = inputs.checkpoints, ()
    if program.output:
        paths = [path.with_suffix(program.output) for path in paths]
        making = tuple((sys.executable, PEERS / f"{program.needs}_inputs.py", made, path)
                       for made, path in zip(paths, inputs.checkpoints))
    output = folder / paths[0].name
    command = (sys.executable, PEERS / script, *arguments, output, *paths)
    return _cleared(folder, command), output, making


def job_of(program, inputs, polyak, outputs):
    """The job of this program; its output goes into a folder under `outputs`."""
    folder = outputs / program.name.replace(" ", "_")
    os.makedirs(folder, exist_ok=True)
    if program.name == "reference":
        return Job(program, *_reference(inputs, folder))
    if program.is_peer:
        return Job(program, *_peer(program, inputs, folder))
    output = folder / inputs.checkpoints[0].name
    command = (polyak, "average", *inputs.checkpoints, "-o", output, "-q", *program.arguments)
    return Job(program, _cleared(folder, command), output)
