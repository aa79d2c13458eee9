"""ONNX with external data: read from wherever it lies, written beside the output, all or nothing."""
import dataclasses
import re
import resource
import shutil
import subprocess
import tempfile
import unittest

import numpy
import onnx
from onnx import numpy_helper

import external_models
import model_tensors
import onnx_models
import perturbed_models
from external_models import AVERAGED, PARTS, Part
from float_rounding import FLOAT32
from onnx_wire import read
from polyak_runner import POLYAK, FolderTest, need_program, run


class ExternalTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.inputs = self.models()
        self.out = self.folder / "out"
        self.out.mkdir()

    def models(self, parts=PARTS, more=lambda k: (), count=2):
        """One in a folder each."""
        return [external_models.write(self.folder / f"{k}", k, parts, more(k))
                for k in range(count)]

    def assert_mean(self, output, inputs=None, names=AVERAGED):
        inputs = inputs or self.inputs
        perturbed_models.assert_mean(
            self, [model_tensors.load(path) for path in inputs], model_tensors.load(output),
            names, [*(path.parent for path in inputs), output.parent])

    def assert_onnx_reads(self, output):
        """python3-onnx's own reader of external data has the elements that ours has."""
        model = model_tensors.load(output)
        ours = model_tensors.floats_by_name(model, output.parent)
        for tensor in model.graph.initializer:
            # It knows no bfloat16, and takes all of the file where no length is given.
            is_known = "length" in {entry.key for entry in tensor.external_data}
            if tensor.name in ours and is_known and tensor.data_type != tensor.BFLOAT16:
                array = numpy_helper.to_array(tensor, str(output.parent))
                found = onnx_models.unpack_bits(array.tobytes(), ours[tensor.name].number)
                self.assertEqual(found == ours[tensor.name].bits, True, tensor.name)

    def entries(self, output):
        return {tensor.name: {entry.key: entry.value for entry in tensor.external_data}
                for tensor in model_tensors.load(output).graph.initializer}


class Mirror(ExternalTest):
    """An output in another folder than its template."""

    def test_has_the_same_files_with_other_elements(self):
        output = self.out / "model.onnx"
        self.polyak("average", *self.inputs, "-o", output, "--no-provenance")
        found = external_models.files_in(self.out)
        template = external_models.files_in(self.inputs[-1].parent)
        self.assertEqual(found.keys(), template.keys())
        self.assert_same_bytes(found["model.onnx"], template["model.onnx"], "the model")
        for name in {part.location for part in PARTS}:
            ranges = [part.range for part in PARTS
                      if part.location == name and part.name in AVERAGED]
            self.assert_same_bytes(onnx_models.without_ranges(found[name], ranges),
                                   onnx_models.without_ranges(template[name], ranges), name)
        self.assert_mean(output)

    def test_may_have_another_name_than_the_template(self):
        output = self.out / "average.onnx"
        self.polyak("average", *self.inputs, "-o", output, "--no-provenance")
        self.assert_same_bytes(output.read_bytes(), self.inputs[-1].read_bytes(), "the model")
        self.assert_mean(output)

    def test_of_a_model_with_itself_is_its_files_again(self):
        output = self.out / "model.onnx"
        self.polyak("average", self.inputs[0], self.inputs[0], "-o", output, "--no-provenance")
        found = external_models.files_in(self.out)
        template = external_models.files_in(self.inputs[0].parent)
        self.assertEqual(found.keys(), template.keys())
        for name, content in template.items():
            self.assert_same_bytes(found[name], content, name)

    def test_with_provenance_has_one_more_field_in_the_model(self):
        output = self.out / "model.onnx"
        self.polyak("average", *self.inputs, "-o", output)
        before, after = self.inputs[-1].read_bytes(), output.read_bytes()
        self.assert_same_bytes(after[:len(before)], before, "the model")
        self.assertEqual([found.number for found in read(after[len(before):])], [14])
        self.assert_mean(output)

    def test_has_weights_of_both_kinds_where_the_template_has(self):
        def more(k):
            half = onnx.TensorProto(name="h", dims=[40], data_type=onnx.TensorProto.FLOAT16,
                                    int32_data=[1 + 127 * k] * 40)
            return [onnx_models.raw_tensor("w", FLOAT32, [k, 5 * k, 7]), half]
        inputs = self.models(more=more)
        output = self.out / "model.onnx"
        self.polyak("average", *inputs, "-o", output, "--no-provenance")
        self.assert_mean(output, inputs, (*AVERAGED, "w", "h"))

    def test_is_none_where_the_template_has_its_elements_in_itself(self):
        parts = [part for part in PARTS if part.name != "b.tied"]
        outside, inside = self.models(parts)
        model = model_tensors.load(inside)
        for part, tensor in zip(parts, model.graph.initializer, strict=True):
            tensor.ClearField("data_location")
            tensor.ClearField("external_data")
            tensor.raw_data = (inside.parent / part.location).read_bytes()[slice(*part.range)]
        onnx_models.save(model, inside)
        names = [name for name in AVERAGED if name != "b.tied"]
        output = self.out / "inside.onnx"
        self.polyak("average", outside, inside, "-o", output, "--no-provenance")
        self.assertEqual(external_models.files_in(self.out).keys(), {"inside.onnx"})
        self.assert_mean(output, [outside, inside], names)

        output = self.out / "outside.onnx"
        self.polyak("average", inside, outside, "-o", output, "--no-provenance")
        self.assert_same_bytes(output.read_bytes(), outside.read_bytes(), "the model")
        self.assert_mean(output, [inside, outside], names)


