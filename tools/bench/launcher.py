"""Runs one command after the other and says what the kernel counted of each.

A process's peak of resident memory begins with that of the process it was started from. So what is
measured is started from this small program, which imports next to nothing: its 9 MiB are the least
that a figure can be. measure.py starts it and talks to it, one line of JSON each way.
"""
import json
import os
import sys
import time

NOTHING = os.devnull


def run(command, folder, errors):
    """Standard error goes to the file `errors`; what the command prints is thrown away."""
    os.chdir(folder)
    files = [(os.POSIX_SPAWN_OPEN, 0, NOTHING, os.O_RDONLY, 0),
             (os.POSIX_SPAWN_OPEN, 1, NOTHING, os.O_WRONLY, 0),
             (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    start = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(child, 0)
    return {"seconds": time.monotonic() - start, "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_mib": usage.ru_maxrss / 1024, "status": os.waitstatus_to_exitcode(status)}


for line in sys.stdin:
    print(json.dumps(run(**json.loads(line))), flush=True)
