"""ONNX: what is averaged, kept and refused, in graphs within graphs."""
import unittest

from onnx import TensorProto, helper

import onnx_models
from float_rounding import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS, mean_of_columns
from polyak_runner import FolderTest, run


def constant(output, tensor):
    return helper.make_node("Constant", [], [output], value=tensor)


def graph(name, nodes, initializers=()):
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(
        f"{name}_out", TensorProto.FLOAT, None)], initializer=list(initializers))


def nested_model(k):
    """If in If, each branch with an initializer and a Constant of another dtype."""
    def weights(name, number):
        # Bits of a whole number of smallest units: exact means are easy to see.
        return onnx_models.raw_tensor(name, number, [3 + k, 1000 + 7 * k, number.largest - k])
    inner = [graph(f"inner_{branch}", [constant(f"inner_{branch}_value", weights("", number)),
                                       helper.make_node("Identity", [f"inner_{branch}_value"],
                                                        [f"inner_{branch}_out"])],
                   [weights("w", number)])
             for branch, number in (("then", FLOAT16), ("else", BFLOAT16))]
    choose = helper.make_node("If", ["c"], ["chosen"], then_branch=inner[0], else_branch=inner[1])
    packed = helper.make_tensor("", TensorProto.DOUBLE, [2], [1.0 + k, -2.0 * k])
    outer = [graph("outer_then", [choose, helper.make_node("Identity", ["chosen"],
                                                           ["outer_then_out"])],
                   [weights("w", FLOAT64)]),
             graph("outer_else", [constant("packed_value", packed),
                                  helper.make_node("Identity", ["packed_value"],
                                                   ["outer_else_out"])])]
    nodes = [helper.make_node("If", ["x"], ["y"], then_branch=outer[0], else_branch=outer[1])]
    floats = helper.make_tensor("floats", TensorProto.FLOAT, [2], [1.0 * k, 2.0 * k])
    return onnx_models.model_of([weights("w", FLOAT32), floats], nodes)


class SubgraphTest(FolderTest):
    def save(self, k, tensors, nodes=None):
        return onnx_models.save(onnx_models.model_of(tensors, nodes), self.folder / f"{k}.onnx")

    def weight(self, k):
        return onnx_models.raw_tensor("w", FLOAT32, [k, k])

    def assert_refused(self, paths, pattern):
        output = self.folder / "refused.onnx"
        result = run("average", *paths, "-o", output)
        self.assertEqual(result.status, 1, result.stderr)
        self.assertRegex(result.stderr, r"\Apolyak: error: .*" + pattern)
        self.assertFalse(output.exists())


class Subgraphs(SubgraphTest):
    def test_are_averaged_at_every_depth_in_every_dtype_and_storage(self):
        paths = [onnx_models.save(nested_model(k), self.folder / f"{k}.onnx") for k in range(3)]
        models = [onnx_models.load(path) for path in paths]
        output = onnx_models.load(self.average(paths, "output.onnx"))
        tensors = [onnx_models.all_tensors(model) for model in (*models, output)]
        self.assertEqual(len(tensors[3]), 8)
        self.assertEqual({onnx_models.FORMAT_OF[tensor.data_type] for tensor in tensors[3]},
                         set(FORMATS))
        for *given, found in zip(*tensors, strict=True):
            number = onnx_models.FORMAT_OF[found.data_type]
            expected = mean_of_columns([onnx_models.bits_of(tensor) for tensor in given],
                                       [1, 1, 1], number)
            self.assertEqual(onnx_models.bits_of(found), expected, found.name)
            self.assertEqual(found.HasField("raw_data"), given[2].HasField("raw_data"))

    def test_have_tensors_of_one_name_in_several_graphs(self):
        path = onnx_models.save(nested_model(1), self.folder / "a.onnx")
        names = [line.split()[0] for line in run("inspect", path).stdout.splitlines()[1:9]]
        self.assertEqual(len(set(names)), 8, names)


