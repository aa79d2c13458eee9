"""An averaged model runs in ONNX Runtime, and is better than each of the models in it."""
import unittest

from onnxruntime_runner import output_lines
from polyak_runner import DIGITS, FolderTest, last_four


def accuracies(models):
    """The share of validation images that each model gets right."""
    lines = output_lines("accuracy.js", DIGITS / "val_x.f32", DIGITS / "val_y.u8", *models)
    return [float(line) for line in lines]


class OnnxRuntime(FolderTest):
    def test_scores_the_average_of_the_last_four_better_than_each_of_them(self):
        average = self.average(last_four(), "average.onnx")
        score, *single = accuracies([average, *last_four()])
        self.assertEqual(f"{score:.4f}", "0.9790")
        self.assertEqual([f"{value:.4f}" for value in single],
                         ["0.8268", "0.8906", "0.9626", "0.9581"])
        self.assertGreater(score, max(single))


if __name__ == "__main__":
    unittest.main()
