"""What tensors of an ONNX model are for, by the operators that take them."""
import json
import unittest

import numpy as np
from onnx import helper, numpy_helper

import onnx_models
from graph_models import arrays, constant, graph, model, ramp, save
from json_documents import by_name, inspected
from polyak_runner import FolderTest, run

node = helper.make_node
ONE = np.float32(1)


class RolesTest(FolderTest):
    def roles_of(self, path):
        return {name: entry["role"] for name, entry in by_name(inspected(path)).items()}

    def reasons_of(self, path):
        """What an average would do with each tensor, and why."""
        result = self.polyak("average", path, path, "-o", self.folder / "none.onnx", "--dry-run",
                             "--json")
        return {name: (entry["action"], entry["reason"])
                for name, entry in by_name(json.loads(result.stdout)).items()}

    def assert_refused(self, paths, pattern, *options):
        output = self.folder / "refused.onnx"
        result = run("average", *paths, "-o", output, *options)
        self.assertEqual(result.status, 1, result.stderr)
        self.assertRegex(result.stderr, r"\Apolyak: error: .*" + pattern)
        self.assertFalse(output.exists())


class Learned(RolesTest):
    def test_batch_normalization_has_two_parameters_and_two_running_statistics(self):
        weights = {name: ramp(3) for name in ("s", "b", "m", "v")}
        path = save(self.folder, "a.onnx",
                    [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"])], weights)
        self.assertEqual(self.roles_of(path), {"s": "parameter", "b": "parameter",
                                               "m": "running statistic", "v": "running statistic"})
        self.assertEqual(self.reasons_of(path), {
            "s": ("average", "normalization scale"), "b": ("average", "normalization bias"),
            "m": ("average", "running mean"), "v": ("average", "running variance")})

    def test_weights_are_what_their_slot_says(self):
        nodes = [node("Conv", ["x", "conv_w", "conv_b"], ["a"]),
                 node("Gemm", ["a", "gemm_w", "gemm_b"], ["b"]),
                 node("LSTM", ["b", "w", "r", "lstm_b", "", "h0", "c0", "p"], ["c"], hidden_size=2),
                 node("LayerNormalization", ["c", "ln_s", "ln_b"], ["d"]),
                 node("Gather", ["table", "ids"], ["e"]),
                 node("PRelu", ["e", "slope"], ["f"]),
                 node("Attention", ["f", "att_w", "att_b"], ["g"], domain="com.microsoft"),
                 node("MatMul", ["d", "mat"], ["y"])]
        uses = {"conv_w": "convolution weight", "conv_b": "convolution bias",
                "gemm_w": "matrix weight", "gemm_b": "matrix bias", "w": "recurrent weight",
                "r": "recurrent weight", "lstm_b": "recurrent bias", "h0": "initial state",
                "c0": "initial state", "p": "peephole weight", "ln_s": "normalization scale",
                "ln_b": "normalization bias", "table": "embedding", "slope": "PRelu's slope",
                "att_w": "attention weight", "att_b": "attention bias", "mat": "matrix weight"}
        path = save(self.folder, "a.onnx", nodes, {name: ramp(2, 2) for name in uses},
                    inputs=("x", "ids"))
        self.assertEqual(self.reasons_of(path),
                         {name: ("average", use) for name, use in uses.items()})

    def test_a_constant_of_one_element_is_the_bias_of_a_convolution(self):
        paths = []
        for k, value in enumerate((1.0, 2.0)):
            nodes = [constant("b", np.array([value], np.float32)),
                     node("Conv", ["x", "w", "b"], ["y"])]
            paths.append(save(self.folder, f"{k}.onnx", nodes, {"w": ramp(1, 1, 1)}))
        self.assertEqual(self.reasons_of(paths[0])["b"], ("average", "convolution bias"))
        output = onnx_models.load(self.average(paths, "o.onnx"))
        value = numpy_helper.to_array(output.graph.node[0].attribute[0].t)
        self.assertEqual(value.tolist(), [1.5])

    def test_a_weight_is_followed_through_what_only_moves_it(self):
        for through in (node("Identity", ["w"], ["v"]), node("Transpose", ["w"], ["v"]),
                        node("Cast", ["w"], ["v"], to=1), node("Reshape", ["w", "shape"], ["v"]),
                        node("Slice", ["w", "shape", "shape"], ["v"]),
                        node("Concat", ["w", "w"], ["v"], axis=0),
                        node("Split", ["w"], ["u", "v"])):
            weights = {"w": ramp(2, 2), "shape": np.array([2, 2])}
            path = save(self.folder, "a.onnx", [through, node("MatMul", ["x", "v"], ["y"])],
                        weights)
            self.assertEqual(self.reasons_of(path)["w"], ("average", "matrix weight"),
                             through.op_type)

    def test_a_learned_use_wins_over_a_setting(self):
        nodes = [node("Clip", ["x", "w"], ["a"]), node("Gemm", ["a", "m", "w"], ["b"]),
                 node("Pow", ["b", "w"], ["y"])]
        path = save(self.folder, "a.onnx", nodes, {"w": ONE, "m": ramp(1, 1)})
        self.assertEqual(self.reasons_of(path)["w"], ("average", "matrix bias"))

    def test_an_outer_tensor_is_used_in_a_subgraph(self):
        inner = graph([node("Conv", ["x", "w"], ["inner_y"])], inputs=(), outputs=("inner_y",))
        # The inner graph's own weight comes after its use, and hides the outer one of its name.
        hidden = graph([node("Pow", ["x", "hidden"], ["p"]), node("Neg", ["p"], ["else_y"])],
                       {"hidden": ONE}, inputs=(), outputs=("else_y",))
        nodes = [node("If", ["c"], ["y"], then_branch=inner, else_branch=hidden)]
        path = save(self.folder, "a.onnx", nodes, {"w": ramp(2, 2), "hidden": ramp(3)},
                    inputs=("x", "c"))
        self.assertEqual(self.reasons_of(path), {
            "w": ("average", "convolution weight"), "hidden": ("average", "parameter"),
            "y/else_branch/hidden": ("keep", "Pow's exponent")})

    def test_what_a_branch_gives_is_used_outside(self):
        branches = [graph([constant(f"w{k}", ramp(2, 2)), node("Identity", [f"w{k}"], [f"o{k}"])],
                          inputs=(), outputs=(f"o{k}",)) for k in range(2)]
        nodes = [node("If", ["c"], ["w"], then_branch=branches[0], else_branch=branches[1]),
                 node("MatMul", ["x", "w"], ["y"])]
        path = save(self.folder, "a.onnx", nodes, inputs=("x", "c"))
        self.assertEqual(set(self.reasons_of(path).values()), {("average", "matrix weight")})

    def test_tied_weights_stay_one_and_a_transposed_copy_is_averaged_alike(self):
        nodes = [node("Gather", ["tied", "ids"], ["a"]), node("MatMul", ["a", "tied"], ["b"]),
                 node("MatMul", ["b", "copy"], ["y"])]
        paths = []
        for k in range(3):
            weight = ramp(3, 3, start=k * k)
            paths.append(save(self.folder, f"{k}.onnx", nodes, {"tied": weight, "copy": weight.T},
                              inputs=("ids",)))
        found = arrays(self.average(paths, "o.onnx"))
        exact = sum(arrays(path)["tied"].astype(np.float64) for path in paths) / 3
        np.testing.assert_array_equal(found["tied"], exact.astype(np.float32))
        np.testing.assert_array_equal(found["copy"], found["tied"].T)


class Settings(RolesTest):
    def pair(self, nodes, name, values, rest=()):
        return [save(self.folder, f"{k}.onnx", nodes, {**dict(rest), name: value})
                for k, value in enumerate(values)]

    def test_that_differ_are_refused_by_what_they_are(self):
        cases = [("Clip's bound", node("Clip", ["x", "s"], ["a"])),
                 ("Pow's exponent", node("Pow", ["x", "s"], ["a"])),
                 ("Resize's setting", node("Resize", ["x", "", "s"], ["a"])),
                 ("Pad's value", node("Pad", ["x", "pads", "s"], ["a"])),
                 ("Range's bound", node("Range", ["s", "x", "x"], ["a"])),
                 ("Dropout's ratio", node("Dropout", ["x", "s"], ["a"])),
                 ("a comparison's operand", node("Greater", ["x", "s"], ["a"]))]
        for use, first in cases:
            nodes = [first, node("MatMul", ["a", "w"], ["y"])]
            rest = {"w": ramp(2, 2), "pads": np.array([0, 0])}
            paths = self.pair(nodes, "s", (np.float32(1), np.float32(2)), rest)
            self.assertEqual(self.roles_of(paths[0])["s"], "constant", use)
            self.assert_refused(paths, f"s: is {use} and has another value")
            equal = self.pair(nodes, "s", (np.float32(2), np.float32(2)), rest)
            self.assertEqual(self.reasons_of(equal[0])["s"], ("keep", use))
            self.average(equal, f"{use}.onnx")

    def test_an_epsilon_is_one_where_the_sum_goes_to_a_root_only(self):
        normalized = [node("ReduceMean", ["x"], ["v"]), node("Add", ["v", "e"], ["s"]),
                      node("Sqrt", ["s"], ["r"]), node("MatMul", ["r", "w"], ["y"])]
        path = save(self.folder, "a.onnx", normalized, {"e": ONE, "w": ramp(2, 2)})
        self.assertEqual(self.reasons_of(path)["e"], ("keep", "an epsilon"))
        elsewhere = normalized[:3] + [node("Add", ["r", "s"], ["z"]),
                                      node("MatMul", ["z", "w"], ["y"])]
        path = save(self.folder, "b.onnx", elsewhere, {"e": ONE, "w": ramp(2, 2)})
        self.assertEqual(self.reasons_of(path)["e"], ("average", "parameter"))
        # Several elements under a root: learned, or a variance.
        path = save(self.folder, "c.onnx", normalized, {"e": ramp(2), "w": ramp(2, 2)})
        self.assertEqual(self.reasons_of(path)["e"], ("average", "parameter"))

    def test_a_learned_scalar_is_averaged(self):
        for nodes in ([node("Mul", ["x", "s"], ["y"])], [node("Add", ["x", "s"], ["y"])],
                      [node("Made", ["x", "s"], ["y"], domain="somebody's")],
                      [node("Clip", ["x", "s"], ["y"], domain="somebody's")]):
            paths = self.pair(nodes, "s", (np.float32(1), np.float32(2)))
            self.assertEqual(float(arrays(self.average(paths, "o.onnx", "-f"))["s"]), 1.5)


class WeightsThatAreNoFloats(RolesTest):
    def test_are_refused_where_they_differ(self):
        nodes = [node("Cast", ["w"], ["f"], to=1), node("MatMul", ["x", "f"], ["z"]),
                 node("Add", ["z", "b"], ["y"])]
        paths = [save(self.folder, f"{k}.onnx", nodes,
                      {"w": np.full((2, 2), k, np.int8), "b": ramp(2, start=k)}) for k in range(2)]
        self.assertEqual(self.reasons_of(paths[0])["w"], ("keep", "matrix weight, not a float"))
        self.assert_refused(paths, "w: is a weight of int8, which can't be averaged")
        found = arrays(self.average(paths, "o.onnx", "--exclude", "w"))
        np.testing.assert_array_equal(found["w"], np.ones((2, 2)))

    def test_integers_that_are_gathered_are_none(self):
        nodes = [node("Gather", ["sizes", "x"], ["z"]), node("MatMul", ["z", "w"], ["y"])]
        path = save(self.folder, "a.onnx", nodes, {"sizes": np.array([3, 4]), "w": ramp(2, 2)})
        self.assertEqual(self.roles_of(path)["sizes"], "other")


class Places(RolesTest):
    def test_training_graphs_hold_optimizer_state(self):
        made = model([node("MatMul", ["x", "w"], ["y"])], {"w": ramp(2, 2)})
        training = made.training_info.add()
        training.algorithm.CopyFrom(graph([node("Add", ["w", "momentum"], ["new_w"])],
                                          {"momentum": ramp(2, 2)}, inputs=(), outputs=("new_w",)))
        path = onnx_models.save(made, self.folder / "a.onnx")
        self.assertEqual(self.reasons_of(path), {
            "w": ("average", "matrix weight"),
            "training_info[0].algorithm/momentum": ("keep", "optimizer state")})

    def test_functions_are_told_apart_by_their_domain(self):
        made = model([node("MatMul", ["x", "w"], ["y"])], {"w": ramp(2, 2)})
        for domain in ("one", "two"):
            made.functions.append(helper.make_function(
                domain, "f", ["x"], ["y"], [constant("c", ramp(2, 2)),
                                            node("MatMul", ["x", "c"], ["y"])],
                [helper.make_opsetid("", 13)]))
        path = onnx_models.save(made, self.folder / "a.onnx")
        self.assertEqual(self.reasons_of(path), {name: ("average", "matrix weight")
                                                 for name in ("w", "one::f()/c", "two::f()/c")})

    def sparse_model(self, values, indices):
        made = model([node("MatMul", ["x", "s"], ["y"])])
        made.graph.sparse_initializer.append(helper.make_sparse_tensor(
            numpy_helper.from_array(np.float32(values), "s"),
            numpy_helper.from_array(np.int64(indices)), [8]))
        return made

    def test_sparse_tensors_are_averaged_where_their_indices_are_equal(self):
        paths = [onnx_models.save(self.sparse_model([1, k], [2, 5]), self.folder / f"{k}.onnx")
                 for k in range(2)]
        output = onnx_models.load(self.average(paths, "o.onnx"))
        values = numpy_helper.to_array(output.graph.sparse_initializer[0].values)
        self.assertEqual(values.tolist(), [1, 0.5])

    def test_sparse_tensors_of_other_indices_are_refused(self):
        paths = [onnx_models.save(self.sparse_model([1, k], [2, 5 + k]), self.folder / f"{k}.onnx")
                 for k in range(2)]
        self.assert_refused(paths, r"s\.indices: is a sparse tensor's list of indices and has "
                                   "another value")

    def test_attributes_of_classical_models_are_learned_or_must_be_equal(self):
        def linear(k, threshold):
            nodes = [node("LinearRegressor", ["x"], ["z"], domain="ai.onnx.ml",
                          coefficients=[1.0 * k + i for i in range(1000)], intercepts=[0.5]),
                     node("Scaler", ["z"], ["y"], domain="ai.onnx.ml", scale=[threshold])]
            return save(self.folder, f"{k}{threshold}.onnx", nodes)
        paths = [linear(1, 3.0), linear(2, 3.0)]
        self.assertEqual(self.reasons_of(paths[0]), {
            "z.coefficients": ("average", "coefficient"),
            "z.intercepts": ("average", "coefficient"),
            "y.scale": ("keep", "an operator's setting")})
        output = onnx_models.load(self.average(paths, "o.onnx"))
        self.assertEqual(list(output.graph.node[0].attribute[0].floats),
                         [1.5 + i for i in range(1000)])
        self.assert_refused([linear(1, 3.0), linear(2, 4.0)],
                            r"y\.scale: is an operator's setting and has another value")


if __name__ == "__main__":
    unittest.main()
