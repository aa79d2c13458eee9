"""Quantized ONNX models: refused, or kept as they are."""
import json
import unittest

import numpy as np
import onnx
from onnx import helper

from graph_models import arrays, ramp, save
from json_documents import by_name, inspected
from polyak_runner import FolderTest, run

node = helper.make_node
SCALE = np.float32(0.5)
ZERO = np.int8(0)


class QuantizedTest(FolderTest):
    def save(self, name, nodes, weights, k):
        """The same with other weights for every k, of any dtype."""
        changed = {key: (value + type(value.flat[0])(k)).astype(value.dtype)
                   for key, value in weights.items()}
        return save(self.folder, name, nodes, changed)

    def pair(self, nodes, weights):
        return [self.save(f"{k}.onnx", nodes, weights, k) for k in range(2)]

    def roles_of(self, path):
        return {name: entry["role"] for name, entry in by_name(inspected(path)).items()}

    def assert_refused(self, paths, pattern, *options):
        result = run("average", *paths, "-o", self.folder / "refused.onnx", *options)
        self.assertEqual(result.status, 1, result.stderr)
        self.assertRegex(result.stderr, "polyak: error: .*" + pattern)
        return result


class Recognised(QuantizedTest):
    def test_by_the_operators_that_take_them(self):
        codes = np.zeros((2, 2), np.int8)
        cases = {
            "DequantizeLinear": [node("DequantizeLinear", ["w", "s", "z"], ["f"]),
                                 node("MatMul", ["x", "f"], ["y"])],
            "QLinearMatMul": [node("QLinearMatMul", ["x", "s", "z", "w", "s", "z", "s", "z"],
                                   ["y"])],
            "MatMulInteger": [node("Transpose", ["w"], ["t"]),
                              node("MatMulInteger", ["x", "t", "z", "s"], ["y"])],
            "MatMulNBits": [node("MatMulNBits", ["x", "w", "s", "z"], ["y"],
                                 domain="com.microsoft")],
            "a quantized operator": [node("QLinearNew", ["x", "w", "s", "z"], ["y"],
                                          domain="com.microsoft")]}
        for operator, nodes in cases.items():
            path = save(self.folder, "a.onnx", nodes, {"w": codes, "s": SCALE, "z": ZERO})
            self.assertEqual(set(self.roles_of(path).values()), {"quantized"}, operator)
            result = self.assert_refused(
                [path, path], rf"[wsz]: is quantized \({operator}\), and so are 2 more tensors\n")
            self.assertRegex(result.stderr, "polyak: hint: average the float checkpoints, then "
                                            "quantize the average; --quantized keep ")

    def test_by_the_scale_of_a_dynamically_quantized_product(self):
        nodes = [node("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]),
                 node("MatMulInteger", ["q", "w", "qz", "z"], ["i"]),
                 node("Cast", ["i"], ["f"], to=1), node("Mul", ["qs", "s"], ["scale"]),
                 node("Mul", ["f", "scale"], ["p"]), node("Mul", ["f", "t"], ["o"]),
                 node("Mul", ["p", "free"], ["r"]), node("Sum", ["r", "o"], ["y"])]
        path = save(self.folder, "a.onnx", nodes, {
            "w": np.zeros((2, 2), np.int8), "z": ZERO, "s": SCALE, "t": SCALE, "free": SCALE})
        self.assertEqual(self.roles_of(path), {"w": "quantized", "z": "quantized",
                                               "s": "quantized", "t": "quantized",
                                               "free": "parameter"})

    def test_in_any_input(self):
        plain = [node("MatMul", ["x", "w"], ["y"])]
        paths = [save(self.folder, "a.onnx", [node("MatMulNBits", ["x", "w"], ["y"],
                                                   domain="com.microsoft")], {"w": ramp(2, 2)}),
                 save(self.folder, "b.onnx", plain, {"w": ramp(2, 2)})]
        self.assert_refused(paths, r"a\.onnx: w: is quantized \(MatMulNBits\)\n")


class Kept(QuantizedTest):
    NODES = [node("DequantizeLinear", ["w", "s", "z"], ["f"]),
             node("Conv", ["x", "f", "bias"], ["y"])]
    WEIGHTS = {"w": np.zeros((2, 2), np.int8), "s": SCALE, "z": ZERO, "bias": ramp(2)}

    MEAN = ((ramp(2).astype(np.float64) + (ramp(2) + np.float32(1))) / 2).astype(np.float32)

    def test_whole_with_one_warning_while_the_rest_is_averaged(self):
        paths = self.pair(self.NODES, self.WEIGHTS)
        result = self.polyak("average", *paths, "-o", self.folder / "o.onnx", "--quantized", "keep")
        self.assertEqual(result.lines("polyak: warning"),
                         ["polyak: warning: 3 quantized tensors are kept from the template"])
        found, newest = arrays(self.folder / "o.onnx"), arrays(paths[1])
        for name in ("w", "s", "z"):
            np.testing.assert_array_equal(found[name], newest[name])
        np.testing.assert_array_equal(found["bias"], self.MEAN)

    def test_by_a_choice_that_is_recorded(self):
        paths = self.pair(self.NODES, self.WEIGHTS)
        result = self.polyak("average", *paths, "-o", self.folder / "o.onnx", "--quantized", "keep",
                             "--json")
        report = json.loads(result.stdout)
        self.assertEqual(report["options"], {"quantized": "keep"})
        self.assertEqual(by_name(report)["w"]["reason"], "quantized")

    def test_where_nothing_is_left_is_said(self):
        weights = {key: self.WEIGHTS[key] for key in "wsz"}
        nodes = [self.NODES[0], node("Conv", ["x", "f"], ["y"])]
        self.assert_refused(self.pair(nodes, weights),
                            "nothing to average: 3 of its 3 tensors are quantized and kept",
                            "--quantized", "keep")

    def test_of_integers_that_are_cast_and_scaled(self):
        """Weight-only quantization without an operator of its own, with a zero point or without."""
        weights = {"w": np.zeros((2, 2), np.int8), "s": SCALE, "bias": ramp(2)}
        cast = node("Cast", ["w"], ["c"], to=1)
        product = node("MatMul", ["x", "f"], ["y"])
        for nodes, more in (([cast, node("Mul", ["c", "s"], ["f"])], {}),
                            ([cast, node("Mul", ["s", "c"], ["f"])], {}),
                            ([cast, node("Cast", ["z"], ["d"], to=1),
                              node("Sub", ["c", "d"], ["e"]), node("Mul", ["e", "s"], ["f"])],
                             {"z": ZERO})):
            paths = self.pair([*nodes, product], {**weights, **more})
            self.assert_refused(paths, r"w: is quantized \(integers with a scale\)")
            output = self.average(paths, "o.onnx", "--quantized", "keep", "-f")
            np.testing.assert_array_equal(arrays(output)["s"], arrays(paths[1])["s"])
            np.testing.assert_array_equal(arrays(output)["bias"], self.MEAN)

    def test_by_a_function_that_stands_before_the_graph(self):
        """And calls one that stands before itself."""
        opset = [helper.make_opsetid("", 16), helper.make_opsetid("local", 1)]
        inner = helper.make_function("local", "Inner", ["a", "b"], ["c"],
                                     [node("DequantizeLinear", ["a", "b"], ["c"])], opset)
        outer = helper.make_function("local", "Outer", ["a", "b"], ["c"],
                                     [node("Inner", ["a", "b"], ["c"], domain="local")], opset)
        nodes = [node("Outer", ["w", "s"], ["f"], domain="local"),
                 node("Conv", ["x", "f"], ["y"])]
        functions = onnx.ModelProto(functions=[inner, outer]).SerializeToString()
        paths = self.pair(nodes, {key: self.WEIGHTS[key] for key in "ws"})
        for path in paths:
            path.write_bytes(functions + path.read_bytes())
        self.assert_refused(paths, r"w: is quantized \(DequantizeLinear\)")

    def test_where_they_are_excluded_without_the_option(self):
        paths = self.pair(self.NODES, self.WEIGHTS)
        output = self.average(paths, "o.onnx", "--exclude", "[wsz]")
        np.testing.assert_array_equal(arrays(output)["bias"], self.MEAN)
        self.assert_refused(paths, r"z: is quantized \(DequantizeLinear\)\n", "--exclude", "[ws]")


if __name__ == "__main__":
    unittest.main()
