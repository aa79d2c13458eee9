"""What a figure has to be read with: the machine, the system, the versions."""
import datetime
import os
import pathlib
import platform
import subprocess

from jobs import version_of

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.split(":", 1)[1].strip()
    return "unknown"


def _said(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              cwd=ROOT).stdout.strip()
    except OSError:
        return ""


def _vectors():
    flags = set(_field("/proc/cpuinfo", "flags").split())
    return [shown for flag, shown in (("avx2", "AVX2"), ("avx512f", "AVX-512")) if flag in flags]


def describe(polyak, folder):
    """Of the machine, and of the file system that `folder` lies on."""
    memory_kib = int(_field("/proc/meminfo", "MemTotal").split()[0])
    return {
        "date": datetime.date.today().isoformat(),
        "polyak": _said(os.fspath(polyak), "--version").removeprefix("polyak "),
        "revision": _said("git", "describe", "--always", "--dirty"),
        "processor": _field("/proc/cpuinfo", "model name"),
        "family": int(_field("/proc/cpuinfo", "cpu family")),
        "model": int(_field("/proc/cpuinfo", "model\t")),
        "vectors": _vectors(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_kib / (1 << 20), 1),
        "kernel": platform.release().split("-")[0],
        "file_system": _said("findmnt", "-n", "-o", "FSTYPE", "-T", os.fspath(folder)),
        "python": platform.python_version(),
        "peers": {module: version_of(module) for module in ("numpy", "h5py", "onnx", "torch")},
    }


def sentence(machine):
    """The same for people."""
    peers = ", ".join(f"{name} {version or 'not installed'}"
                      for name, version in machine["peers"].items())
    return (f"{machine['processor']} (family {machine['family']}, model {machine['model']}, "
            f"{' and '.join(machine['vectors']) or 'no AVX2'}), {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB, {machine['file_system']}, Linux {machine['kernel']}; "
            f"polyak {machine['polyak']}; Python {machine['python']}, {peers}; {machine['date']}")
