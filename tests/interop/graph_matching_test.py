"""ONNX models whose tensors have other names, or whose graphs differ."""
import json
import unittest

import numpy as np
from onnx import helper

import onnx_models
from graph_models import arrays, constant, graph, model, ramp, save
from polyak_runner import FolderTest, run

node = helper.make_node


def network(k, prefix="", order=1, reverse=False):
    """Two layers, one in a branch; `prefix` goes in front of every name."""
    def name(text):
        return prefix + text
    inner = [graph([constant(name(f"{branch}_c"), ramp(2, 2, start=10 + k + i)),
                    node("MatMul", [name("h"), name(f"{branch}_c")], [name(f"{branch}_y")])],
                   inputs=(), outputs=(name(f"{branch}_y"),))
             for i, branch in enumerate(("then", "else"))]
    nodes = [node("Gemm", ["x", name("w"), name("b")], [name("h")], name=name("first")),
             node("If", ["c"], [name("z")], then_branch=inner[0], else_branch=inner[1]),
             node("MatMul", [name("z"), name("v")], ["y"])]
    weights = {name("w"): ramp(2, 2, start=k), name("b"): ramp(2, start=2 * k),
               name("v"): ramp(2, 2, start=3 * k), "unused": ramp(1, start=k)}
    items = sorted(weights.items(), reverse=reverse)
    return model(nodes, dict(items), inputs=("x", "c"))


class MatchingTest(FolderTest):
    def save(self, name, made):
        return onnx_models.save(made, self.folder / name)

    def assert_refused(self, paths, pattern, *options):
        result = run("average", *paths, "-o", self.folder / "refused.onnx", *options)
        self.assertEqual(result.status, 1, result.stderr)
        self.assertRegex(result.stderr, pattern)

    def mean_of(self, *given):
        exact = sum(array.astype(np.float64) for array in given) / len(given)
        return exact.astype(np.float32)


class OtherNames(MatchingTest):
    def test_are_paired_by_the_graph(self):
        # The initializers are stored in another order, too.
        paths = [self.save("a.onnx", network(1, "model.0.", reverse=True)),
                 self.save("b.onnx", network(2, "onnx::"))]
        output = self.average(paths, "o.onnx", "--match", "graph")
        found, first, second = arrays(output), arrays(paths[0]), arrays(paths[1])
        self.assertEqual(list(found), list(second))
        for name in ("w", "b", "v"):
            np.testing.assert_array_equal(
                found["onnx::" + name], self.mean_of(first["model.0." + name],
                                                     second["onnx::" + name]), name)
        np.testing.assert_array_equal(found["unused"],
                                      self.mean_of(first["unused"], second["unused"]))
        inner = [onnx_models.all_tensors(onnx_models.load(path)) for path in (*paths, output)]
        for a, b, mean in zip(*([t for t in tensors if t.name == ""] for tensors in inner)):
            values = [np.frombuffer(t.raw_data, np.float32) for t in (a, b, mean)]
            np.testing.assert_array_equal(values[2], self.mean_of(*values[:2]))

    def test_are_refused_with_the_hint_that_the_graphs_are_the_same(self):
        paths = [self.save("a.onnx", network(1, "p.")), self.save("b.onnx", network(2, "q."))]
        self.assert_refused(paths, "hint: the graphs are the same: --match graph pairs tensors")

    def test_of_another_graph_get_no_such_hint_and_say_where_it_parts(self):
        other = network(2, "q.")
        other.graph.node[2].op_type = "Mul"
        paths = [self.save("a.onnx", network(1, "p.")), self.save("b.onnx", other)]
        result = run("average", *paths, "-o", self.folder / "refused.onnx")
        self.assertEqual(result.status, 1)
        self.assertNotIn("--match graph", result.stderr)
        self.assert_refused(
            paths, r"a\.onnx: its graph has another shape than the template's: its node 2 "
                   r"\(MatMul, makes 'y'\) is node 2 \(Mul, makes 'y'\) in b\.onnx\n",
            "--match", "graph")

    def test_of_other_shapes_are_refused_by_the_graph_too(self):
        made = network(2, "q.")
        for index, item in enumerate(made.graph.initializer):
            if item.name == "q.v":
                made.graph.initializer[index].CopyFrom(onnx_models.raw_tensor(
                    "q.v", onnx_models.FLOAT32, [0] * 6, [2, 3]))
        paths = [self.save("a.onnx", network(1, "p.")), self.save("b.onnx", made)]
        result = run("average", *paths, "-o", self.folder / "refused.onnx")
        self.assertNotIn("--match graph", result.stderr)
        self.assert_refused(paths, r"p\.v.* has another shape", "--match", "graph")

    def test_are_a_choice_that_is_recorded(self):
        paths = [self.save("a.onnx", network(1, "p.")), self.save("b.onnx", network(2, "q."))]
        result = self.polyak("average", *paths, "-o", self.folder / "o.onnx", "--match", "graph",
                             "--json")
        self.assertEqual(json.loads(result.stdout)["options"], {"match": "graph"})

    def test_of_checkpoints_without_a_graph_are_refused(self):
        from polyak_runner import digits
        self.assert_refused([digits(9, "h5"), digits(10, "h5")],
                            "has no graph to match tensors by", "--match", "graph")


