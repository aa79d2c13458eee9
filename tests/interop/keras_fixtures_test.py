"""Keras files of which no real one was found, built from what its source says: seeds, bfloat16,
quantized layers, split lists of names, old versions, shards.
"""
import json
import unittest

import h5py
import numpy

from json_documents import by_name, inspected
from keras_checks import KerasTest, arrays_of
from keras_files import (bfloat16, layer_config, legacy_order, model_config, pack,
                         quantized_policy, values, write_legacy, write_shards, write_weights)

def dense(k, name="dense"):
    return [values(k, f"{name}/0", (4, 3)), values(k, f"{name}/1", (3,))]


def int8(k, name, shape):
    return numpy.random.default_rng([k, *name.encode()]).integers(-128, 128, shape, "i1")


class WeightsTest(KerasTest):
    def trio(self, variables, config=None, **options):
        """Three checkpoints; `variables(k)` says what is in them. With a config, archives."""
        paths = []
        for k in range(3):
            path = write_weights(self.folder / f"{k}.weights.h5", variables(k), **options)
            paths.append(pack(self.folder / f"{k}.keras", path, config) if config else path)
        return paths

    def roles(self, path):
        return {name: entry["role"] for name, entry in by_name(inspected(path)).items()}


class WeightsFiles(WeightsTest):
    def test_seed_generators_are_kept_whatever_their_type(self):
        for kind in ("u4", "i8", "i4"):
            paths = self.trio(lambda k, kind=kind: {
                "layers/dense": dense(k), "layers/dropout": [],
                "layers/dropout/seed_generator": [numpy.array([7, k], kind)]})
            name = "layers/dropout/seed_generator/vars/0"
            output = self.average(paths, "mean", "-f")
            self.assertEqual(self.assert_keras_averaged(paths, output), {"mean": 2, "kept": 1})
            self.assertIn("seed", self.roles(paths[0])[name])

    def test_bfloat16_is_averaged(self):
        paths = self.trio(lambda k: {
            "layers/dense": [bfloat16(values(k, "a", (30, 20))), bfloat16(values(k, "b", (20,)))],
            "optimizer": [numpy.int64(k), numpy.float32(k)]})
        output = self.average(paths, "mean")
        self.assertEqual(self.assert_keras_averaged(paths, output), {"mean": 2, "kept": 2})
        self.assertEqual(by_name(inspected(paths[0]))["layers/dense/vars/0"]["dtype"], "bfloat16")
        self.assert_comes_back(paths[0])

    def test_two_bytes_that_nothing_says_are_bfloat16_are_kept(self):
        paths = []
        for k in range(2):
            paths.append(self.folder / f"{k}.weights.h5")
            with h5py.File(paths[-1], "w") as file:
                file["layers/dense/vars/0"] = values(k, "w", (3,))
                file["layers/dense/vars/1"] = bfloat16(values(0, "x", (3,)))
        output = self.average(paths, "mean")
        self.assertEqual(self.assert_keras_averaged(paths, output), {"mean": 1, "kept": 1})

    def test_moving_statistics_are_known(self):
        """With fewer variables where the layer has no scale or no centre."""
        for count in (2, 3, 4):
            paths = self.trio(lambda k, count=count: {
                "layers/dense": dense(k),
                "layers/batch_normalization": [values(k, f"bn{i}", (3,)) for i in range(count)]})
            roles = self.roles(paths[0])
            found = [roles[f"layers/batch_normalization/vars/{i}"] for i in range(count)]
            self.assertEqual(found, ["parameter"] * (count - 2) + ["running statistic"] * 2)
            output = self.average(paths, "mean", "-f")
            self.assertEqual(self.assert_keras_averaged(paths, output)["mean"], 2 + count)

    def test_optimizers_are_kept(self):
        inner = "optimizer/inner_optimizer"

        def variables(k):
            slots = [values(k, f"slot{i}", (4, 3)) for i in range(2)]
            own = [numpy.int64(100 + k), numpy.float32(k / 8), *slots]
            return {"layers/dense": dense(k), inner: own, "optimizer": [
                numpy.int64(100 + k), numpy.float32(0), numpy.int64(k), numpy.float32(32768 * k),
                *own]}
        paths = self.trio(variables)
        output = self.average(paths, "mean")
        self.assertEqual(self.assert_keras_averaged(paths, output), {"mean": 2, "kept": 12})
        roles = self.roles(paths[0])
        for name in ("optimizer/vars/4", f"{inner}/vars/0", f"{inner}/vars/2"):
            self.assertIn("optimizer", roles[name])

    def test_of_version_2_13_are_averaged(self):
        top = "_layer_checkpoint_dependencies"
        paths = self.trio(lambda k: {f"{top}/dense": dense(k), f"{top}/dense_1": dense(k, "d1"),
                                     f"{top}/flatten": [], "optimizer": [numpy.int64(k)]})
        output = self.average(paths, "mean")
        self.assertEqual(self.assert_keras_averaged(paths, output), {"mean": 4, "kept": 1})

    def test_with_chunked_datasets_are_averaged(self):
        paths = self.trio(lambda k: {"layers/dense": [values(k, "w", (70, 90))]}, chunks=(16, 32),
                          compression="gzip", shuffle=True)
        self.assert_keras_averaged(paths, self.average(paths, "mean"))
        self.assert_comes_back(paths[0])


