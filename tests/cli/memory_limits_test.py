"""Little memory: by a limit of the system's (ulimit -v), and by --memory."""
import re
import resource
import unittest

import h5py
import numpy
from command_runner import CommandTest, digits, model, run, snapshot
import keras_files
from hdf5_collection import IS_SANITIZED

MIB = 1 << 20
ONE = 0x3F800000


@unittest.skipIf(IS_SANITIZED, "sanitizers reserve terabytes of addresses")
class UnderALimitOfTheSystems(CommandTest):
    def limited(self, mib, *arguments):
        limit = mib * MIB
        return run(*arguments,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

    def test_of_600_megabytes_everything_works(self):
        for suffix in ("onnx", "h5"):
            output = self.folder / f"out.{suffix}"
            result = self.limited(600, "average", digits(1, suffix), digits(2, suffix), "-o",
                                  output)
            self.assertEqual((result.status, result.stderr), (0, ""))
            self.assertTrue(output.exists())

    def test_that_is_very_low_it_fails_by_one_line_with_a_hint_or_works(self):
        """From where the system cannot even load the program up."""
        for suffix in ("onnx", "h5"):
            failures = set()
            before = snapshot(self.folder)
            for mib in range(8, 60):
                with self.subTest(suffix=suffix, mib=mib):
                    result = self.limited(mib, "average", digits(1, suffix), digits(2, suffix),
                                          "-o", self.output)
                    if "error while loading shared libraries" in result.stderr:
                        continue
                    if result.status == 0:
                        self.output.unlink()
                    else:
                        self.assertEqual(result.status, 1, result.stderr)
                        self.assertRegex(result.stderr, r"\Apolyak: error: .*\n"
                                                        r"(polyak: hint: .*\n)?\Z")
                        failures.add(result.stderr)
                    self.assertEqual(snapshot(self.folder), before)
            out_of_memory = [text for text in failures if "out of memory" in text]
            self.assertTrue(out_of_memory, "no limit was low enough: the test tests nothing")
            for text in out_of_memory:
                self.assertRegex(text, r"polyak: hint: .*ulimit -v.*threads \(-j\)")


class MemoryOption(CommandTest):
    """A refusal names a number that is enough. Where that is of an index alone, before others are
    known, it is about what is needed."""

    def follow(self, *arguments, done=0):
        """How often it was refused, until it wasn't."""
        memory, refusals, is_enough = 64, 0, False
        while True:
            result = run(*arguments, "--memory", f"{memory}M")
            if result.status == done:
                return refusals
            found = re.search(r"^polyak: error: .*\(needs (about )?(\d+) MiB.*\n"
                              r"polyak: hint: --memory gives it more\n\Z", result.stderr, re.M)
            self.assertTrue(found, result.stderr)
            self.assertGreater(int(found[2]), memory)
            self.assertFalse(is_enough, f"{memory} MiB were not enough: {result.stderr}")
            memory, refusals, is_enough = int(found[2]), refusals + 1, not found[1]

    def check(self, inputs, output):
        average = ["average", *inputs, "-f", "-q", "-o", self.folder / output]
        refusals = 0
        for arguments, done in ((average, 0), ([*average, inputs[0], "-j", "1"], 0),
                                (["inspect", "--stats", inputs[0]], 0), (["diff", *inputs], 1)):
            with self.subTest(arguments):
                refusals += self.follow(*arguments, done=done)
        self.assertGreater(refusals, 0, "the least was enough: the test tests nothing")

    def write_chunks(self, k, path):
        with h5py.File(path, "w") as file:
            for name in ("a", "b"):
                file.create_dataset(name, data=numpy.full((2048, 2000), k, "<f4"),
                                    chunks=(2048, 2000), compression=1)
        return path

    def test_refuses_large_chunks_with_a_number_that_is_enough(self):
        self.check([self.write_chunks(k, self.folder / f"{k}.h5") for k in range(2)], "out.h5")

    def test_refuses_large_chunks_in_an_archive_with_a_number_that_is_enough(self):
        config = keras_files.model_config(keras_files.layer_config("Dense", "dense", units=3))
        inputs = []
        for k in range(2):
            weights = self.write_chunks(k, self.folder / f"{k}.weights.h5")
            inputs.append(keras_files.pack(self.folder / f"{k}.keras", weights, config))
        self.check(inputs, "out.keras")

    def test_refuses_many_tensors_with_numbers_that_lead_to_one_that_is_enough(self):
        inputs = [self.folder / f"{k}.h5" for k in range(2)]
        for k, path in enumerate(inputs):
            with h5py.File(path, "w") as file:
                for i in range(30_000):
                    file.create_dataset(f"{i % 100}/{i}", data=numpy.float32([k]))
        self.check(inputs, "out.h5")

    def test_refuses_long_names_with_numbers_that_lead_to_one_that_is_enough(self):
        names = [f"{i} ".ljust(16_000, "n") for i in range(3000)]
        self.check([model(self.folder / f"{k}.onnx", {name: [ONE + k] for name in names})
                    for k in range(2)], "out.onnx")


if __name__ == "__main__":
    unittest.main()
