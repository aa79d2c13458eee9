"""ONNX with external data: all or nothing of an output, and nothing of another model is lost."""
import re
import shutil
import subprocess
import tempfile
import unittest

import external_models
from external_checks import ExternalTest
from polyak_runner import POLYAK, need_program, run


class WhatExists(ExternalTest):
    """Nothing of another model is overwritten: its data may be in any file that is there."""

    def test_data_in_the_way_is_refused(self):
        (self.out / "weights.bin").write_bytes(b"another model's")
        before = external_models.files_in(self.out)
        result = run("average", *self.inputs, "-o", self.out / "model.onnx")
        self.assertIn(result.status, (1, 2))
        self.assertRegex(result.stderr, r"\Apolyak: error: .*weights\.bin")
        self.assertEqual(external_models.files_in(self.out), before)

    def test_data_in_the_way_stays_even_when_forced(self):
        (self.out / "weights.bin").write_bytes(b"another model's")
        output = self.out / "model.onnx"
        self.polyak("average", *self.inputs, "-o", output, "-f")
        self.assertEqual((self.out / "weights.bin").read_bytes(), b"another model's")
        self.assert_mean(output)

    def test_single_data_in_the_way_is_refused_and_stays_when_forced(self):
        taken = self.out / "avg.onnx.data"
        taken.write_bytes(b"another model's")
        output = self.out / "avg.onnx"
        result = run("average", *self.inputs, "-o", output, "--single-data")
        self.assertIn(result.status, (1, 2))
        self.assertFalse(output.exists())
        self.polyak("average", *self.inputs, "-o", output, "--single-data", "-f")
        self.assertEqual(taken.read_bytes(), b"another model's")
        self.assertEqual({entry["location"] for entry in self.entries(output).values()},
                         {"avg.onnx.2.data"})
        self.assert_mean(output)

    def test_an_output_of_a_data_files_name_has_its_data_beside_it(self):
        for options in ((), ("-f",)):
            output = self.out / "weights.bin"
            self.polyak("average", *self.inputs, "-o", output, *options)
            self.assert_mean(output)

    def test_a_report_takes_no_data_files_place(self):
        data = self.inputs[0].parent / "weights.bin"
        inputs = [external_models.files_in(path.parent) for path in self.inputs]
        for report, options in ((data, ()), (data, ("--dry-run",)), (self.out / "weights.bin", ()),
                                (self.out / "o.onnx.data", ("--single-data",))):
            result = run("average", *self.inputs, "-o", self.out / "o.onnx", "-f", "--report",
                         report, *options)
            self.assertEqual(result.status, 2, result.stderr)
            self.assertRegex(result.stderr, "would replace (a file of the input|the output's data)")
            self.assertEqual(list(self.out.iterdir()), [])
        self.assertEqual([external_models.files_in(path.parent) for path in self.inputs], inputs)

    def test_a_file_in_a_folders_place_is_refused_in_a_dry_run_too(self):
        (self.out / "parts").write_text("a file")
        for options in (("--dry-run",), ()):
            result = run("average", *self.inputs, "-o", self.out / "o.onnx", *options)
            self.assertEqual(result.status, 2, result.stderr)
            self.assertRegex(result.stderr, "parts: is in the way: .*\n.*--single-data")

    def test_an_output_that_is_replaced_has_its_old_data_until_then(self):
        output = self.out / "avg.onnx"
        self.polyak("average", *self.inputs, "-o", output, "--single-data")
        old = (self.out / "avg.onnx.data").read_bytes()
        result = run("average", *self.inputs[::-1], "-o", output, "--single-data")
        self.assertNotEqual(result.status, 0)
        self.polyak("average", *self.inputs[::-1], "-o", output, "--single-data", "-f")
        self.assert_same_bytes((self.out / "avg.onnx.data").read_bytes(), old, "the old data")
        self.assert_mean(output, self.inputs[::-1])

    def test_data_of_an_input_is_never_written(self):
        folder = self.inputs[0].parent
        before = external_models.files_in(folder)
        # The template's names, in the folder of the other input.
        for options in ([], ["-f"]):
            result = run("average", *self.inputs, "-o", folder / "avg.onnx", *options)
            after = external_models.files_in(folder)
            self.assertEqual({name: after[name] for name in before}, before)
            if not options:
                self.assertNotEqual(result.status, 0)
        self.assert_mean(folder / "avg.onnx")


