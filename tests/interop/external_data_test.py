"""ONNX with external data: read from wherever it lies, written beside the output."""
import dataclasses
import resource
import unittest

import numpy
import onnx
from onnx import numpy_helper

import external_models
import model_tensors
import onnx_models
import perturbed_models
from external_checks import ExternalTest
from external_models import AVERAGED, PARTS, Part
from float_rounding import FLOAT32
from onnx_wire import read
from polyak_runner import run


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


if __name__ == "__main__":
    unittest.main()
