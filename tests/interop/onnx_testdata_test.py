"""Debian's libonnx-testdata: a thousand small models by ONNX's own makers and by torch.

Most hold no weights, their tests have them as inputs; so there is a second round in which those
inputs are initializers. A third of that round is run; all of it with POLYAK_FULL=1.
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import unittest

import onnx

import model_tensors
import perturbed_models
from polyak_runner import IS_FULL, FolderTest, run

MODELS = pathlib.Path("/usr/share/libonnx-testdata/data")

# Why a model may not be averaged, each in one line behind the file's name.
REFUSALS = {
    "nothing": r"nothing to average: ",
    "quantized": r".*quantized",
    "unreadable": r"\S+: .*(not supported|can't be averaged)",
}


def kind_of_refusal(message):
    for kind, pattern in REFUSALS.items():
        if re.match(r"polyak: error: [^:]*\.onnx: " + pattern, message):
            return kind
    return None


def in_parallel(job, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(job, items))


class TestData(FolderTest):
    def setUp(self):
        if not MODELS.is_dir():
            self.skipTest("libonnx-testdata is not installed")
        super().setUp()

    def place_for(self, path):
        folder = self.folder / re.sub(r"\W", "_", str(path))
        folder.mkdir()
        return folder

    def average_with_itself(self, template):
        """Checks the average of the model and a copy; returns what came of it in a word."""
        copy, output = template.with_name("copy.onnx"), template.with_name("same.onnx")
        shutil.copyfile(template, copy)
        result = run("average", copy, template, "-o", output, "--no-provenance")
        if result.status == 0:
            self.assert_same_bytes(output.read_bytes(), template.read_bytes(), str(template))
            return "averaged"
        self.assertEqual(result.status, 1, f"{template}: {result}")
        errors = result.lines("polyak: error: ")
        self.assertEqual(len(errors), 1, f"{template}: {result.stderr}")
        kind = kind_of_refusal(errors[0])
        self.assertIsNotNone(kind, errors[0])
        self.assertFalse(output.exists())
        return kind

    def average_with_another(self, template):
        names = perturbed_models.averaged_names(template)
        model = model_tensors.load(template)
        other = model_tensors.load(template)
        self.assertEqual(perturbed_models.perturb(other, names, str(template.parent.name)), names,
                         f"{template}: tensors of these names aren't there")
        changed = template.with_name("changed.onnx")
        changed.write_bytes(other.SerializeToString())
        output = self.folder / template.parent.name / "mean.onnx"
        self.polyak("average", changed, template, "-o", output, "--no-provenance",
                    "--allow-nonfinite")
        perturbed_models.assert_mean(self, [other, model], model_tensors.load(output), names)

    def check(self, template):
        kind = self.average_with_itself(template)
        if kind == "averaged":
            self.average_with_another(template)
        shutil.rmtree(template.parent)
        return kind

    def check_all(self, make, paths):
        """`make(path, template)` writes the model to check, or returns False."""
        def job(path):
            template = self.place_for(path) / "template.onnx"
            return self.check(template) if make(path, template) else "not made"
        return collections.Counter(in_parallel(job, paths))

    def test_as_it_is_is_averaged_exactly_or_refused_in_a_line(self):
        paths = sorted(MODELS.glob("**/*.onnx"))
        kinds = self.check_all(lambda path, template: shutil.copyfile(path, template), paths)
        print(f"\n{len(paths)} models: {dict(kinds)}")
        self.assertGreater(kinds["averaged"], 60)
        self.assertGreater(kinds["nothing"], 900)

    def test_with_its_inputs_as_initializers_is_too(self):
        paths = sorted(MODELS.glob("node/*/model.onnx"))
        if not IS_FULL:
            paths = paths[::3]
        kinds = self.check_all(write_with_initializers, paths)
        print(f"\n{len(paths)} models: {dict(kinds)}")
        self.assertGreater(kinds["averaged"], len(paths) / 4)


def write_with_initializers(path, template):
    """The model with the data of its first test as initializers."""
    model = model_tensors.load(path)
    for place, value in enumerate(model.graph.input):
        data = path.parent / "test_data_set_0" / f"input_{place}.pb"
        if not value.type.HasField("tensor_type") or not data.is_file():
            continue
        tensor = onnx.TensorProto.FromString(data.read_bytes())
        tensor.name = value.name
        model.graph.initializer.append(tensor)
    template.write_bytes(model.SerializeToString())
    return True


if __name__ == "__main__":
    unittest.main()
