"""File systems of a test's own: small ones in memory, and images on loop devices, which can lose
power. They need root.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

# <linux/fs.h> has neither; the number is the same for ext4 and xfs.
SHUT_DOWN = 0x8004587d  # _IOR('X', 125, __u32)
WITHOUT_THE_LOG = 2     # what isn't on the disk is lost
MIB = 1 << 20
# mkfs.xfs refuses anything smaller.
IMAGE_BYTES = {"ext4": 64 * MIB, "xfs": 320 * MIB}


def _run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def _need_mounts(what, *options):
    if os.geteuid() != 0:
        raise unittest.SkipTest(f"{what} needs root")
    probe = tempfile.mkdtemp(prefix="polyak-mount-")
    try:
        done = _run("mount", "-t", "tmpfs", *options, "tmpfs", probe)
        if done.returncode != 0:
            raise unittest.SkipTest(f"{what} needs mounts: {done.stderr.strip()}")
        _run("umount", probe)
    finally:
        os.rmdir(probe)


def need_small_disks():
    _need_mounts("a full disk")


def need_disk_images(kind):
    _need_mounts("a power cut")
    if shutil.which(f"mkfs.{kind}") is None:
        raise unittest.SkipTest(f"a power cut needs mkfs.{kind}")
    image = DiskImage(kind)
    try:
        image.mount()
    except subprocess.CalledProcessError as error:
        raise unittest.SkipTest(f"a power cut needs loop devices and {kind}: {error.stderr}")
    finally:
        image.remove()


@contextlib.contextmanager
def memory_disk(**options):
    """Its folder; options as of mount(8)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-mount-"))
    text = ",".join(f"{name}={value}" for name, value in options.items())
    subprocess.run(["mount", "-t", "tmpfs", "-o", text or "rw", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


class DiskImage:
    """A file with a file system, mounted on a folder."""

    def __init__(self, kind):
        self.kind = kind
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="polyak-disk-"))
        self.folder = self.home / "mounted"
        self.folder.mkdir()
        self.image = self.home / "image"
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_BYTES[kind])
        subprocess.run([f"mkfs.{kind}", "-q", self.image], check=True, capture_output=True)
        self.is_mounted = False

    def mount(self):
        # Without discard: what a file once had must not turn into zeros of itself.
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True,
                       capture_output=True, text=True)
        self.is_mounted = True

    def unmount(self):
        if self.is_mounted:
            subprocess.run(["umount", self.folder], check=True, capture_output=True)
        self.is_mounted = False

    def cut_power(self):
        """From here on nothing reaches the disk; then it is mounted again."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUT_DOWN, struct.pack("I", WITHOUT_THE_LOG))
        finally:
            os.close(folder)
        self.unmount()
        self.mount()

    def remove(self):
        self.unmount()
        shutil.rmtree(self.home)
