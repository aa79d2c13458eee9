"""ONNX files of real exporters, and crafted ones, as the real data's INDEX.md says. All are read
in place; a second checkpoint of a real one is made by changing its weights.
"""
import json
import math
import unittest
from dataclasses import dataclass, field

import model_tensors
import perturbed_models
from float_rounding import BFLOAT16, FLOAT16, FLOAT32, FLOAT64
from onnxruntime_runner import output_lines
from polyak_runner import FolderTest, run, shared


def floats(*dims):
    return {"type": "float32", "dims": list(dims)}


@dataclass
class RealFile:
    averaged_elements: int  # at least
    feeds: dict = field(default_factory=dict)


REAL = {
    "ch_ppocr_mobile_v2.0_cls_infer": RealFile(100000, {"x": floats(1, 3, 48, 192)}),
    "silero_vad": RealFile(400000, {
        "input": floats(1, 512), "sr": {"type": "int64", "dims": [], "value": 16000},
        "h": floats(2, 1, 64), "c": floats(2, 1, 64)}),
    "alexa_v0.1": RealFile(200000, {"onnx::Flatten_0": floats(1, 16, 96)}),
    "timer_v0.1": RealFile(400000, {"onnx::Flatten_0": floats(1, 34, 96)}),
    "weather_v0.1": RealFile(250000, {"onnx::Flatten_0": floats(1, 22, 96)}),
    "hey_mycroft_v0.1": RealFile(200000, {"onnx::Flatten_0": floats(1, 16, 96)}),
    "hey_rhasspy_v0.1": RealFile(40000, {"onnx::Flatten_0": floats(1, 16, 96)}),
    "hey_jarvis_v0.1": RealFile(300000, {"x.1": floats(1, 16, 96)}),
    "embedding_model": RealFile(300000, {"input_1": floats(1, 76, 32, 1)}),
    "melspectrogram": RealFile(200000, {"input": floats(1, 1600)}),
}


class RealModel(FolderTest):
    def setUp(self):
        self.real = shared("onnx/real")
        super().setUp()

    def averaged(self, name, **options):
        """(the second checkpoint, the average, the names of what is averaged)"""
        template = self.real / f"{name}.onnx"
        names = perturbed_models.averaged_names(template)
        model = model_tensors.load(template)
        self.assertEqual(perturbed_models.perturb(model, names, name, **options), names)
        changed = self.folder / "changed.onnx"
        changed.write_bytes(model.SerializeToString())
        output = self.average([changed, template], "mean.onnx", "--no-provenance", "-f")
        return changed, output, names

    def test_of_every_exporter_is_averaged_exactly(self):
        for name, real in REAL.items():
            with self.subTest(name):
                changed, output, names = self.averaged(name)
                found = model_tensors.load(output)
                template = self.real / f"{name}.onnx"
                perturbed_models.assert_mean(
                    self, [model_tensors.load(changed), model_tensors.load(template)], found,
                    names)
                self.assertEqual(output.stat().st_size, template.stat().st_size)
                elements = sum(len(tensor.bits) for tensor in model_tensors.all_floats(found)
                               if tensor.name in names)
                self.assertGreaterEqual(elements, real.averaged_elements)

    def test_of_every_exporter_averaged_with_itself_is_itself(self):
        for name in REAL:
            template = self.real / f"{name}.onnx"
            output = self.average([template, template], "same.onnx", "--no-provenance", "-f")
            self.assert_same_bytes(output.read_bytes(), template.read_bytes(), name)

    def test_averaged_runs_in_onnx_runtime(self):
        for name, real in REAL.items():
            with self.subTest(name):
                changed, output, _ = self.averaged(name, flipped=0)
                template = self.real / f"{name}.onnx"
                lines = output_lines("finite.js", json.dumps(real.feeds), template, changed,
                                     output)
                first, second, mean = map(json.loads, lines)
                self.assertTrue(mean)
                self.assertTrue(all(map(math.isfinite, mean)))
                # All elements moved by some steps, so the outputs stay close.
                for values in (first, second):
                    for a, b in zip(values, mean, strict=True):
                        self.assertAlmostEqual(a, b, delta=1e-2 * max(1, abs(a)))

    def test_of_three_families_are_refused_together(self):
        paths = [self.real / f"{name}_v0.1.onnx" for name in ("alexa", "timer", "weather")]
        output = self.folder / "refused.onnx"
        for order in (paths, paths[::-1], paths[1:], paths[:2]):
            result = run("average", *order, "-o", output)
            self.assertEqual(result.status, 1)
            self.assertEqual(len(result.lines("polyak: error: ")), 1)
            self.assertFalse(output.exists())


class CraftedModel(FolderTest):
    def setUp(self):
        self.crafted = shared("onnx/crafted")
        super().setUp()

    def test_of_every_storage_is_averaged_exactly(self):
        for name in ("typed", "bf16"):
            paths = [self.crafted / f"{name}_{k}.onnx" for k in range(3)]
            output = self.average(paths, f"{name}.onnx", "--no-provenance")
            found = model_tensors.load(output)
            names = {tensor.name for tensor in model_tensors.all_floats(found)}
            perturbed_models.assert_mean(self, [model_tensors.load(path) for path in paths],
                                         found, names)
            self.assertEqual({tensor.number for tensor in model_tensors.all_floats(found)},
                             {FLOAT16, FLOAT32, FLOAT64} if name == "typed" else {BFLOAT16})

    def test_with_external_data_is_averaged_exactly(self):
        for name in ("model", "pertensor"):
            folders = [self.crafted / f"ext_{k}" for k in range(3)]
            paths = [folder / f"{name}.onnx" for folder in folders]
            (self.folder / name).mkdir()
            output = self.average(paths, f"{name}/{name}.onnx", "--no-provenance")
            found = model_tensors.load(output)
            names = {"big1", "big2", "small"}
            perturbed_models.assert_mean(self, [model_tensors.load(path) for path in paths],
                                         found, names, [*folders, output.parent])


if __name__ == "__main__":
    unittest.main()
