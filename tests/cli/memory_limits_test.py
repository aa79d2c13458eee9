"""Little memory: by a limit of the system's (ulimit -v), and by --memory."""
import re
import resource
import unittest

from command_runner import CommandTest, digits, run, snapshot
from hdf5_collection import IS_SANITIZED

MIB = 1 << 20


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


if __name__ == "__main__":
    unittest.main()
