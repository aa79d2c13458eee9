"""The benchmark suite on files of a few KiB: it runs to its end, finds wrong outputs, and its
figures are of the rounds they are said to be of. Nothing here looks at a clock."""
import contextlib
import dataclasses
import io
import json
import pathlib
import random
import sys
import unittest
from fractions import Fraction
from unittest import mock

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY / "tests/interop"), str(REPOSITORY / "tools/bench")]

import check  # noqa: E402
import jobs  # noqa: E402
import numpy  # noqa: E402
import report  # noqa: E402
import suite  # noqa: E402
import tensors  # noqa: E402
from cases import Case, Pair  # noqa: E402
from inputs import Contents, Inputs  # noqa: E402
from measure import Failed, Launcher, Run, apart  # noqa: E402
from polyak_runner import POLYAK, FolderTest  # noqa: E402

DTYPES_OF_LAYOUTS = [("inline", "float32"), ("inline", "float16"), ("inline", "bfloat16"),
                     ("inline", "float64"), ("external", "float32"), ("hdf5", "float32"),
                     ("hdf5", "float16"), ("hdf5", "float64")]


def small(layout, dtype, kind="transformer", size=64 << 10):
    return Contents(layout, dtype, kind, size)


def a_run(seconds):
    return Run(seconds, seconds, 10)


class Suite(FolderTest):
    """The whole of it, with cases of its own."""

    def run_suite(self, case, *options):
        """What it prints, and the JSON it writes."""
        printed = io.StringIO()
        results = self.folder / "results"
        with mock.patch.object(suite, "CASES", (case,)), contextlib.redirect_stdout(printed), \
                contextlib.redirect_stderr(io.StringIO()):
            status = suite.main(["--polyak", str(POLYAK), "--folder", str(self.folder / "work"),
                                 "--results", str(results), "--rounds", "2", "--peer-rounds", "1",
                                 *options])
        self.assertEqual(status, 0)
        return printed.getvalue(), json.loads((results / "results.json").read_text())

    def test_runs_every_program_in_its_rounds_and_removes_its_files(self):
        pairs = (Pair("polyak", "reference", at_most=0.5), Pair("polyak ema", "polyak"),
                 Pair("h5py float64", "polyak", at_least=4), Pair("h5py float32", "polyak"),
                 Pair("h5py naive", "polyak"))
        page, found = self.run_suite(Case("one", "small HDF5", small("hdf5", "float32"), 3, pairs))
        case = found["cases"][0]
        programs = ["reference", "polyak", "polyak ema", "h5py float64", "h5py float32",
                    "h5py naive"]
        self.assertEqual([list(runs) for runs in case["rounds"]], [programs, programs[:3]])
        self.assertEqual([pair["ratio"]["rounds"] for pair in case["pairs"]], [2, 2, 1, 1, 1])
        elements = sum(tensor.elements for tensor in small("hdf5", "float32").tensors())
        self.assertEqual(case["checked"]["polyak"]["elements"], elements)
        self.assertEqual(case["checked"]["h5py naive"]["elements"], elements)
        self.assertIn("| small HDF5 | h5py float64 / polyak | ≥ 4 |", page)
        self.assertEqual(list((self.folder / "work").iterdir()), [])

    def test_runs_onnx_and_its_peers(self):
        pairs = (Pair("polyak", "reference"), Pair("onnx float64", "polyak"),
                 Pair("onnx naive", "polyak"))
        _, found = self.run_suite(Case("one", "ONNX", small("inline", "float32"), 2, pairs))
        self.assertEqual(set(found["cases"][0]["checked"]),
                         {"polyak", "onnx float64", "onnx naive"})

    def test_says_which_peers_are_not_installed(self):
        missing = jobs.Program("fast peer", ("none.py",), "no_such_module_anywhere")
        case = Case("one", "tiny ones", small("inline", "float32", "tiny", 20), 2,
                    (Pair("polyak", "reference"), Pair("fast peer", "polyak")))
        with mock.patch.dict(jobs.PROGRAMS, {"fast peer": missing}):
            page, found = self.run_suite(case)
        self.assertEqual(found["cases"][0]["not_installed"], ["fast peer"])
        self.assertIn("| fast peer / polyak |  | fast peer is not installed |", page)

    def test_fails_where_a_program_does(self):
        broken = dataclasses.replace(jobs.PROGRAMS["polyak"], arguments=("--no-such-option",))
        with mock.patch.dict(jobs.PROGRAMS, {"polyak": broken}), self.assertRaises(AssertionError):
            self.run_suite(Case("one", "broken", small("inline", "float32"), 2,
                                (Pair("polyak", "reference"),)))
        self.assertEqual(list((self.folder / "work").iterdir()), [])


