"""A command line that is wrong is refused with status 2: one clear line, nothing changed."""
import unittest

from command_runner import CommandTest


class BadUsage(CommandTest):
    def assert_usage(self, arguments, *names, **expected):
        self.assert_refused(arguments, *names, status=2, **expected)

    def test_of_the_number_of_inputs_is_refused(self):
        self.assert_usage(["average", "-o", self.output], "two")
        self.assert_usage(["average", self.a, "-o", self.output], "two")
        self.assert_usage(["interpolate", self.a, "-p", "0.5", "-o", self.output])
        self.assert_usage(["interpolate", self.a, self.b, self.a, "-p", "0.5", "-o", self.output])
        self.assert_usage(["inspect"])

    def test_of_p_is_refused(self):
        for p in ("-0.1", "1.0000000000000002", "2", "nan", "inf", "half", "", "0.5x", "1e999"):
            with self.subTest(p):
                self.assert_usage(["interpolate", self.a, self.b, f"-p={p}" if p else "-p",
                                   *([] if p else [""]), "-o", self.output], "p")
        self.assert_usage(["interpolate", self.a, self.b, "-o", self.output], "-p")

    def test_of_weights_is_refused(self):
        for weights, word in (("0,0", "sum to 0"), ("1", "number of weights"),
                              ("1,2,3", "number of weights"), ("1,-1", "negative"),
                              ("1,x", "x"), ("1,nan", "finite"), ("1,inf", "finite"),
                              ("1e999,1", "1e999")):
            with self.subTest(weights):
                self.assert_usage(["average", self.a, self.b, "--weights", weights, "-o",
                                   self.output], word)
        self.assert_usage(["average", self.a, self.b, "--weights", "1,-1", "--extrapolate", "-o",
                           self.output], "sum to 0")
        self.assert_usage(["average", self.a, self.b, "--method", "weights", "-o", self.output],
                          "method weights needs --weights")

    def test_of_the_decay_is_refused(self):
        for decay in ("-0.1", "1", "1.5", "nan", "x"):
            with self.subTest(decay):
                self.assert_usage(["average", self.a, self.b, "--method", "ema",
                                   f"--decay={decay}", "-o", self.output], "decay")
        self.assert_usage(["average", self.a, self.b, "--method", "ema", "-o", self.output],
                          "--decay")

    def test_of_the_half_life_is_refused(self):
        for half_life in ("0", "-1", "inf", "nan", "x", "1e999"):
            with self.subTest(half_life):
                self.assert_usage(["average", self.a, self.b, "--method", "ema",
                                   f"--half-life={half_life}", "-o", self.output], "half-life")
        self.assert_usage(["average", self.a, self.b, "--method", "ema", "--decay", "0.5",
                           "--half-life", "1", "-o", self.output], "--decay", "--half-life")
        self.assert_usage(["average", self.a, self.b, "--half-life", "1", "-o", self.output],
                          "uniform", "--half-life")

    def test_of_an_option_that_the_method_does_not_take_is_refused(self):
        self.assert_usage(["average", self.a, self.b, "--decay", "0.5", "-o", self.output],
                          "uniform", "--decay")
        self.assert_usage(["average", self.a, self.b, "--method", "ema", "--decay", "0.5",
                           "--weights", "1,2", "-o", self.output], "ema", "--weights")

    def test_of_an_unknown_method_is_refused_with_those_there_are(self):
        self.assert_usage(["average", self.a, self.b, "--method", "magic", "-o", self.output],
                          "magic", hint="uniform")

    def test_of_an_empty_value_is_refused_and_takes_no_other_argument(self):
        for option in ("--weights", "--decay", "--method", "--memory", "--threads", "--progress",
                       "--output"):
            self.assert_usage(["average", self.a, f"{option}=", self.b, "-o", self.output], option,
                              "empty")
        self.assert_usage(["inspect", "--memory=", self.a], "--memory", "empty")
        self.assert_usage(["average", self.a, self.b, "--weights", "1,", "-o", self.output], "''")
        for option in ("--memory", "--template", "--report", "--exclude"):
            self.assert_usage(["average", self.a, self.b, option, "", "-o", self.output], option,
                              "empty")
        self.assert_usage(["average", self.a, self.b, "", "-o", self.output], "argument is empty")
        self.assert_usage(["inspect", ""], "argument is empty")

    def test_of_a_misspelt_name_gets_the_nearest(self):
        self.assert_usage(["avrage", self.a, self.b], "avrage", hint="average")
        self.assert_usage(["Inspect", self.a], "'Inspect'", hint="inspect")
        self.assert_usage(["average", self.a, self.b, "-o", self.output, "--metod", "ema"],
                          "--metod", hint="--method")
        self.assert_usage(["average", self.a, self.b, "--metod=ema"], "--metod", hint="--method")
        self.assert_usage(["interpolate", self.a, self.b, "--extrapolat"], hint="--extrapolate")
        self.assert_usage(["--method", "ema", "average", self.a, self.b], "before the subcommand",
                          "--method", hint="after it")

    def test_of_too_many_arguments_is_refused_with_the_first_that_is(self):
        self.assert_usage(["inspect", self.a, "b.onnx", "c.onnx"], "'b.onnx'", hint="--help")
        self.assert_usage(["diff", self.a, self.b, "c.onnx"], "'c.onnx'", hint="--help")
        self.assert_usage(["interpolate", self.a, self.b, self.a, "-p", "1", "-o", self.output],
                          "needs two checkpoints (found 3)")

    def test_of_an_unknown_option_is_refused_by_name(self):
        self.assert_usage(["average", self.a, self.b, "-o", self.output, "--frob"], "--frob")
        self.assert_usage(["average", "--frob", self.a, self.b, "-o", self.output], "--frob")
        self.assert_usage(["--frob"], "--frob")

    def test_of_an_unknown_subcommand_is_refused_by_name(self):
        self.assert_usage(["frobnicate"], "frobnicate")
        self.assert_usage([], "subcommand")

    def test_of_memory_is_refused(self):
        for memory in ("1M", "63M", "0", "-1", "lots", "1Q", "1 ", "99999999999999999999G"):
            with self.subTest(memory):
                self.assert_usage(["average", self.a, self.b, f"--memory={memory}", "-o",
                                   self.output], "memory")
                self.assert_usage(["inspect", self.a, f"--memory={memory}"], "memory")

    def test_of_threads_is_refused(self):
        for threads in ("0", "-1", "x", "1.5", "100000000000000000000"):
            with self.subTest(threads):
                self.assert_usage(["average", self.a, self.b, f"--threads={threads}", "-o",
                                   self.output], "--threads")

    def test_of_progress_is_refused(self):
        self.assert_usage(["average", self.a, self.b, "--progress", "maybe", "-o", self.output],
                          "maybe")

    def test_of_an_option_as_a_value_is_refused(self):
        for option in ("--dry-run", "-f", "--json"):
            self.assert_usage(["average", self.a, self.b, "-o", option], "--output needs a value")
        self.assert_usage(["average", self.a, self.b, "-o", self.output, "--report", "-q"],
                          "--report needs a value", "-q")

    def test_of_weights_with_another_method_is_refused(self):
        self.assert_usage(["average", self.a, self.b, "--method", "uniform", "--weights", "1,3",
                           "-o", self.output], "uniform", "--weights")
        self.assert_usage(["average", self.a, self.b, "--method", "interpolate", "-o",
                           self.output], "interpolate", hint="polyak interpolate")

    def test_of_a_missing_output_is_refused(self):
        self.assert_usage(["average", self.a, self.b], "--output")
        self.assert_usage(["average", self.a, self.b, "-o"])

    def test_of_inspect_on_a_bad_file_is_refused(self):
        (self.folder / "text").write_text("text\n")
        self.assert_refused(["inspect", self.folder / "text"], "text")
        self.assert_refused(["inspect", self.folder / "missing"], "missing")


if __name__ == "__main__":
    unittest.main()
