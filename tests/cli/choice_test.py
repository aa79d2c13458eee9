"""What is averaged, as the options choose it: which inputs, which template, which tensors."""
import os
import unittest

import numpy
from command_runner import CommandTest, FLOAT32, model, onnx_models, snapshot
from onnx import numpy_helper
from polyak_runner import run

ONE, TWO, FOUR = 0x3F800000, 0x40000000, 0x40800000


def tensors_of(path):
    """{name: values} of an ONNX model's initializers, as python3-onnx reads them."""
    return {tensor.name: numpy_helper.to_array(tensor)
            for tensor in onnx_models.load(path).graph.initializer}


class Choice(CommandTest):
    def made(self, *arguments, **options):
        """The tensors of what a run makes."""
        result = run("average", *arguments, "-o", self.output, "-f", **options)
        self.assertEqual(result.status, 0, result.stderr)
        self.result = result
        return tensors_of(self.output)

    def assert_same(self, made, expected):
        self.assertEqual(made.keys(), expected.keys())
        for name, values in expected.items():
            numpy.testing.assert_array_equal(made[name], values, name)


class Inputs(Choice):
    def setUp(self):
        super().setUp()
        self.run_folder = self.folder / "run"
        self.run_folder.mkdir()
        for step, value in ((2, ONE), (10, TWO), (100, FOUR)):
            model(self.run_folder / f"step_{step}.onnx", {"w": [value]})

    def test_of_a_folder_come_in_the_order_of_their_numbers_never_of_their_times(self):
        for k, step in enumerate((100, 10, 2)):
            os.utime(self.run_folder / f"step_{step}.onnx", (k, k))
        made = self.made(self.run_folder, "--method", "ema", "--decay", "0.5")
        self.assertEqual(made["w"], 0.25 * 1 + 0.25 * 2 + 0.5 * 4)
        self.assertRegex(self.result.stdout, r"0\.5 +\S*step_100\.onnx  \(template\)")

    def test_of_a_quoted_glob_are_those_that_match_and_no_others(self):
        """step_10* takes step_100 too, and says so; step_10.onnx doesn't."""
        self.assertEqual(self.made(f"{self.run_folder}/step_?.onnx",
                                   f"{self.run_folder}/step_10.onnx")["w"], 1.5)
        self.assertEqual(self.made(f"{self.run_folder}/step_10*")["w"], 3)

    def test_of_a_list_keep_its_order(self):
        names = [self.run_folder / f"step_{step}.onnx" for step in (100, 2)]
        (self.folder / "list.txt").write_text("# newest first\n" + "\n".join(map(str, names)))
        made = self.made(f"@{self.folder}/list.txt", "--weights", "3,1")
        self.assertEqual(made["w"], (3 * 4 + 1 * 1) / 4)
        self.assertIn("comes before", self.result.stderr)

    def test_of_a_window_are_the_newest_and_the_summary_tells_what_is_left_out(self):
        self.assertEqual(self.made(self.run_folder, "--last", "2")["w"], 3)
        self.assertIn("left out   1 checkpoint", self.result.stdout)
        self.assertEqual(self.made(self.run_folder, "--every", "2")["w"], (1 + 4) / 2)

    def test_that_are_fewer_than_asked_for_are_an_error_that_lists_them(self):
        self.assert_refused(["average", self.run_folder, "--last", "10", "-o", self.output],
                            "10 checkpoints asked for, 3 found", "step_2.onnx", "step_100.onnx",
                            status=2)

    def test_with_the_same_step_twice_are_an_error(self):
        model(self.run_folder / "other_10.onnx", {"w": [ONE]})
        self.assert_refused(["average", self.run_folder, "-o", self.output], "step_10.onnx",
                            "other_10.onnx", status=2)

    def test_one_of_which_a_crashed_job_left_half_written_are_an_error(self):
        for name in ("step_3.onnx", "step_3.ONNX", "step_3.weights.h5", "step_3.hdf5"):
            for content in (b"", b"weights: no"):
                path = self.run_folder / name
                path.write_bytes(content)
                self.assert_refused(["average", self.run_folder, "-o", self.output], name)
                self.assert_refused(["average", f"{self.run_folder}/*", "-o", self.output], name)
                path.unlink()
        (self.run_folder / "step_3.onnx").symlink_to("nowhere")
        self.assert_refused(["average", self.run_folder, "-o", self.output], "step_3.onnx",
                            "No such file")

    def test_of_a_folder_are_no_links_and_pipes_of_other_names(self):
        (self.run_folder / "latest").symlink_to("nowhere")
        os.mkfifo(self.run_folder / "pipe")
        self.made(self.run_folder)
        self.assertRegex(self.result.stderr, r"\Apolyak: warning: .*latest.*pipe.*\n\Z")

    def test_that_are_missing_are_never_left_out(self):
        for argument in ("step_7.onnx", "step_7*.onnx"):
            self.assert_refused(["average", self.run_folder, self.run_folder / argument, "-o",
                                 self.output], argument)

    def test_that_were_left_out_of_a_folder_are_told(self):
        (self.run_folder / "train.log").write_text("loss 3\n")
        self.made(self.run_folder)
        self.assertRegex(self.result.stderr, r"\Apolyak: warning: .*train\.log.*\n\Z")
        self.output.unlink()
        self.assert_refused(["average", self.run_folder, "--strict", "-o", self.output],
                            "train.log", hint="--strict")

    def test_out_of_order_are_a_warning_where_order_counts(self):
        names = [self.run_folder / f"step_{step}.onnx" for step in (10, 2)]
        self.made(*names, "--method", "ema", "--decay", "0.5")
        self.assertIn("comes before", self.result.stderr)
        self.made(*names)
        self.assertEqual(self.result.stderr, "")
        self.output.unlink()
        self.assert_refused(["average", *names, "--method", "ema", "--decay", "0.5", "--strict",
                             "-o", self.output], "comes before")

    def test_that_a_window_passed_over_are_never_replaced(self):
        """Nor is the list that named them."""
        oldest = self.run_folder / "step_2.onnx"
        listing = self.folder / "list.txt"
        listing.write_text(f"{self.a}\n{self.b}\n")
        for arguments, path in (([self.run_folder, "--last", "2"], oldest),
                                ([f"@{listing}"], listing)):
            self.assert_refused(["average", *arguments, "-f", "-o", path], path.name, status=2)
            self.assert_refused(["average", *arguments, "-f", "-o", self.output, "--report", path],
                                path.name, status=2)

    def test_of_interpolate_may_be_chosen_like_all_others(self):
        result = run("interpolate", self.run_folder, "--last", "2", "-p", "0.25", "-o", self.output)
        self.assertEqual((result.status, result.stderr), (0, ""))
        self.assertEqual(tensors_of(self.output)["w"], 0.25 * 2 + 0.75 * 4)


