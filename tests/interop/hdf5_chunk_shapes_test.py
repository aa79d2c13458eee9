"""Inputs stored in chunks of any shapes, each otherwise: the exact mean all the same, and inspect's
and diff's figures too. Sharded and paged files that a folder or a record meets.
"""
import json
import unittest

import h5py
import numpy

from hdf5_checks import Hdf5Test
from polyak_runner import IS_FULL, run

# Whole numbers below 2^20: their mean by two is exact in float64, and float32 holds it.
MOST = 1 << 20


class ChunkShapes(Hdf5Test):
    def write(self, path, arrays, random):
        with h5py.File(path, "w", libver=random.choice(["earliest", "latest"])) as file:
            for name, array in arrays.items():
                chunks = tuple(int(random.integers(1, size + 1)) for size in array.shape)
                filters = random.choice(["none", "gzip", "lzf", "contiguous"])
                options = {"gzip": {"compression": "gzip", "compression_opts": 1, "shuffle": True},
                           "lzf": {"compression": "lzf"}}.get(filters, {})
                if filters != "contiguous":
                    options["chunks"] = chunks
                file.create_dataset(name, data=array, **options)
        return path

    def inputs(self, random):
        shapes = {f"w{i}": tuple(int(random.integers(1, 40)) for _ in range(random.integers(1, 4)))
                  for i in range(8)}
        values = [{name: random.integers(-MOST, MOST, shape).astype("f4")
                   for name, shape in shapes.items()} for _ in range(2)]
        for arrays in values:  # what isn't averaged is compared, chunk by chunk
            arrays["steps"] = numpy.arange(60).reshape(5, 12)
        return values, [self.write(self.folder / f"{k}.h5", arrays, random)
                        for k, arrays in enumerate(values)]

    def test_of_inputs_differ_and_the_mean_is_exact(self):
        random = numpy.random.default_rng(26)
        for k in range(400 if IS_FULL else 40):
            values, paths = self.inputs(random)
            output = self.average(paths, "mean.h5", "-f")
            with h5py.File(output, "r") as file:
                for name in values[0]:
                    mean = (values[0][name].astype("f8") + values[1][name]) / 2
                    numpy.testing.assert_array_equal(file[name][()], mean, f"{name}, {k}")

    def test_do_not_matter_to_diff(self):
        random = numpy.random.default_rng(27)
        for _ in range(100 if IS_FULL else 15):
            values, paths = self.inputs(random)
            other = self.write(self.folder / "other.h5", values[0], random)
            self.assertEqual(run("diff", paths[0], other).status, 0)

    def test_where_an_edge_is_as_long_as_another_files_chunk(self):
        paths = []
        for k, chunks in enumerate([(3, 5), (3, 6)]):
            paths.append(self.folder / f"{k}.h5")
            with h5py.File(paths[-1], "w") as file:
                file.create_dataset("w", data=numpy.arange(69, dtype="f4").reshape(3, 23) * (k + 1),
                                    chunks=chunks, compression="gzip")
        output = self.average(paths, "mean.h5")
        with h5py.File(output, "r") as file:
            numpy.testing.assert_array_equal(file["w"][()],
                                             numpy.arange(69).reshape(3, 23) * 1.5)


class PagedFiles(Hdf5Test):
    def test_get_a_record_and_new_chunks(self):
        paths = []
        for k in range(2):
            paths.append(self.folder / f"{k}.h5")
            creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
            creation.set_file_space_strategy(h5py.h5f.FSPACE_STRATEGY_PAGE, k == 1, 1)
            h5py.h5f.create(bytes(paths[-1]), h5py.h5f.ACC_TRUNC, creation).close()
            noise = numpy.random.default_rng(k).random((50, 50), "f4")
            with h5py.File(paths[-1], "a") as file:
                file.create_dataset("w", data=noise, chunks=(10, 10), compression="gzip")
                file["v"] = numpy.full(10, k, "f4")
        output = self.average(paths, "mean.h5")
        with h5py.File(output, "r") as file, h5py.File(paths[0]) as a, h5py.File(paths[1]) as b:
            mean = ((a["w"][()].astype("f8") + b["w"][()]) / 2).astype("f4")
            numpy.testing.assert_array_equal(file["w"][()], mean)
            self.assertEqual(file["v"][()].tolist(), [0.5] * 10)
            self.assertIn("polyak", file.attrs)


class AttributesOfOthers(Hdf5Test):
    def test_that_are_called_like_parts_of_a_record_stay(self):
        paths = []
        for k in range(2):
            paths.append(self.folder / f"{k}.h5")
            with h5py.File(paths[-1], "w") as file:
                file["w"] = numpy.full(3, k, "f4")
                file.attrs["polyak1"] = "mine"
        output = self.average(paths, "mean.h5")
        again = self.average([output, output], "again.h5")
        for path in (output, again):
            with h5py.File(path, "r") as file:
                self.assertEqual(file.attrs["polyak1"], "mine")
                self.assertEqual(json.loads(file.attrs["polyak"])["method"], "uniform")


class FoldersOfShards(Hdf5Test):
    def write_step(self, k):
        names = [f"step{k}_{i:05d}.weights.h5" for i in range(2)]
        for i, name in enumerate(names):
            with h5py.File(self.run / name, "w") as file:
                file[f"layers/dense_{i}/vars/0"] = numpy.full(4, k + 10 * i, "f4")
        weight_map = {f"/layers/dense_{i}/vars": name for i, name in enumerate(names)}
        (self.run / f"step{k}.weights.json").write_text(
            json.dumps({"metadata": {"total_size": 1.0}, "weight_map": weight_map}))

    def setUp(self):
        super().setUp()
        self.run = self.folder / "run"
        self.run.mkdir()
        for k in range(3):
            self.write_step(k)

    def test_hold_whole_checkpoints_only(self):
        output = self.folder / "out" / "mean.weights.json"
        output.parent.mkdir()
        for options in ([], ["-f"]):
            result = run("average", self.run, "--last", "2", "-o", output, "--strict", *options)
            self.assertEqual(result.status, 0, result.stderr)
            names = json.loads(output.read_text())["weight_map"].values()
            for i, name in enumerate(names):
                with h5py.File(output.parent / name, "r") as file:
                    self.assertEqual(file[f"layers/dense_{i}/vars/0"][()].tolist(),
                                     [1.5 + 10 * i] * 4)

    def test_are_refused_beside_their_parts(self):
        result = run("average", f"{self.run}/*", "-o", self.folder / "mean.json")
        self.assertEqual(result.status, 2)
        self.assertIn("is a part of", result.stderr)


if __name__ == "__main__":
    unittest.main()
