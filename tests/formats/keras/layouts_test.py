"""Legacy files joined by position, sharded weights, quantized layers and seeds."""
import json
import unittest

import h5py
import keras_files
import numpy as np
from keras_files import config, datasets, layer, mean, model, weights
from polyak_runner import FolderTest, run


def legacy(path, counter, seed, split=False):
    """A whole model by Keras 2: three dense layers, numbered from `counter` on."""
    names = [f"dense_{counter + i}" for i in range(3)]
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights")
        for i, name in enumerate(names):
            group = root.create_group(name)
            group[f"{name}/kernel:0"] = layer(seed + i, 4, 4)
            group[f"{name}/bias:0"] = layer(seed + 10 + i, 4)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
        encoded = [name.encode() for name in names]
        if split:
            root.attrs["layer_names0"], root.attrs["layer_names1"] = encoded[:1], encoded[1:]
        else:
            root.attrs["layer_names"] = encoded
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.15.0"
        file["optimizer_weights/iteration:0"] = np.int64(seed)
    return path


class PositionTest(FolderTest):
    def test_pairs_layers_of_other_numbers_in_the_order_of_loading(self):
        # dense_9 comes before dense_10 for Keras, and behind it by name.
        for split in (False, True):
            with self.subTest(split=split):
                a = legacy(self.folder / f"a{split}.h5", 9, 1, split)
                b = legacy(self.folder / f"b{split}.h5", 2, 50)
                refused = run("average", a, b, "-o", self.folder / "x.h5")
                self.assertEqual(refused.status, 1)
                self.assertIn("--match position", refused.stderr)
                out = datasets(self.average([a, b], f"o{split}.h5", "--match", "position", "-q"))
                old, new = datasets(a), datasets(b)
                for i in range(3):
                    for weight in ("kernel:0", "bias:0"):
                        of_a = f"model_weights/dense_{9 + i}/dense_{9 + i}/{weight}"
                        of_b = f"model_weights/dense_{2 + i}/dense_{2 + i}/{weight}"
                        self.assertEqual(out[of_b].tobytes(), mean(old[of_a], new[of_b]).tobytes())
                self.assertEqual(out["optimizer_weights/iteration:0"], 50)

    def test_is_refused_where_there_is_no_order(self):
        for k in (1, 2):
            (self.folder / f"{k}.weights.h5").write_bytes(weights(model(k)))
        result = run("average", self.folder / "1.weights.h5", self.folder / "2.weights.h5", "-o",
                     self.folder / "o.weights.h5", "--match", "position")
        self.assertEqual(result.status, 1)
        self.assertIn("does not say in which order", result.stderr)