class Check(FolderTest):
    """What a made set's average must be, and what is found where it isn't."""

    def averaged(self, contents, method="uniform", *options):
        inputs = Inputs(self.folder / "inputs").get(contents, 3)
        folder = self.folder / "out"
        folder.mkdir(exist_ok=True)
        output = folder / inputs.layout.checkpoint
        self.polyak("average", *inputs.checkpoints, "-f", "-o", output, *options)
        return inputs, output

    def test_accepts_polyaks_outputs_of_every_layout_and_dtype(self):
        for layout, dtype in DTYPES_OF_LAYOUTS:
            with self.subTest(layout=layout, dtype=dtype):
                inputs, output = self.averaged(small(layout, dtype))
                verdict = check.compare(inputs, output)
                self.assertEqual(verdict.differing, verdict.decided)
                self.assertEqual(verdict.elements, sum(
                    tensor.elements for tensor in inputs.contents.tensors()))

    def test_accepts_an_ema_for_what_it_is_only(self):
        inputs, output = self.averaged(small("inline", "float32"), "ema", "--method", "ema",
                                       "--decay", str(jobs.EMA_DECAY))
        check.compare(inputs, output, "ema")
        with self.assertRaises(check.WrongOutput):
            check.compare(inputs, output, "uniform")

    def test_finds_one_wrong_bit(self):
        for layout, dtype in DTYPES_OF_LAYOUTS:
            with self.subTest(layout=layout, dtype=dtype):
                inputs, output = self.averaged(small(layout, dtype))
                path = output.parent / inputs.layout.data
                wrong = bytearray(path.read_bytes())
                place = wrong.find(self.last_element(inputs, output)) if layout != "hdf5" else \
                    inputs.layout.offsets[-1]
                wrong[place] ^= 1
                path.write_bytes(wrong)
                with self.assertRaises(check.WrongOutput):
                    check.compare(inputs, output)

    def last_element(self, inputs, output):
        """The bytes of the last tensor, which are nowhere else in the file."""
        name = inputs.contents.tensors()[-1].name
        return check.opened(output).read(name, inputs.contents.dtype).tobytes()

    def test_lets_a_peer_round_otherwise_but_not_be_far_off(self):
        inputs, output = self.averaged(small("hdf5", "float32"))
        data = bytearray(output.read_bytes())
        data[inputs.layout.offsets[0]] ^= 1  # the last bit of the first element
        output.write_bytes(data)
        self.assertEqual(check.compare(inputs, output, exact=False).differing, 1)
        data[inputs.layout.offsets[0] + 3] ^= 0x80  # its sign
        output.write_bytes(data)
        with self.assertRaises(check.WrongOutput):
            check.compare(inputs, output, exact=False)

    def test_rounds_fractions_as_the_processor_rounds(self):
        source = random.Random(7)
        for _ in range(2000):
            value = Fraction(source.uniform(-1, 1)) * Fraction(2) ** source.randint(-30, 10)
            self.assertEqual(check.rounded(value, "float32"),
                             Fraction(float(numpy.float32(float(value)))))
            self.assertEqual(check.rounded(value, "float16"),
                             Fraction(float(numpy.float16(float(value)))))
            self.assertEqual(check.rounded(value + Fraction(1, 3 ** 40), "float64"),
                             Fraction(float(value + Fraction(1, 3 ** 40))))

    def test_narrows_to_bfloat16_in_one_rounding(self):
        values = numpy.random.default_rng(3).standard_normal(2000)
        values[::2] = 1 + 2.0 ** -8 + 2.0 ** -40  # two roundings make 1 of it, one 1 + 2^-7
        found = check.widened(check.narrowed(values, "bfloat16"), "bfloat16")
        for value, narrow in zip(values, found):
            self.assertEqual(Fraction(narrow), check.rounded(Fraction(value), "bfloat16"))