class Failure(ExternalTest):
    """Leaves what was there, and nothing else."""

    def assert_fails(self, *arguments):
        before = external_models.files_in(self.out)
        result = run("average", *self.inputs, "-o", self.out / "model.onnx", *arguments)
        self.assertIn(result.status, (1, 2), result.stderr)
        self.assertEqual(external_models.files_in(self.out).keys(), before.keys())
        self.assertEqual(external_models.files_in(self.out), before)
        return result

    def test_of_the_last_tensor_leaves_nothing(self):
        data = self.inputs[0].parent / "parts/last"
        data.write_bytes(b"\0\0\xc0\x7f" * 4)
        for options in ([], ["--single-data"], ["-f"]):
            self.assertIn("e", self.assert_fails(*options).stderr)

    def test_of_a_folder_that_cannot_be_made_leaves_nothing(self):
        (self.out / "parts").write_bytes(b"a file")
        self.assert_fails()

    def test_of_data_that_is_too_short_names_it(self):
        data = self.inputs[0].parent / "weights.bin"
        data.write_bytes(data.read_bytes()[:5000])
        self.assertRegex(self.assert_fails().stderr, r"error: .*model\.onnx: a: .*weights\.bin")

    def test_of_data_that_is_missing_names_it(self):
        (self.inputs[1].parent / "weights.bin").unlink()
        self.assertRegex(self.assert_fails().stderr, r"error: .*model\.onnx: a: .*weights\.bin")


class Commit(ExternalTest):
    def traced(self, *options, calls):
        need_program("strace")
        with tempfile.NamedTemporaryFile() as log:
            output = self.out / "model.onnx"
            command = ["strace", "-f", "-qq", "-y", "-o", log.name, "-e", f"trace={calls}",
                       *options, POLYAK, "average", *self.inputs, "-o", output, "-f"]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=120)
            return done.returncode, log.read().decode(errors="replace").splitlines()

    def names_renamed(self, lines):
        return [match[1] for line in lines if re.search(r"\) = 0$", line) and
                (match := re.search(r'"([^"]*)"(?:, [A-Z_0]+)?\) = 0$', line))]

    def reset(self):
        shutil.rmtree(self.out)
        self.out.mkdir()

    def test_comes_to_the_data_first_and_to_the_model_last(self):
        status, lines = self.traced(calls="renameat,renameat2,rename")
        self.assertEqual(status, 0)
        names = self.names_renamed(lines)
        self.assertEqual(len(names), 4, lines)
        self.assertTrue(names[-1].endswith("model.onnx"), names)

    def test_waits_until_the_data_is_on_the_disk(self):
        _, lines = self.traced(calls="renameat,renameat2,rename,fsync,fdatasync")
        model = next(i for i, line in enumerate(lines) if re.search(r"model\.onnx\"", line))
        synced = [line for line in lines[:model] if "sync(" in line and ".polyak-" in line]
        self.assertGreaterEqual(len(synced), 4, lines)

    def test_that_fails_at_any_file_leaves_nothing(self):
        for call in ("renameat2", "renameat"):
            for number in range(1, 5):
                self.reset()
                status, lines = self.traced("-e", f"inject={call}:error=EIO:when={number}",
                                            calls=call)
                if not any("INJECTED" in line for line in lines):
                    continue
                if status == 0:  # there was another way
                    self.assert_mean(self.out / "model.onnx")
                    continue
                self.assertEqual(external_models.files_in(self.out), {}, f"{call} #{number}")

    def test_that_is_killed_never_leaves_a_model_without_its_data(self):
        for call in ("renameat2", "renameat", "fsync"):
            for number in range(1, 6):
                self.reset()
                self.traced("-e", f"inject={call}:signal=SIGKILL:when={number}", calls=call)
                output = self.out / "model.onnx"
                if output.exists():
                    self.assert_mean(output)
                self.polyak("average", *self.inputs, "-o", output, "-f")
                self.assert_mean(output)
                left = [path.name for path in self.out.iterdir() if ".polyak-" in path.name]
                self.assertEqual(left, [], f"{call} #{number}: the next run leaves them")

    def test_after_a_read_that_fails_does_not_happen(self):
        for number in (20, 30, 40):
            self.reset()
            status, lines = self.traced("-e", f"inject=pread64:error=EIO:when={number}",
                                        calls="pread64")
            if any("INJECTED" in line for line in lines):
                self.assertEqual(status, 1)
                self.assertEqual(external_models.files_in(self.out), {})


if __name__ == "__main__":
    unittest.main()
