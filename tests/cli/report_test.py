"""What was done, as JSON: --report and --json."""
import json
import os
import unittest

import jsonschema
from command_runner import CommandTest, model, snapshot
from polyak_runner import REPOSITORY, run

SCHEMA = json.loads((REPOSITORY / "schema/report.schema.json").read_text())
ONE, TWO = 0x3F800000, 0x40000000


class ReportTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.report = self.folder / "report.json"

    def parsed(self, text):
        """One JSON document that is valid by the schema; bare NaN and Infinity are not JSON."""
        def refuse(constant):
            self.fail(f"{constant} is not JSON")
        document = json.loads(text, parse_constant=refuse)
        jsonschema.validate(document, SCHEMA)
        return document

    def made(self, *arguments):
        result = run(*arguments, "-o", self.output, "-f", "--report", self.report)
        self.assertEqual(result.status, 0, result.stderr)
        return self.parsed(self.report.read_text())


class Report(ReportTest):
    def test_has_inputs_weights_actions_times_and_memory(self):
        report = self.made("average", self.a, self.b, self.copy_of(3, "onnx"), "--method", "ema",
                           "--decay", "0.25", "--exclude", "bn*")
        self.assertEqual(report["method"], "ema")
        self.assertEqual(report["options"], {"decay": 0.25, "exclude": ["bn*"]})
        weights = [entry["effective_weight"] for entry in report["inputs"]]
        self.assertEqual(weights, [0.0625, 0.1875, 0.75])
        self.assertEqual([entry["bytes"] for entry in report["inputs"]],
                         [os.path.getsize(entry["path"]) for entry in report["inputs"]])
        self.assertTrue(report["template"].endswith("ep03.onnx"))
        actions = {tensor["name"]: (tensor["action"], tensor["reason"])
                   for tensor in report["tensors"]}
        self.assertEqual(actions["conv1.weight"], ("average", "convolution weight"))
        self.assertEqual(actions["bn1.bias"], ("keep", "--exclude 'bn*'"))
        self.assertEqual(report["averaged_tensors"] + report["kept_tensors"], len(actions))
        self.assertEqual(report["write_bytes"], self.output.stat().st_size)
        seconds = report["seconds"]
        self.assertAlmostEqual(seconds["total"],
                               sum(value for name, value in seconds.items() if name != "total"))
        memory = report["memory"]
        self.assertEqual(memory["budget_bytes"], 256 << 20)
        self.assertLess(0, memory["peak_bytes"])
        for name in ("planned_bytes", "peak_bytes"):  # sanitizers take more than is planned
            self.assertLessEqual(memory[name], memory["budget_bytes"])
        self.assertTrue(report["durable"])

    def test_plans_many_models_of_the_same_tensors_with_one_list_of_them(self):
        """Ten lists would take more than the budget."""
        paths = [model(self.folder / f"{k}.onnx",
                       {f"layer.{i // 10}.block.{i % 10}.weight": [ONE + k]
                        for i in range(20_000)}) for k in range(10)]
        memory = self.made("average", *paths, "--memory", "64M", "--dry-run")["memory"]
        self.assertLessEqual(memory["planned_bytes"], 64 << 20)

    def test_is_the_same_on_standard_output(self):
        report = self.made("average", self.a, self.b)
        result = run("average", self.a, self.b, "-o", self.output, "-f", "--json", "-q")
        printed = self.parsed(result.stdout)
        for varying in ("seconds", "memory", "free_bytes"):
            del printed[varying], report[varying]
        self.assertEqual(printed, report)

    def test_of_interpolate_and_of_a_dry_run(self):
        report = self.made("interpolate", self.a, self.b, "-p", "0.25")
        self.assertEqual(report["options"], {"p": 0.25})
        before = self.output.read_bytes()
        dry = self.made("interpolate", self.b, self.a, "-p", "0.25", "--dry-run")
        self.assertTrue(dry["dry_run"])
        self.assertNotIn("durable", dry)
        self.assertEqual(dry["tensors"], report["tensors"])
        self.assertEqual(self.output.read_bytes(), before)

    def test_tells_warnings_and_what_a_window_left_out(self):
        report = self.made("average", self.a, self.b, self.copy_of(3, "onnx"), "--last", "2",
                           "--weights", "99,1")
        self.assertEqual(report["left_out"], [str(self.a)])
        self.assertEqual(report["options"], {"last": 2, "weights": [99, 1]})
        self.assertRegex(report["warnings"][0], "ep02.onnx alone has 99.0 % of the weight")

    def test_of_hdf5(self):
        self.output = self.folder / "out.h5"
        report = self.made("average", self.copy_of(1, "h5"), self.copy_of(2, "h5"))
        self.assertEqual(report["format"], "hdf5")


