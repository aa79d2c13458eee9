"""Holds averages of Keras files against the exact mean by h5py, and archives against zipfile."""
import zipfile

import h5py
import numpy

from hdf5_checks import Hdf5Test
from hdf5_elements import assert_mean, assert_same, datasets_of
from keras_files import WEIGHTS_MEMBER, unpack
from polyak_runner import run


def is_optimizer(name):
    return name.startswith(("optimizer/", "optimizer_weights/"))


class KerasTest(Hdf5Test):
    def hdf5_of(self, path):
        """The HDF5 file that a path is, or has inside."""
        if not zipfile.is_zipfile(path):
            return path
        return unpack(path, self.folder / f"unpacked_{path.parent.name}_{path.name}.h5")

    def assert_keras_averaged(self, inputs, output, template=None, is_kept=is_optimizer):
        """As assert_averaged, for archives too; kept is what an optimizer has."""
        plain = [self.hdf5_of(path) for path in inputs]
        counts = self.assert_averaged(plain, self.hdf5_of(output),
                                      self.hdf5_of(template or inputs[-1]), is_kept)
        self.assertGreater(counts["mean"], 0)
        template = template or inputs[-1]
        if zipfile.is_zipfile(template):
            self.assert_archive(template, output)
        return counts

    def assert_archive(self, template, output, has_record=True):
        """Opens with CRCs that are right; only the weights are others, and a record is added."""
        with zipfile.ZipFile(template) as before, zipfile.ZipFile(output) as after:
            self.assertIsNone(after.testzip())
            old, new = before.namelist(), after.namelist()
            self.assertEqual(len(new), len(set(new)))
            self.assertEqual(new[:len(old)], old)
            self.assertEqual(len(new) - len(old), int(has_record), new)
            for name in old:
                if name != WEIGHTS_MEMBER:
                    self.assertEqual(after.read(name), before.read(name), name)
                self.assertEqual(after.getinfo(name).date_time, before.getinfo(name).date_time)
            if has_record:
                self.assertIn("polyak", new[-1])
                self.assertIn(b'"method"', after.read(new[-1]))

    def assert_paths_averaged(self, inputs, output, pairs):
        """`pairs`: for each dataset of the output that must be the mean, its path in every input.
        Everything else is the output's last input's."""
        plain = [self.hdf5_of(path) for path in inputs]
        files = [h5py.File(path, "r") for path in plain]
        with h5py.File(self.hdf5_of(output), "r") as found:
            for name, dataset in datasets_of(found).items():
                if name in pairs:
                    sources = [file[path] for file, path in zip(files, pairs[name], strict=True)]
                    assert_mean(self, sources, dataset, name)
                else:
                    assert_same(self, files[-1][name], dataset, name)

    def refused(self, *arguments):
        """The error's line and the hint, of an average that must be refused."""
        output = self.folder / "refused"
        result = run("average", *arguments, "-o", output)
        self.assertEqual(result.status, 1, result)
        errors = result.lines("polyak: error: ")
        self.assertEqual(len(errors), 1, result.stderr)
        self.assertFalse(output.exists())
        self.assertEqual([path for path in self.folder.iterdir() if ".polyak-" in path.name], [])
        return errors[0], "\n".join(result.lines("polyak: hint: "))


def arrays_of(path):
    with h5py.File(path, "r") as file:
        return {name: numpy.array(dataset[()]) for name, dataset in datasets_of(file).items()}