class Template(Choice):
    def test_is_the_last_the_first_or_one_named_by_any_path(self):
        for choice, expected in ((None, self.b), ("last", self.b), ("first", self.a),
                                 (self.a, self.a), (self.folder / "." / self.a.name, self.a)):
            with self.subTest(choice):
                options = [] if choice is None else ["--template", choice]
                self.made(self.a, self.b, *options)
                self.assertIn(f"{expected}  (template)", self.result.stdout)

    def test_is_where_everything_else_comes_from(self):
        """The doc string of the model tells which one it was."""
        paths = []
        for name in ("first", "last"):
            made = onnx_models.load(self.a)
            made.doc_string = name
            paths.append(onnx_models.save(made, self.folder / f"{name}.onnx"))
        for choice in ("first", "last"):
            self.made(*paths, "--template", choice)
            self.assertEqual(onnx_models.load(self.output).doc_string, choice)

    def test_that_is_no_input_is_refused(self):
        other = self.copy_of(3, "onnx")
        self.assert_refused(["average", self.a, self.b, "--template", other, "-o", self.output],
                            other.name, status=2)
        self.assert_refused(["average", self.a, self.b, "--template", "nowhere.onnx", "-o",
                             self.output], "nowhere.onnx", status=2)


class Tensors(Choice):
    def setUp(self):
        super().setUp()
        self.all = self.made(self.a, self.b)
        self.newest = tensors_of(self.b)
        self.output.unlink()

    def test_that_are_excluded_are_the_templates(self):
        made = self.made(self.a, self.b, "--exclude", "fc*", "--exclude", "*.bias")
        kept = {name for name in self.all if name.startswith("fc") or name.endswith(".bias")}
        self.assertTrue(3 < len(kept) < 10)
        self.assert_same(made, {name: (self.newest if name in kept else self.all)[name]
                                for name in self.all})
        self.assertRegex(self.result.stdout, r"kept .*\(--exclude 'fc\*'\): fc1.weight, ")

    def test_that_are_not_included_are_the_templates(self):
        made = self.made(self.a, self.b, "--include", "conv?.weight")
        self.assert_same(made, {name: (self.all if name.startswith("conv") else self.newest)[name]
                                for name in self.all})

    def test_that_are_not_included_are_compared_where_they_can_not_be_averaged(self):
        """Another setting is another model; counters that differ are not kept in silence."""
        paths = []
        for k in range(2):
            steps = onnx_models.helper.make_tensor("steps", 7, [1], [k])
            weights = onnx_models.raw_tensor("w", FLOAT32, [ONE])
            paths.append(onnx_models.save(onnx_models.model_of([steps, weights]),
                                          self.folder / f"{k}.onnx"))
        self.made(*paths, "--include", "w")
        self.assertIn("steps: kept from the template", self.result.stderr)
        self.made(*paths, "--include", "w", "--exclude", "steps")
        self.assertEqual(self.result.stderr, "")

    def test_that_no_pattern_matches_are_an_error(self):
        for option in ("--include", "--exclude"):
            self.assert_refused(["average", self.a, self.b, option, "head.*", "-o", self.output],
                                "head.*", status=2, hint="inspect")

    def test_that_differ_in_shape_can_be_excluded(self):
        small = model(self.folder / "s.onnx", {"body": [ONE], "head": [ONE]})
        large = model(self.folder / "l.onnx", {"body": [TWO], "head": [TWO, TWO]})
        self.assert_refused(["average", small, large, "-o", self.output], "head",
                            hint="--exclude")
        made = self.made(small, large, "--exclude", "head")
        self.assert_same(made, {"body": numpy.float32([1.5]), "head": numpy.float32([2, 2])})

    def test_that_some_lack_are_kept_when_told_so(self):
        small = model(self.folder / "s.onnx", {"body": [ONE]})
        large = model(self.folder / "l.onnx", {"body": [TWO], "head": [FOUR]})
        self.assert_refused(["average", small, large, "-o", self.output], "head",
                            hint="--missing keep")
        made = self.made(small, large, "--missing", "keep")
        self.assert_same(made, {"body": numpy.float32([1.5]), "head": numpy.float32([4])})
        self.assertRegex(self.result.stdout, r"kept .*missing in s\.onnx.*: head")
        made = self.made(large, small, "--missing", "keep")
        self.assert_same(made, {"body": numpy.float32([1.5])})
        self.assertRegex(self.result.stderr, r"warning: l\.onnx: a tensor is left out.*: head")

    def test_none_of_which_is_left_are_an_error(self):
        self.assert_refused(["average", self.a, self.b, "--exclude", "*", "-o", self.output],
                            "nothing to average")