class OtherGraphs(MatchingTest):
    def test_of_the_same_names_are_a_warning_that_says_where(self):
        other = network(1)
        other.graph.node[1].attribute[0].g.node[1].op_type = "Add"
        paths = [self.save("a.onnx", other), self.save("b.onnx", network(2))]
        result = self.polyak("average", *paths, "-o", self.folder / "o.onnx")
        self.assertEqual(len(result.lines("polyak: warning")), 1, result.stderr)
        self.assertRegex(result.stderr, r"a\.onnx: its graph is not the template's: its node 1 "
                                        r"\(Add, makes 'else_y'\) is node 1 \(MatMul, makes "
                                        r"'else_y'\) in b\.onnx")

    def test_are_seen_in_attributes_and_wiring_but_not_in_names_or_doc_strings(self):
        def changed(change):
            made = network(1)
            change(made.graph.node[0])
            return self.save("a.onnx", made)

        def set_alpha(gemm):
            gemm.attribute.append(helper.make_attribute("alpha", 0.5))

        def swap(gemm):
            gemm.input[0], gemm.input[1] = gemm.input[1], gemm.input[0]

        def rename(gemm):
            gemm.name, gemm.doc_string = "other", "said otherwise"
        template = self.save("b.onnx", network(2))
        for change, warnings in ((set_alpha, 1), (swap, 1), (rename, 0)):
            result = self.polyak("average", changed(change), template, "-o",
                                 self.folder / "o.onnx", "-f")
            self.assertEqual(len(result.lines("polyak: warning")), warnings, change.__name__)


class MergedTensors(MatchingTest):
    """Two equal tensors, of which the exporter makes one and an Identity."""
    LAYERS = [node("InstanceNormalization", ["x", "s1", "b1"], ["a"]),
              node("InstanceNormalization", ["a", "s2", "b2"], ["y"])]

    def trained(self, name, k):
        return save(self.folder, name, self.LAYERS,
                    {key: ramp(3, start=k + i) for i, key in enumerate(("s1", "b1", "s2", "b2"))})

    def untrained(self, name):
        merged = [node("Identity", ["s1"], ["s2"]), node("Identity", ["b1"], ["b2"])]
        return save(self.folder, name, merged + self.LAYERS, {"s1": ramp(3), "b1": ramp(3)})

    def test_are_found_under_both_names_in_an_input(self):
        paths = [self.untrained("a.onnx"), self.trained("b.onnx", 4)]
        for options in ((), ("--match", "graph")):
            result = self.polyak("average", *paths, "-o", self.folder / "o.onnx", "-f", *options)
            self.assertEqual(result.lines("polyak: warning"), [])
            found, early, late = (arrays(path) for path in (self.folder / "o.onnx", *paths))
            for name, source in (("s1", "s1"), ("b1", "b1"), ("s2", "s1"), ("b2", "b1")):
                np.testing.assert_array_equal(found[name], self.mean_of(early[source], late[name]))

    def test_are_refused_in_a_template(self):
        paths = [self.trained("b.onnx", 4), self.untrained("a.onnx")]
        pattern = (r"b\.onnx: s2: is a tensor of its own here, but one with 's1' in the template "
                   r"a\.onnx\npolyak: hint: .*--template PATH")
        self.assert_refused(paths, pattern)
        self.assert_refused(paths, pattern, "--missing", "keep")
        self.assert_refused(paths, pattern, "--match", "graph")
        self.average(paths, "o.onnx", "--template", "first")

    def test_are_no_matter_where_all_inputs_have_them(self):
        paths = [self.untrained("a.onnx"), self.untrained("b.onnx")]
        output = self.average(paths, "o.onnx")
        np.testing.assert_array_equal(arrays(output)["s1"], ramp(3))


if __name__ == "__main__":
    unittest.main()
