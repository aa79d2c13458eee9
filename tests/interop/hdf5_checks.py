"""Holds an average of HDF5 files against the library's own tools: what it says is there, but for
the elements, is what the template has; the elements are the exact means.
"""
import re
import shutil
import subprocess

import h5py

from hdf5_elements import (assert_mean, assert_same, bits_of, datasets_of, exact_mean, number_of)
from polyak_runner import FolderTest, need_program

RECORD = re.compile(r'^\s*ATTRIBUTE "polyak\d*" \{')
# Where chunks and first-written datasets lie, and how well they compress, may change.
PLACES = re.compile(r"^(\s*)(SIZE \d+( \([\d.]+:1 COMPRESSION\))?|OFFSET \d+)$")


# h5dump follows an object reference and shows the elements there.
REFERRED = re.compile(r'^\s*DATASET \d+ "')


def _without_records(lines):
    depth, before = 0, ""
    for line in lines:
        is_left_out = RECORD.match(line) or (REFERRED.match(before) and line.endswith("DATA {"))
        before = line
        if depth or is_left_out:
            depth += line.count("{") - line.count("}")
        else:
            yield line


def dump(path):
    """What h5dump says of everything but elements, places and polyak's record."""
    done = subprocess.run(["h5dump", "-A", "-p", path], check=True, capture_output=True)
    lines = done.stdout.decode("utf-8", "surrogateescape").splitlines()[1:]  # not the file's name
    return [PLACES.sub(r"\1", line) for line in _without_records(lines)]


def write_expected(template, inputs, path, is_kept=lambda name: False, weights=None):
    """By h5py: a copy of the template with the exact means in it."""
    shutil.copyfile(template, path)
    path.chmod(0o644)
    files = [h5py.File(name, "r") for name in inputs]
    with h5py.File(path, "r+") as file:
        for name, dataset in datasets_of(file).items():
            number = number_of(dataset)
            if number is None or is_kept(name) or not dataset.size:
                continue
            rows = [bits_of(one[name]) for one in files]
            places, bits = exact_mean(rows, number[0], weights)
            assert len(places) == len(rows[0]), f"{name} is too large"
            stored = bits.astype(f"{number[1]}u{number[0].bytes}")
            type_id = dataset.id.get_type()
            values = stored.view(f"V{type_id.get_size()}").reshape(dataset.shape)
            dataset.id.write(h5py.h5s.ALL, h5py.h5s.ALL, values, type_id)
    for file in files:
        file.close()
    return path


class Hdf5Test(FolderTest):
    def setUp(self):
        need_program("h5dump")
        super().setUp()

    def assert_same_structure(self, template, output):
        before, after = dump(template), dump(output)
        for line, (a, b) in enumerate(zip(before, after)):
            if a != b:
                context = "\n".join(before[max(0, line - 8):line])
                self.fail(f"{output}: h5dump says {b!r} where the template has {a!r}, behind\n"
                          f"{context}")
        self.assertEqual(len(before), len(after), output)

    def assert_averaged(self, inputs, output, template=None, is_kept=lambda name: False,
                        weights=None):
        """Every float dataset is the exact mean, or kept; everything else is the template's."""
        template = template or inputs[-1]
        files = [h5py.File(path, "r") for path in inputs]
        counts = {"mean": 0, "kept": 0}
        with h5py.File(template, "r") as kept, h5py.File(output, "r") as found:
            before, after = datasets_of(kept), datasets_of(found)
            self.assertEqual(list(before), list(after))
            for name, dataset in after.items():
                if number_of(dataset) is None or is_kept(name):
                    counts["kept"] += 1
                    assert_same(self, before[name], dataset, name)
                    continue
                counts["mean"] += 1
                assert_mean(self, [file[name] for file in files], dataset, name, weights)
        for file in files:
            file.close()
        return counts

    def assert_h5diff_agrees(self, output, expected):
        """But for lzf, which the tools can't read."""
        excluded = []
        with h5py.File(expected, "r") as file:
            for name, dataset in datasets_of(file).items():
                if dataset.compression == "lzf":
                    excluded += ["--exclude-path", f"/{name}"]
        done = subprocess.run(["h5diff", *excluded, output, expected], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, f"{done.stdout[:2000]}{done.stderr[:2000]}")

    def assert_comes_back(self, path, name="same.h5"):
        """Byte for byte, of itself."""
        output = self.average([path, path], name, "--no-provenance", "-f")
        self.assert_same_bytes(output.read_bytes(), path.read_bytes(), str(path))

    def repacked_size(self, path):
        packed = self.folder / "repacked.h5"
        subprocess.run(["h5repack", path, packed], check=True, capture_output=True)
        size = packed.stat().st_size
        packed.unlink()
        return size