class ReportFile(ReportTest):
    def test_that_exists_is_replaced_with_force_only(self):
        self.report.write_text("mine")
        self.assert_average_refused([self.a, self.b], "report.json", "exists", status=2,
                                    options=["--report", self.report])

    def test_over_an_input_or_the_output_is_refused(self):
        link = self.folder / "link.json"
        link.symlink_to(self.a.name)
        for path in (self.a, link, self.output, self.folder / "." / self.output.name):
            self.assert_average_refused([self.a, self.b], "would replace", status=2,
                                        options=["-f", "--report", path])

    def test_over_the_output_is_refused_by_any_path_while_neither_is_there(self):
        (self.folder / "same").symlink_to(".")
        for path in ("out.onnx", "./out.onnx", self.output, self.folder / "same/out.onnx"):
            result = run("average", self.a, self.b, "-f", "-o", "out.onnx", "--report", path,
                         "--json", cwd=self.folder)
            self.assertEqual(result.status, 2, result.stderr)
            self.assertIn("would replace the output", result.stderr)
            self.assertEqual(self.parsed(result.stdout)["error"]["kind"], "usage")
            self.assertFalse(self.output.exists())

    def test_that_can_not_be_written_is_an_error_before_anything_is_done(self):
        self.assert_average_refused([self.a, self.b], "no/report.json",
                                    options=["--report", self.folder / "no/report.json"])


class Failure(ReportTest):
    def test_is_json_too_with_all_mismatches(self):
        a = model(self.folder / "1.onnx", {f"a{k}": [ONE] for k in range(500)} | {"same": [ONE]})
        b = model(self.folder / "2.onnx", {f"b{k}": [ONE] for k in range(500)} | {"same": [TWO]})
        before = snapshot(self.folder)
        result = run("average", a, b, "-o", self.output, "--json")
        self.assertEqual(result.status, 1)
        self.assertEqual(snapshot(self.folder), before)
        error = self.parsed(result.stdout)["error"]
        self.assertEqual(error["kind"], "mismatch")
        self.assertIn("1000 tensors", error["message"])
        self.assertEqual({(m["kind"], m["tensor"]) for m in error["mismatches"]},
                         {("only_in_template", f"b{k}") for k in range(500)} |
                         {("only_in_input", f"a{k}") for k in range(500)})
        self.assertEqual(error["mismatches"][0]["inputs"], [str(a)])

    def test_of_every_kind_is_json(self):
        for arguments, kind in (([self.a, self.folder / "none"], "system"),
                                ([self.a], "usage"),
                                ([self.a, self.b, "--exclude", "x"], "usage")):
            result = run("average", *arguments, "-o", self.output, "--json")
            self.assertNotEqual(result.status, 0)
            self.assertEqual(self.parsed(result.stdout)["error"]["kind"], kind)


class HostileNames(ReportTest):
    NAMES = ["esc\x1b[31m", "new\nline", "tab\t", "c1 \u009b2J", "q\"uote\\", "x" * 10_000,
             "\u202eright to left"]

    def test_leave_the_json_valid_and_the_terminal_alone(self):
        a = model(self.folder / "1.onnx", {name: [ONE] for name in self.NAMES})
        b = model(self.folder / "2.onnx", {name: [TWO] for name in self.NAMES})
        report = self.made("average", a, b, "--exclude", "esc*")
        self.assertEqual([tensor["name"] for tensor in report["tensors"]], self.NAMES)
        other = model(self.folder / "3.onnx", {name + "!": [TWO] for name in self.NAMES})
        for arguments in (["average", a, b, "-v", "--exclude", "*"], ["average", a, b, "-v"],
                          ["average", a, b, "--dry-run"], ["average", a, other],
                          ["average", a, b, "-v", "--exclude", "*[!x]"]):
            result = run(*arguments, "-f", "-o", self.output)
            for text in (result.stdout, result.stderr):
                self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_that_are_not_utf8_leave_the_json_valid(self):
        paths = []
        for k, name in enumerate((b"aXX", b"bXX")):
            path = model(self.folder / f"{k}.onnx", {name.decode(): [ONE], "same": [ONE]})
            path.write_bytes(path.read_bytes().replace(name, name[:1] + b"\xff\xfe"))
            paths.append(path)
        result = run("average", *paths, "-o", self.output, "--json")
        error = self.parsed(result.stdout)["error"]
        self.assertEqual(error["mismatches"][0]["tensor"], "b\ufffd\ufffd")
        self.assertIn("b\\xff\\xfe", result.stderr)
        report = self.made("average", paths[0], paths[0])
        self.assertEqual(report["tensors"][0]["name"], "a\ufffd\ufffd")


if __name__ == "__main__":
    unittest.main()
