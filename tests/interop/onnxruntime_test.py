"""An averaged model runs in ONNX Runtime, and is better than each of the models in it.

Needs Node.js and the package that onnxruntime/package.json pins; tools/setup_onnxruntime.sh
installs it. POLYAK_NODE_MODULES says where it is.
"""
import os
import pathlib
import subprocess
import unittest

from polyak_runner import DIGITS, REPOSITORY, FolderTest, last_four, need_program

NODE_MODULES = pathlib.Path(
    os.environ.get("POLYAK_NODE_MODULES") or REPOSITORY / "build/node/node_modules")
SCRIPT = pathlib.Path(__file__).resolve().parent / "onnxruntime/accuracy.js"


def accuracies(models):
    """The share of validation images that each model gets right."""
    need_program("node")
    if not (NODE_MODULES / "onnxruntime-node").is_dir():
        raise unittest.SkipTest(f"ONNX Runtime is not in {NODE_MODULES}: "
                                "tools/setup_onnxruntime.sh installs it")
    done = subprocess.run(
        ["node", SCRIPT, DIGITS / "val_x.f32", DIGITS / "val_y.u8", *models],
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [float(line) for line in done.stdout.split()]


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