class Quantized(WeightsTest):
    LAYERS = {
        "int8": lambda k: [int8(k, "w", (4, 3)), values(k, "b", (3,)), values(k, "s", (3,))],
        "int4": lambda k: [int8(k, "w", (2, 3)), values(k, "b", (3,)), values(k, "s", (3,)),
                           int8(k, "z", (3,)), values(0, "g", (4,))],
        "gptq": lambda k: [values(k, "b", (3,)), int8(k, "q", (2, 3)).view("u1"),
                           values(k, "s", (3,)), int8(k, "z", (3,)).view("u1"),
                           values(0, "g", (4,))],
        "float8": lambda k: [values(k, "w", (4, 3)), values(k, "b", (3,)),
                             numpy.float32(1 + k), values(k, "h1", (8,)), numpy.float32(2 + k),
                             values(k, "h2", (8,)), numpy.float32(3 + k), values(k, "h3", (8,))]}

    def check(self, mode, config):
        layer = self.LAYERS[mode]
        paths = self.trio(lambda k: {"layers/dense": layer(k), "layers/dense_1": dense(k, "x")},
                          config=config)
        error, hint = self.refused(*paths)
        self.assertRegex(error, "layers/dense/vars/.*quantized")
        self.assertIn("--quantized keep", hint)
        output = self.average(paths, "mean", "--quantized", "keep", "-f")

        def is_kept(name):
            return name.startswith("layers/dense/")
        self.assertEqual(self.assert_keras_averaged(paths, output, is_kept=is_kept)["mean"], 2)

    def test_layers_with_integer_kernels_are_refused_or_kept_whole(self):
        for mode in ("int8", "int4", "gptq"):
            with self.subTest(mode):
                self.check(mode, None)

    def test_layers_that_the_config_says_are_refused_or_kept_whole(self):
        for mode in self.LAYERS:
            with self.subTest(mode):
                self.check(mode, model_config(
                    layer_config("Dense", "dense", quantized_policy(mode), units=3),
                    layer_config("Dense", "dense_1", units=3)))


class LegacyFiles(KerasTest):
    def trio(self, make):
        return [make(self.folder / f"{k}.h5", k) for k in range(3)]

    @staticmethod
    def layers(k, first=0, suffix=":0"):
        def name(i):
            return f"dense_{first + i}" if first + i else "dense"
        return [(name(i), [(f"{name(i)}/kernel{suffix}", values(k, f"k{i}", (4, 4))),
                           (f"{name(i)}/bias{suffix}", values(k, f"b{i}", (4,)))])
                for i in range(12)]

    def assert_by_position(self, paths):
        error, hint = self.refused(*paths)
        self.assertIn("--match position", error + hint)
        output = self.average(paths, "mean", "--match", "position", "-f")
        files = [h5py.File(path, "r") for path in paths]
        orders = [legacy_order(file) for file in files]
        pairs = {row[-1]: row for row in zip(*orders, strict=True)}
        self.assert_paths_averaged(paths, output, pairs)
        self.assert_same_structure(paths[-1], output)

    def test_of_weights_only_are_averaged(self):
        """Also under the name of the newer kind: what is in them decides."""
        for suffix in ("h5", "weights.h5"):
            paths = [write_legacy(self.folder / f"{k}.{suffix}", self.layers(k)) for k in range(3)]
            output = self.average(paths, f"mean.{suffix}")
            self.assertEqual(self.assert_keras_averaged(paths, output)["mean"], 24)

    def test_of_version_1_are_averaged(self):
        def make(path, k):
            layers = [("dense_1", [("dense_1_W", values(k, "w", (4, 4))),
                                   ("dense_1_b", values(k, "b", (4,)))]),
                      ("batchnormalization_1", [
                          (f"batchnormalization_1_{name}", values(k, name, (4,)))
                          for name in ("gamma", "beta", "running_mean", "running_std")]),
                      ("activation_1", [])]
            return write_legacy(path, layers, keras_version=None)
        paths = self.trio(make)
        self.assertEqual(self.assert_keras_averaged(paths, self.average(paths, "mean"))["mean"], 6)

    def test_of_weights_only_are_matched_by_position(self):
        """dense_9 comes before dense_10 in the lists, behind it in the file."""
        self.assert_by_position(self.trio(
            lambda path, k: write_legacy(path, self.layers(k, first=4 * k))))

    def test_with_split_lists_of_names_are_matched_by_position(self):
        self.assert_by_position(self.trio(
            lambda path, k: write_legacy(path, self.layers(k, 5 * k), split=(0, 5, 3)[k])))

    def test_of_whole_models_keep_their_optimizer(self):
        def make(path, k):
            slots = [("iteration:0", numpy.int64(k)),
                     ("Adam/m/dense/kernel:0", values(k, "m", (4, 4))),
                     ("Adam/v/dense/kernel:0", values(k, "v", (4, 4)))]
            return write_legacy(path, self.layers(k), "model_weights", slots,
                                config={"class_name": "Sequential", "config": {"layers": []}})
        paths = self.trio(make)
        output = self.average(paths, "mean")
        self.assertEqual(self.assert_keras_averaged(paths, output), {"mean": 24, "kept": 3})

    def test_of_whole_models_with_counters_keep_their_optimizer(self):
        def make(path, k):
            first = 7 * k
            slots = [("iteration:0", numpy.int64(k)),
                     (f"Adam/m/dense_{first + 1}/kernel:0", values(k, "m", (4, 4)))]
            return write_legacy(path, self.layers(k, first), "model_weights", slots)
        self.assert_by_position(self.trio(make))

    def test_moving_statistics_are_known_by_name(self):
        def make(path, k):
            names = ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0")
            weights = [(f"bn/{name}", values(k, name, (4,))) for name in names]
            return write_legacy(path, [("bn", weights)], "model_weights")
        path = self.trio(make)[0]
        roles = {name.rpartition("/")[2]: entry["role"]
                 for name, entry in by_name(inspected(path)).items()}
        self.assertEqual(roles, {"gamma:0": "parameter", "beta:0": "parameter",
                                 "moving_mean:0": "running statistic",
                                 "moving_variance:0": "running statistic"})

    def test_that_lack_a_layer_are_refused_by_position(self):
        paths = [write_legacy(self.folder / "a.h5", self.layers(0)),
                 write_legacy(self.folder / "b.h5", self.layers(1, 5)[:-1])]
        for order in (paths, paths[::-1]):
            self.refused(*order, "--match", "position")