class Constants(SubgraphTest):
    CLIP = helper.make_node("Clip", ["x", "c"], ["y"])
    ADD = helper.make_node("Add", ["x", "c"], ["y"])

    def models(self, shape, values, taker):
        """Models with one Constant of this shape, each with one of the values, and a node that
        takes it."""
        paths = []
        for k, value in enumerate(values):
            tensor = helper.make_tensor("", TensorProto.FLOAT, shape, [value])
            paths.append(self.save(k, [self.weight(k)], [constant("c", tensor), taker]))
        return paths

    def test_that_are_settings_and_differ_are_refused_by_name(self):
        for shape in ([], [1]):
            self.assert_refused(self.models(shape, [1.0, 2.0], self.CLIP), "c: is Clip's bound ")

    def test_that_are_settings_and_equal_are_kept(self):
        output = onnx_models.load(self.average(self.models([], [2.0, 2.0], self.CLIP), "o.onnx"))
        self.assertEqual(list(onnx_models.all_tensors(output)[1].float_data), [2.0])

    def test_that_are_no_settings_are_averaged_whatever_their_size(self):
        for shape in ([], [1]):
            paths = self.models(shape, [1.0, 2.0], self.ADD)
            output = onnx_models.load(self.average(paths, "output.onnx", "-f"))
            self.assertEqual(list(onnx_models.all_tensors(output)[1].float_data), [1.5])

    def test_whose_value_is_a_float_attribute_are_alike(self):
        paths = {}
        for taker in (self.CLIP, self.ADD):
            paths[taker.op_type] = [self.save(f"{k}{taker.op_type}", [self.weight(k)], [
                helper.make_node("Constant", [], ["c"], value_float=float(k)), taker])
                                    for k in range(2)]
        self.assert_refused(paths["Clip"], "c: is Clip's bound ")
        output = onnx_models.load(self.average(paths["Add"], "output.onnx"))
        self.assertEqual(output.graph.node[0].attribute[0].f, 0.5)

    def test_of_shape_of_that_differ_are_refused(self):
        paths = []
        for k in range(2):
            value = helper.make_tensor("value", TensorProto.FLOAT, [1], [float(k)])
            paths.append(self.save(k, [self.weight(k)], [helper.make_node(
                "ConstantOfShape", ["shape"], ["filled"], value=value)]))
        self.assert_refused(paths, "filled")


class TensorsThatAreNotFloats(SubgraphTest):
    def models(self, make):
        return [self.save(k, [self.weight(k), make(k)]) for k in range(2)]

    def assert_kept_with_a_warning(self, make):
        paths = self.models(make)
        output = self.folder / "output.onnx"
        result = self.polyak("average", *paths, "-o", output, "-f")
        self.assertRegex(result.stderr, r"polyak: warning: .*steps")
        self.assertRegex(result.stdout, r"kept .*steps")
        found = onnx_models.load(output).graph.initializer[1]
        self.assertEqual(found, onnx_models.load(paths[1]).graph.initializer[1])

    def test_are_kept_with_a_warning_where_they_differ(self):
        for dtype in (TensorProto.INT64, TensorProto.INT32, TensorProto.UINT8, TensorProto.BOOL,
                      TensorProto.UINT64):
            with self.subTest(TensorProto.DataType.Name(dtype)):
                self.assert_kept_with_a_warning(
                    lambda k, dtype=dtype: helper.make_tensor("steps", dtype, [2], [k, 1]))
        with self.subTest("raw"):
            self.assert_kept_with_a_warning(lambda k: helper.make_tensor(
                "steps", TensorProto.INT64, [1], bytes([k]) + bytes(7), raw=True))

    def test_are_kept_silently_where_they_are_equal(self):
        paths = self.models(lambda k: helper.make_tensor("steps", TensorProto.INT64, [2], [5, -1]))
        result = self.polyak("average", *paths, "-o", self.folder / "output.onnx")
        self.assertEqual(result.stderr, "")
        self.assertIn("steps", result.stdout)

    def test_alone_are_nothing_to_average(self):
        paths = [self.save(k, [helper.make_tensor("steps", TensorProto.INT64, [1], [k])])
                 for k in range(2)]
        self.assert_refused(paths, "nothing to average")

    def test_that_are_complex_are_averaged_by_component_or_not_silently_kept(self):
        paths = self.models(lambda k: helper.make_tensor(
            "steps", TensorProto.COMPLEX64, [1], [complex(k, 2)]))
        output = self.folder / "output.onnx"
        result = run("average", *paths, "-o", output)
        if result.status != 0 or result.stderr:
            self.assertRegex(result.stderr, "polyak: (error|warning): .*steps")
        else:
            found = onnx_models.load(output).graph.initializer[1]
            self.assertEqual(list(found.float_data), [0.5, 2.0])


if __name__ == "__main__":
    unittest.main()
