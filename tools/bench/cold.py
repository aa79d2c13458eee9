"""Cold files: what the page cache has of the inputs is dropped before each run.

These figures are the disk's as much as polyak's; they have no goals and decide nothing.
"""
import os
import pathlib

DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")


def drop(files):
    """Of these files, and where one may (root) of all."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    if os.access(DROP_CACHES, os.W_OK):
        DROP_CACHES.write_text("3")
