"""Real Keras files, read in place: pairs and sets of one network average to the exact mean."""
import unittest
import zipfile

import h5py

from keras_checks import KerasTest, is_optimizer
from keras_files import legacy_order
from polyak_runner import run, shared


class RealFiles(KerasTest):
    def setUp(self):
        self.keras = shared("keras")
        super().setUp()

    def paths(self, *names):
        return [self.keras / name for name in names]

    def test_of_a_network_trained_in_mixed_precision(self):
        """Its optimizer's variables are there twice; both copies are kept."""
        paths = self.paths(*(f"ddqn_{k}.weights.h5" for k in (1, 2, 3)))
        for chosen in (paths, paths[:2], paths[1:], paths[::2]):
            output = self.average(chosen, "mean.weights.h5", "-f")
            counts = self.assert_keras_averaged(chosen, output)
            self.assertEqual(counts, {"mean": 10, "kept": 48})
            self.assert_same_structure(chosen[-1], output)

    def test_of_legacy_whole_models(self):
        paths = self.paths("churn_a.h5", "churn_b.h5")
        for chosen in (paths, paths[::-1]):
            output = self.average(chosen, "mean.h5", "-f")
            counts = self.assert_keras_averaged(chosen, output)
            self.assertEqual(counts["mean"], 6)
            self.assert_same_structure(chosen[-1], output)

    def test_whose_layers_have_other_numbers_are_matched_by_position(self):
        paths = self.paths("counters_a.h5", "counters_b.h5")
        for chosen in (paths, paths[::-1]):
            error, hint = self.refused(*chosen)
            self.assertIn("--match position", error + hint)
            output = self.average(chosen, "mean.h5", "--match", "position", "-f")
            with h5py.File(chosen[0], "r") as first, h5py.File(chosen[1], "r") as second:
                pairs = {b: (a, b) for a, b in zip(legacy_order(first), legacy_order(second),
                                                   strict=True)}
            self.assertEqual(len(pairs), 6)
            self.assert_paths_averaged(chosen, output, pairs)
            self.assert_same_structure(chosen[-1], output)

    def test_in_archives(self):
        paths = self.paths("mnist_last.keras", "mnist_whole.keras")
        for chosen in (paths, paths[::-1]):
            output = self.average(chosen, "mean.keras", "-f")
            self.assertEqual(self.assert_keras_averaged(chosen, output)["mean"], 6)
            plain = self.average(chosen, "plain.keras", "-f", "--no-provenance")
            self.assert_archive(chosen[-1], plain, has_record=False)
            self.assertEqual(plain.stat().st_size, chosen[-1].stat().st_size)

    def test_in_an_archive_and_in_a_weights_file_average_together(self):
        archive, other, weights = self.paths("mnist_last.keras", "mnist_whole.keras",
                                             "mnist.weights.h5")
        for chosen in ([archive, weights], [weights, archive], [archive, weights, other]):
            for template in ("first", "last"):
                output = self.average(chosen, "mean", "-f", "--template", template)
                is_first = template == "first"
                self.assert_keras_averaged(chosen, output, chosen[0] if is_first else chosen[-1])
                self.assertEqual(zipfile.is_zipfile(output), zipfile.is_zipfile(
                    chosen[0 if is_first else -1]))

    def test_with_moving_statistics(self):
        """Averaged as parameters are, with a second checkpoint made of the first."""
        path = self.keras / "batchnorm.keras"
        changed = self.folder / "changed.keras"
        weights = self.hdf5_of(path)
        with h5py.File(weights, "r+") as file:
            for i in range(4):
                file[f"layers/batch_normalization/vars/{i}"][...] += 0.125
            file["layers/dense/vars/0"][...] *= 0.75
            file["optimizer/vars/2"][...] += 1
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
            for member in old.infolist():
                data = weights.read_bytes() if member.filename.endswith(".h5") else old.read(member)
                new.writestr(member, data)
        for chosen in ([changed, path], [path, changed]):
            output = self.average(chosen, "mean.keras", "-f")
            self.assertEqual(self.assert_keras_averaged(chosen, output)["mean"], 14)

    def test_of_themselves_come_back_byte_for_byte(self):
        for path in sorted(self.keras.iterdir()):
            if path.suffix in (".h5", ".keras"):
                self.assert_comes_back(path, "same")
                averaged = self.average([path, path], "recorded", "-f")
                self.assert_keras_averaged([path, path], averaged)

    def test_show_what_they_hold(self):
        for path in sorted(self.keras.iterdir()):
            if path.suffix in (".h5", ".keras"):
                result = run("inspect", path)
                self.assertEqual((result.status, result.stderr), (0, ""), path)

    def test_of_other_networks_are_refused(self):
        names = ("ddqn_1.weights.h5", "churn_a.h5", "mnist_last.keras", "batchnorm.keras")
        for a, b in zip(names, names[1:]):
            self.refused(*self.paths(a, b))
            self.refused(*self.paths(a, b), "--match", "position")

    def test_do_not_depend_on_threads_or_memory(self):
        for names in (("mnist_last.keras", "mnist_whole.keras"), ("churn_a.h5", "churn_b.h5")):
            first = self.average(self.paths(*names), "a", "-f").read_bytes()
            for options in (("-j", "1"), ("-j", "2"), ("--memory", "64M")):
                found = self.average(self.paths(*names), "b", "-f", *options)
                self.assert_same_bytes(found.read_bytes(), first, f"{names} {options}")

    def test_included_optimizer_state_is_averaged(self):
        paths = self.paths("churn_a.h5", "churn_b.h5")
        output = self.average(paths, "mean.h5", "--include", "*momentum")
        counts = self.assert_keras_averaged(paths, output,
                                            is_kept=lambda name: not name.endswith("momentum"))
        self.assertEqual(counts["mean"], 6)
        self.assertTrue(is_optimizer("optimizer_weights/adam/x_momentum"))


if __name__ == "__main__":
    unittest.main()