class ShardsTest(FolderTest):
    def sharded(self, base, seed, indent=4):
        """Two shards and their index; returns its path and all datasets."""
        whole = model(seed, seed)
        groups = sorted({name.rsplit("/", 1)[0] for name in whole})
        names = [f"{base}_00000.weights.h5", f"{base}_00001.weights.h5"]
        parts, weight_map = [{}, {}], {}
        for number, group in enumerate(groups):
            members = [name for name in whole if name.rsplit("/", 1)[0] == group]
            both = group == "layers/dense/vars"
            for k, name in enumerate(members):
                parts[k if both else number % 2][name] = whole[name]
            weight_map["/" + group] = names if both else names[number % 2]
        for name, part in zip(names, parts):
            (self.folder / name).write_bytes(weights(part))
        index = self.folder / f"{base}.weights.json"
        index.write_text(json.dumps({"metadata": {"total_size": 1.0}, "weight_map": weight_map},
                                    indent=indent))
        return index, whole

    def test_average_to_shards_named_after_the_output(self):
        a, of_a = self.sharded("a", 1)
        b, of_b = self.sharded("b", 2)
        out = self.average([a, b], "out.weights.json", "-q")
        self.assertEqual(out.read_text(), b.read_text().replace('"b_0', '"out_0'))
        found = {}
        for number in range(2):
            found.update(datasets(self.folder / f"out_0000{number}.weights.h5"))
        self.assertEqual(found.keys(), of_b.keys())
        for name, values in found.items():
            expected = mean(of_a[name], of_b[name]) if keras_files.is_averaged(name) \
                else np.asarray(of_b[name])
            self.assertEqual(values.tobytes(), expected.tobytes(), name)
        out.unlink()
        again = run("average", a, b, "-o", out)
        self.assertEqual(again.status, 2)
        self.assertIn("exists already, and a shard of the output would go there", again.stderr)
        self.average([a, b], "out.weights.json", "-q", "-f")
        self.assertEqual(out.read_text(), b.read_text().replace('"b_0', '"out.2_0'))
        for number in range(2):
            first, second = (self.folder / f"{name}_0000{number}.weights.h5"
                             for name in ("out", "out.2"))
            self.assertEqual(second.read_bytes(), first.read_bytes())

    def test_average_with_weights_that_are_whole(self):
        a, of_a = self.sharded("a", 1)
        whole = self.folder / "w.weights.h5"
        whole.write_bytes(weights(model(2, 2)))
        out = datasets(self.average([a, whole], "out.weights.h5", "-q"))
        name = "layers/dense/vars/1"
        self.assertEqual(out[name].tobytes(), mean(of_a[name], model(2, 2)[name]).tobytes())

    def refusal(self, change):
        index, _ = self.sharded("s", 1)
        document = json.loads(index.read_text())
        change(document)
        index.write_text(json.dumps(document))
        result = run("inspect", index)
        self.assertEqual(result.status, 1)
        self.assertEqual(len(result.lines("polyak: error: ")), 1)
        return result.stderr

    def test_an_index_that_is_wrong_is_refused(self):
        def point_to(name):
            return lambda document: document["weight_map"].__setitem__("/vars", name)
        self.assertIn("shard 'gone_0.weights.h5': cannot open",
                      self.refusal(point_to("gone_0.weights.h5")))
        self.assertIn("outside", self.refusal(point_to("../s.weights.h5")))
        self.assertIn("outside", self.refusal(point_to("/etc/s.weights.h5")))
        self.assertIn("has no variables of 'vars'", self.refusal(point_to("s_00000.weights.h5")))
        (self.folder / "t.weights.h5").write_bytes(weights({"layers/dense/vars/0": layer(1, 8, 4),
                                                            "vars/0": layer(2, 2)}))
        self.assertIn("two datasets are called 'layers/dense/vars/0'",
                      self.refusal(point_to("t.weights.h5")))
        (self.folder / "link.weights.h5").symlink_to("/etc/hostname")
        self.assertIn("outside", self.refusal(point_to("link.weights.h5")))


class RolesTest(FolderTest):
    def pair(self, make):
        paths = []
        for k in (1, 2):
            paths.append(self.folder / f"{k}.weights.h5")
            paths[-1].write_bytes(weights(make(k)))
        return paths

    def roles(self, path, *options):
        tensors = json.loads(self.polyak("inspect", path, "--json", *options).stdout)["tensors"]
        return {tensor["name"]: tensor["role"] for tensor in tensors}

    def test_seeds_are_the_templates_with_a_warning(self):
        a, b = self.pair(lambda k: model(k, k))
        self.assertEqual(self.roles(a)["layers/dropout/seed_generator/vars/0"], "seed")
        self.assertEqual(self.roles(a)["layers/batch_normalization/vars/3"], "running statistic")
        out = self.folder / "o.weights.h5"
        result = self.polyak("average", a, b, "-o", out)
        self.assertIn("seed_generator/vars/0: kept from the template", result.stderr)
        self.assertEqual(list(datasets(out)["layers/dropout/seed_generator/vars/0"]), [9, 2])

    def test_quantized_layers_are_refused_or_kept_whole(self):
        def quantized(k):
            return {"layers/dense/vars/0": np.full((4, 4), k, "i1"),
                    "layers/dense/vars/1": layer(k, 4), "layers/dense/vars/2": layer(k + 5, 4),
                    "layers/dense_1/vars/0": layer(k + 9, 4, 4)}
        a, b = self.pair(quantized)
        refused = run("average", a, b, "-o", self.folder / "o.weights.h5")
        self.assertEqual(refused.status, 1)
        self.assertIn("is quantized", refused.stderr)
        out = datasets(self.average([a, b], "o.weights.h5", "--quantized", "keep", "-q"))
        for name, values in quantized(2).items():
            expected = mean(quantized(1)[name], values) if "dense_1" in name else values
            self.assertEqual(out[name].tobytes(), expected.tobytes(), name)

    def test_a_quantized_policy_in_the_configuration_counts(self):
        path = self.folder / "q.keras"
        keras_files.archive(path, weights({"layers/dense/vars/0": layer(1, 4)}))
        self.assertEqual(self.roles(path)["layers/dense/vars/0"], "parameter")
        original = keras_files.config
        self.addCleanup(setattr, keras_files, "config", original)
        keras_files.config = lambda: config("float8_from_float32")
        keras_files.archive(path, weights({"layers/dense/vars/0": layer(1, 4)}))
        self.assertEqual(self.roles(path)["layers/dense/vars/0"], "quantized")


if __name__ == "__main__":
    unittest.main()