class SingleFile(ExternalTest):
    """All external data of an output in one file beside it."""

    def assert_single(self, output, data_name):
        entries = [entry for entry in self.entries(output).values() if entry]
        self.assertEqual({entry["location"] for entry in entries}, {data_name})
        offsets = [int(entry.get("offset", 0)) for entry in entries]
        for part, offset in zip(PARTS, offsets, strict=True):
            # Whole pages for what fills one.
            self.assertEqual(offset % (4096 if part.bytes >= 4096 else 64), 0, part.name)
        self.assert_mean(output)
        self.assert_onnx_reads(output)
        found = self.entries(output)
        self.assertEqual(found["b"], found["b.tied"])
        self.assertEqual(len(set(offsets)), len(offsets) - 1, "only those that are tied share")
        # The names and places are all that differs in the model.
        model, template = model_tensors.load(output), model_tensors.load(self.inputs[-1])
        for tensor in (*model.graph.initializer, *template.graph.initializer):
            tensor.ClearField("external_data")
        self.assertEqual(model, template)

    def test_is_written_into_the_templates_folder(self):
        folder = self.inputs[-1].parent
        before = external_models.files_in(folder)
        output = folder / "avg.onnx"
        self.polyak("average", *self.inputs, "-o", output, "--no-provenance")
        after = external_models.files_in(folder)
        self.assertEqual(after.keys() - before.keys(), {"avg.onnx", "avg.onnx.data"})
        self.assertEqual({name: after[name] for name in before}, before)
        self.assert_single(output, "avg.onnx.data")

    def test_is_written_into_another_folder_where_asked_for(self):
        output = self.out / "avg.onnx"
        self.polyak("average", *self.inputs, "-o", output, "--no-provenance", "--single-data")
        self.assertEqual(external_models.files_in(self.out).keys(), {"avg.onnx", "avg.onnx.data"})
        self.assert_single(output, "avg.onnx.data")

    def test_keeps_a_tensor_that_is_not_averaged(self):
        output = self.out / "avg.onnx"
        self.polyak("average", *self.inputs, "-o", output, "--single-data")
        arrays = []
        for path in (output, self.inputs[-1]):
            tensor = next(tensor for tensor in model_tensors.load(path).graph.initializer
                          if tensor.name == "ids")
            arrays.append(numpy_helper.to_array(tensor, str(path.parent)))
        numpy.testing.assert_array_equal(*arrays)

    def test_is_loaded_by_python_onnx(self):
        parts = [dataclasses.replace(part, says=("offset", "length")) for part in PARTS]
        inputs = self.models(parts)
        output = self.out / "avg.onnx"
        self.polyak("average", *inputs, "-o", output, "--single-data")
        loaded = onnx.load(str(output))
        perturbed_models.assert_mean(self, [onnx.load(str(path)) for path in inputs], loaded,
                                     AVERAGED)

    def test_of_a_single_file_is_the_same_again(self):
        first, second = self.out / "one" / "avg.onnx", self.out / "two" / "avg.onnx"
        for output, inputs in ((first, self.inputs), (second, [first, first])):
            output.parent.mkdir()
            self.polyak("average", *inputs, "-o", output, "--no-provenance", "--single-data")
        for name, content in external_models.files_in(first.parent).items():
            self.assert_same_bytes((second.parent / name).read_bytes(), content, name)


class ManyFiles(ExternalTest):
    PARTS = tuple(Part(f"w{i:03}", FLOAT32, 20 + i, f"parts/w{i:03}", 0) for i in range(300))

    def test_may_be_more_than_a_process_may_open(self):
        inputs = self.models(self.PARTS)
        names = [part.name for part in self.PARTS]
        for options, files in (([], 302), (["--single-data"], 2)):
            output = self.out / f"out{files}" / "model.onnx"
            output.parent.mkdir()
            self.polyak("average", *inputs, "-o", output, "--no-provenance", *options,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
            self.assertEqual(len(external_models.files_in(output.parent)), files)
            self.assert_mean(output, inputs, names)


class Ranges(ExternalTest):
    def test_that_overlap_in_part_are_refused(self):
        inputs = self.models((Part("a", FLOAT32, 10, "w", 0), Part("b", FLOAT32, 10, "w", 36)))
        result = run("average", *inputs, "-o", self.out / "model.onnx")
        self.assertEqual(result.status, 1, result.stderr)
        self.assertRegex(result.stderr, r"error: .*\b[ab]\b.*overlap")
        self.assertEqual(external_models.files_in(self.out), {})

    def test_that_touch_are_not_an_overlap(self):
        parts = (Part("a", FLOAT32, 10, "w", 0), Part("b", FLOAT32, 10, "w", 40))
        inputs = self.models(parts)
        output = self.out / "model.onnx"
        self.polyak("average", *inputs, "-o", output)
        self.assert_mean(output, inputs, ("a", "b"))


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
            result = run("average", *self.inputs, "-o", self.out / "o.onnx", "-f", "--report", report,
                         *options)
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