class Strict(Choice):
    def test_tells_all_warnings_at_once(self):
        (self.folder / "run").mkdir()
        for name in ("a.onnx", "b.onnx", "note.txt"):
            content = self.a.read_bytes() if name.endswith("onnx") else b"text"
            (self.folder / "run" / name).write_bytes(content)
        self.assert_refused(["average", self.folder / "run", "--weights", "99,1", "--strict", "-o",
                             self.output], "note.txt", "no numbers", "99.0 % of the weight",
                            hint="these are warnings")

    def test_makes_every_warning_an_error_and_writes_nothing(self):
        again = self.folder / "again.onnx"
        again.symlink_to(self.a.name)
        for arguments, name in (([self.a, again], "same file"),
                                ([self.a, self.b, "--method", "ema", "--decay", "0.95"],
                                 "% of the weight")):
            with self.subTest(name):
                self.made(*arguments)
                self.assertIn(name, self.result.stderr)
                self.output.unlink()
                self.assert_refused(["average", *arguments, "--strict", "-o", self.output], name,
                                    hint="--strict")

    def test_changes_nothing_where_there_is_no_warning(self):
        self.made(self.a, self.b)
        expected = self.output.read_bytes()
        self.made(self.a, self.b, "--strict")
        self.assertEqual(self.output.read_bytes(), expected)


class DryRun(Choice):
    def test_writes_nothing_and_says_what_each_tensor_would_get(self):
        before = snapshot(self.folder)
        result = run("average", self.a, self.b, "--exclude", "bn1.*", "--dry-run", "-o",
                     self.output)
        self.assertEqual((result.status, result.stderr), (0, ""))
        self.assertEqual(snapshot(self.folder), before)
        self.assertRegex(result.stdout, r"(?m)^conv1\.weight +float32 +\[16,1,3,3\] +576 +average "
                                        r"+convolution weight$")
        self.assertRegex(result.stdout, r"(?m)^bn1\.bias .* keep +--exclude 'bn1\.\*'$")
        self.assertRegex(result.stdout, r"would read .*, write about .* free\)\nwould use .*peak "
                                        r"memory up")

    def test_refuses_what_the_run_would_refuse(self):
        self.output.write_text("mine")
        for arguments, name in (([self.a, self.b], "exists already"),
                                ([self.a, self.folder / "none.onnx", "-f"], "none.onnx"),
                                ([self.a, self.copy_of(1, "h5"), "-f"], "ep01.h5")):
            self.assertEqual(run("average", *arguments, "--dry-run", "-o", self.output).stdout, "")
            result = run("average", *arguments, "-o", self.output)
            self.assertNotEqual(result.status, 0)
            self.assertIn(name, result.stderr)
            dry = run("average", *arguments, "--dry-run", "-o", self.output)
            self.assertEqual((dry.status, dry.stderr), (result.status, result.stderr))
        self.assertEqual(self.output.read_text(), "mine")

    def test_refuses_a_folder_that_is_not_there(self):
        self.assert_refused(["average", self.a, self.b, "--dry-run", "-o",
                             self.folder / "no/out.onnx"], "no/out.onnx", "No such")


if __name__ == "__main__":
    unittest.main()
