"""Files that Keras wrote, in place: each pair's average is the exact mean by h5py."""
import unittest
import zipfile

from keras_files import datasets, is_averaged, mean, weights_in
from polyak_runner import FolderTest, run, shared


class RealFilesTest(FolderTest):
    def check(self, found, inputs):
        """Of {path: array}; the last is the template."""
        self.assertEqual(found.keys(), inputs[-1].keys())
        for name, values in found.items():
            expected = mean(*(one[name] for one in inputs)) if is_averaged(name) \
                else inputs[-1][name]
            self.assertEqual(values.tobytes(), expected.tobytes(), name)

    def test_weights_and_whole_models(self):
        folder = shared("keras")
        for names in (["ddqn_1.weights.h5", "ddqn_2.weights.h5", "ddqn_3.weights.h5"],
                      ["churn_a.h5", "churn_b.h5"]):
            with self.subTest(names=names):
                inputs = [folder / name for name in names]
                out = self.average(inputs, "o" + names[0], "-q")
                self.check(datasets(out), [datasets(path) for path in inputs])

    def test_counters_are_matched_by_position(self):
        a, b = shared("keras") / "counters_a.h5", shared("keras") / "counters_b.h5"
        refused = run("average", a, b, "-o", self.folder / "x.h5")
        self.assertEqual(refused.status, 1)
        self.assertIn("--match position", refused.stderr)
        out = datasets(self.average([a, b], "o.h5", "--match", "position", "-q"))
        of_a, of_b = datasets(a), datasets(b)
        for i in range(3):
            for weight in ("kernel:0", "bias:0"):
                first = of_a[f"model_weights/dense_{9 + i}/dense_{9 + i}/{weight}"]
                name = f"model_weights/dense_{3 + i}/dense_{3 + i}/{weight}"
                self.assertEqual(out[name].tobytes(), mean(first, of_b[name]).tobytes())

    def test_archives(self):
        folder = shared("keras")
        a, b = folder / "mnist_last.keras", folder / "mnist_whole.keras"
        out = self.average([a, b], "o.keras", "-q")
        self.check(weights_in(out), [weights_in(a), weights_in(b)])
        with zipfile.ZipFile(out) as found, zipfile.ZipFile(b) as template:
            self.assertIsNone(found.testzip())
            for name in ("metadata.json", "config.json"):
                self.assertEqual(found.read(name), template.read(name))
        alone = folder / "mnist.weights.h5"
        out = self.average([alone, a], "o2.keras", "-q")
        self.check(weights_in(out), [datasets(alone), weights_in(a)])
        out = self.average([a, alone], "o2.weights.h5", "-q")
        self.check(datasets(out), [weights_in(a), datasets(alone)])

    def test_each_averaged_with_itself_is_itself(self):
        for path in sorted(shared("keras").iterdir()):
            if path.suffix not in (".h5", ".keras"):
                continue
            with self.subTest(path=path.name):
                out = self.average([path, path], "s-" + path.name, "-q", "--no-provenance")
                self.assert_same_bytes(out.read_bytes(), path.read_bytes())

    def test_batch_normalization_is_recognised(self):
        shown = self.polyak("inspect", shared("keras") / "batchnorm.keras").stdout
        self.assertIn("running variance", shown)
        self.assertIn("keras_version 3.9.0", shown)


if __name__ == "__main__":
    unittest.main()