class Shards(KerasTest):
    @staticmethod
    def variables(k):
        return {"layers/dense": dense(k), "layers/dense_1": dense(k, "d1"),
                "layers/dense_2": dense(k, "d2")}

    def sharded(self, k):
        """The second layer lies half in one file, half in another."""
        everything = self.variables(k)
        folder = self.folder / f"in{k}"
        path = write_shards(folder, "model", [
            {"layers/dense": everything["layers/dense"],
             "layers/dense_1": everything["layers/dense_1"][:1]},
            {"layers/dense_2": everything["layers/dense_2"]}],
            {"/layers/dense/vars": "model_00000.weights.h5",
             "/layers/dense_1/vars": ["model_00000.weights.h5", "model_00001.weights.h5"],
             "/layers/dense_2/vars": "model_00001.weights.h5"})
        with h5py.File(folder / "model_00001.weights.h5", "r+") as file:
            file["layers/dense_1/vars/1"] = everything["layers/dense_1"][1]
        return path

    @staticmethod
    def files_of(index):
        document = json.loads(index.read_text())
        names = [entry if isinstance(entry, list) else [entry]
                 for entry in document["weight_map"].values()]
        return sorted({index.parent / name for entry in names for name in entry})

    def test_are_averaged_each_into_its_file(self):
        indexes = [self.sharded(k) for k in range(3)]
        (self.folder / "out").mkdir()
        output = self.average(indexes, "out/model.weights.json")
        self.assertEqual(json.loads(output.read_text())["weight_map"],
                         json.loads(indexes[-1].read_text())["weight_map"])
        self.assertEqual(sorted(path.name for path in output.parent.iterdir()),
                         sorted(path.name for path in indexes[-1].parent.iterdir()))
        means = 0
        for place, path in enumerate(self.files_of(output)):
            inputs = [self.files_of(index)[place] for index in indexes]
            means += self.assert_averaged(inputs, path)["mean"]
            self.assert_same_structure(inputs[-1], path)
        self.assertEqual(means, 6)

    def test_of_themselves_come_back(self):
        index = self.sharded(0)
        (self.folder / "out").mkdir()
        output = self.average([index, index], "out/model.weights.json", "--no-provenance")
        for path in [index, *self.files_of(index)]:
            self.assert_same_bytes((output.parent / path.name).read_bytes(), path.read_bytes())

    def test_and_a_file_with_all_average_together(self):
        index = self.sharded(0)
        whole = write_weights(self.folder / "whole.weights.h5", self.variables(1))
        output = self.average([index, whole], "mean.weights.h5")
        found = arrays_of(output)
        for layer, arrays in self.variables(0).items():
            for i, (a, b) in enumerate(zip(arrays, self.variables(1)[layer])):
                mean = ((a.astype("f8") + b) / 2).astype("f4")
                numpy.testing.assert_array_equal(found[f"{layer}/vars/{i}"], mean)

    def test_that_are_missing_or_elsewhere_are_refused(self):
        index = self.sharded(0)
        text = index.read_text()
        for name in ("../in1/model_00000.weights.h5", "/etc/passwd", "model_00007.weights.h5",
                     "", "."):
            index.write_text(text.replace("model_00001.weights.h5", name))
            self.refused(index, index)
        for broken in (text[:-20], "[]", '{"weight_map": 1}', '{"weight_map": {"a": {}}}',
                       '{"metadata": {}}', text.replace("/layers/dense/vars", "/layers/none/vars")):
            index.write_text(broken)
            self.refused(index, index)


if __name__ == "__main__":
    unittest.main()