class MadeInputs(FolderTest):
    def test_a_set_that_grows_keeps_the_checkpoints_it_had(self):
        contents = small("external", "float32")
        inputs = Inputs(self.folder / "grown")
        inputs.get(contents, 2)
        grown = inputs.get(contents, 4)
        at_once = Inputs(self.folder / "at once").get(contents, 4)
        for one, other in zip(grown.files, at_once.files):
            self.assertEqual(one.read_bytes(), other.read_bytes())
        self.assertEqual(len({path.read_bytes() for path in grown.data}), 4)

    def test_transformers_have_the_elements_wanted(self):
        for elements in (32 << 10, 1 << 20, 128 << 20):
            made = tensors.transformer(elements)
            self.assertEqual(len({tensor.name for tensor in made}), 196)
            total = sum(tensor.elements for tensor in made)
            self.assertAlmostEqual(total / elements, 1, delta=0.01)

    def test_sets_go_when_no_case_wants_them(self):
        inputs = Inputs(self.folder)
        kept, gone = small("inline", "float32"), small("inline", "float16")
        made = {contents: inputs.get(contents, 2) for contents in (kept, gone)}
        inputs.drop_all_but([kept])
        self.assertTrue(all(path.exists() for path in made[kept].files))
        self.assertFalse(any(path.exists() for path in made[gone].files))


class Figures(unittest.TestCase):
    def test_ratios_are_paired_by_round(self):
        rounds = [{"a": a_run(2), "b": a_run(1)}, {"b": a_run(100)},
                  {"a": a_run(30), "b": a_run(10)}, {"a": a_run(5), "b": a_run(10)}]
        self.assertEqual(report.ratio_of(Pair("a", "b"), rounds), report.Ratio(2, 0.5, 3, 3))
        self.assertIsNone(report.ratio_of(Pair("a", "c"), rounds))

    def test_goals_are_met_on_their_side(self):
        self.assertTrue(Pair("a", "b", at_most=0.5).is_met(0.5))
        self.assertFalse(Pair("a", "b", at_most=0.5).is_met(0.51))
        self.assertTrue(Pair("a", "b", at_least=4).is_met(4))
        self.assertFalse(Pair("a", "b", at_least=4).is_met(3.9))
        self.assertIsNone(Pair("a", "b").is_met(1))

    def test_the_page_goes_between_the_marks(self):
        old = f"x\n{report.README_START}\nold\n{report.README_END}\ny"
        with mock.patch.object(pathlib.Path, "read_text", lambda _: old), \
                mock.patch.object(pathlib.Path, "write_text", autospec=True) as write:
            report.write_into("README.md", "new\n")
        self.assertEqual(write.call_args.args[1],
                         f"x\n{report.README_START}\nnew\n{report.README_END}\ny")


class Measuring(unittest.TestCase):
    def test_a_commands_peak_is_its_own_and_that_of_what_it_started(self):
        mine = bytearray(300 << 20)
        mine[::4096] = b"x" * len(mine[::4096])  # this process is larger than what it measures
        eater = f"{sys.executable} -c 'b = bytearray(b\"x\" * (100 << 20))'"
        with Launcher() as launcher:
            self.assertLess(launcher.run(["true"]).peak_mib, 40)
            peak = launcher.run(["sh", "-c", f"{eater}; true"]).peak_mib
        self.assertGreater(peak, 100)
        self.assertLess(peak, 250)

    def test_a_command_that_fails_is_told_with_what_it_said(self):
        with Launcher() as launcher, self.assertRaisesRegex(Failed, "(?s)status 3.*too bad"):
            launcher.run(["sh", "-c", "echo too bad >&2; exit 3"])

    def test_what_runs_apart_comes_back_or_fails(self):
        self.assertEqual(apart(max, 1, 2), 2)
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(Failed):
            apart(int, "no number")


if __name__ == "__main__":
    unittest.main()
