"""How the command behaves where it succeeds: what it prints, writes, and leaves alone."""
import os
import re
import shlex
import signal
import stat
import subprocess
import time
import unittest

from command_runner import CommandTest, FLOAT32, digits, model, onnx_models, run, snapshot
from onnx import helper
from polyak_runner import POLYAK, FolderTest

ONE = 0x3F800000
SUBCOMMANDS = ("average", "interpolate", "inspect", "diff")


class Help(unittest.TestCase):
    def test_is_there_for_the_program_and_every_subcommand(self):
        for arguments in ([], *([name] for name in SUBCOMMANDS)):
            for option in ("--help", "-h"):
                result = run(*arguments, option)
                self.assertEqual(result.status, 0)
                self.assertEqual(result.stderr, "")
                self.assertRegex(result.stdout, "(?s)Usage: polyak.*" + "".join(arguments))
                self.assertIn("Examples:", result.stdout)
        for name in SUBCOMMANDS:
            self.assertIn(name, run("--help").stdout)

    def test_names_every_shared_option(self):
        for name in ("average", "interpolate"):
            text = run(name, "--help").stdout
            for option in ("--output", "--force", "--threads", "--memory", "--progress", "--quiet",
                           "--no-provenance", "--allow-nonfinite"):
                self.assertIn(option, text)

    def test_of_version_is_one_line(self):
        result = run("--version")
        self.assertEqual((result.status, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"\Apolyak \d+\.\d+\.\d+\n\Z")

    def test_examples_do_what_they_say(self):
        """Each example of --help, on the digits checkpoints under the names that it uses."""
        examples = [shlex.split(line) for name in ("average", "interpolate")
                    for line in run(name, "--help").stdout.splitlines()
                    if line.startswith("  polyak ") and "..." not in line]
        self.assertGreaterEqual(len(examples), 4)

        class Example(FolderTest):
            def runTest(self):
                (self.folder / "run3").mkdir()
                for epoch in range(1, 13):
                    (self.folder / f"run3/ckpt-{epoch}.h5").symlink_to(digits(epoch, "h5"))
                for epoch, word in enumerate(sorted({w for e in examples for w in e if "." in w
                                                     and "/" not in w})):
                    suffix = word.rsplit(".")[-1]
                    if suffix in ("onnx", "h5"):
                        content = digits(epoch % 12 + 1, suffix).read_bytes()
                        (self.folder / word).write_bytes(content)
                for example in examples:
                    output = self.folder / example[example.index("-o") + 1]
                    output.unlink(missing_ok=True)
                    self.polyak(*example[1:], cwd=self.folder)
                    self.assertEqual(output.exists(), "--dry-run" not in example)
        result = Example().run()
        self.assertEqual(result.failures + result.errors, [])


class WhatIsPrinted(CommandTest):
    def test_is_a_summary_on_standard_output(self):
        result = self.polyak("average", self.a, self.b, "-o", self.output)
        self.assertEqual(result.stderr, "")
        for expected in ("uniform", "0.5", "ep01.onnx", "ep02.onnx", "18 tensors", "9530 elements",
                         "out.onnx", "peak memory"):
            self.assertIn(expected, result.stdout)

    def test_is_nothing_with_quiet(self):
        for arguments in (["average", self.a, self.b],
                          ["interpolate", self.a, self.b, "-p", "0.5"]):
            for quiet in ("-q", "--quiet"):
                result = self.polyak(*arguments, "-f", "-o", self.output, quiet)
                self.assertEqual((result.stdout, result.stderr), ("", ""))

    def test_warns_where_one_checkpoint_has_nearly_all_the_weight(self):
        result = self.polyak("average", self.a, self.b, "--method", "ema", "--decay", "0.999",
                             "-o", self.output)
        self.assertRegex(result.stderr, r"polyak: warning: .*ep01\.onnx.*99\.9 %")

    def test_names_the_half_life_and_its_weights(self):
        result = self.polyak("average", self.a, self.b, "--method", "ema", "--half-life", "0.5",
                             "-o", self.output)
        self.assertRegex(result.stdout, r"0\.25 +\S*ep01\.onnx\n +0\.75 +\S*ep02\.onnx")
        record = self.polyak("inspect", self.output)
        self.assertRegex(record.stdout, r"ema \(half-life 0\.5\) of 2")

    def test_warns_where_a_checkpoint_comes_twice(self):
        result = self.polyak("average", self.a, self.a, self.b, "-o", self.output)
        self.assertRegex(result.stderr, r"polyak: warning: .*ep01\.onnx.*same")

    def test_fails_where_standard_output_is_full(self):
        for arguments in (["average", self.a, self.b, "-o", self.output, "-f"],
                          ["inspect", self.a], ["--help"], ["--version"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([POLYAK, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=60)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertRegex(done.stderr, r"\Apolyak: error: .*standard output.*\n\Z")

    def test_to_a_closed_pipe_is_no_crash_and_no_fault(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([POLYAK, "inspect", self.a], stdout=writer, stderr=subprocess.PIPE,
                              timeout=60)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def start_long_inspect(self):
        """More text than a pipe holds, of which nobody reads anything yet."""
        long = model(self.folder / "long.onnx", {f"tensor{k}": [ONE] for k in range(5000)})
        return subprocess.Popen([POLYAK, "inspect", long], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def test_to_a_reader_that_has_seen_enough_is_no_fault_in_the_middle_of_it_either(self):
        process = self.start_long_inspect()
        self.assertTrue(process.stdout.readline().startswith(b"TENSOR"))
        process.stdout.close()
        self.assertEqual((process.wait(timeout=60), process.stderr.read()), (0, b""))
        process.stderr.close()

    def test_to_a_reader_that_does_not_read_can_be_stopped(self):
        process = self.start_long_inspect()
        process.stdout.peek(1)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), -signal.SIGINT)
        process.communicate()

    def test_never_goes_into_a_file_that_took_the_place_of_a_closed_stream(self):
        expected = self.average([self.a, self.b], "good.onnx", "-q").read_bytes()
        inputs = [self.a.read_bytes(), self.b.read_bytes()]
        for closed in ("0<&- 1>&- 2>&-", "1>&-", "2>&-", "0<&-", "1>&- 2>&-", "0<&- 2>&-"):
            with self.subTest(closed):
                self.output.unlink(missing_ok=True)
                done = subprocess.run(
                    ["sh", "-c", f'exec "$@" {closed}', "sh", POLYAK, "average", self.a, self.b,
                     "-o", self.output, "--progress", "always"], capture_output=True, timeout=60)
                self.assertEqual(done.returncode, 1 if "1>&-" in closed else 0)
                self.assertEqual([self.a.read_bytes(), self.b.read_bytes()], inputs)
                self.assert_same_bytes(self.output.read_bytes(), expected)

    def test_by_inspect_is_what_python_onnx_finds(self):
        result = run("inspect", digits(9))
        self.assertEqual((result.status, result.stderr), (0, ""))
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["TENSOR", "DTYPE", "SHAPE", "ROLE", "BYTES", "STORAGE"])
        tensors = onnx_models.all_tensors(onnx_models.load(digits(9)))
        uses = {"conv.weight": "convolution weight", "bn.weight": "normalization scale",
                "bn.bias": "normalization bias", "bn.running_mean": "running mean",
                "bn.running_var": "running variance", "fc.weight": "matrix weight",
                "fc.bias": "matrix bias"}
        expected = [[tensor.name, "float32", "[" + ",".join(map(str, tensor.dims)) + "]",
                     uses[re.sub(r"\d", "", tensor.name)], str(len(tensor.raw_data)), "raw_data"]
                    for tensor in tensors]
        self.assertEqual([re.split("  +", line) for line in lines[1:len(tensors) + 1]], expected)

    def test_by_inspect_of_a_digits_file_is_this(self):
        """The columns and their order, word for word."""
        self.assertEqual(run("inspect", digits(9)).stdout, """\
TENSOR            DTYPE    SHAPE        ROLE                 BYTES  STORAGE
conv1.weight      float32  [16,1,3,3]   convolution weight     576  raw_data
bn1.weight        float32  [16]         normalization scale     64  raw_data
bn1.bias          float32  [16]         normalization bias      64  raw_data
bn1.running_mean  float32  [16]         running mean            64  raw_data
bn1.running_var   float32  [16]         running variance        64  raw_data
conv2.weight      float32  [32,16,3,3]  convolution weight   18432  raw_data
bn2.weight        float32  [32]         normalization scale    128  raw_data
bn2.bias          float32  [32]         normalization bias     128  raw_data
bn2.running_mean  float32  [32]         running mean           128  raw_data
bn2.running_var   float32  [32]         running variance       128  raw_data
fc1.weight        float32  [32,128]     matrix weight        16384  raw_data
fc1.bias          float32  [32]         matrix bias            128  raw_data
bn3.weight        float32  [32]         normalization scale    128  raw_data
bn3.bias          float32  [32]         normalization bias     128  raw_data
bn3.running_mean  float32  [32]         running mean           128  raw_data
bn3.running_var   float32  [32]         running variance       128  raw_data
fc2.weight        float32  [10,32]      matrix weight         1280  raw_data
fc2.bias          float32  [10]         matrix bias             40  raw_data

ROLE               DTYPE    TENSORS  ELEMENTS  BYTES
parameter          float32       12      9370  37480
running statistic  float32        6       160    640

18 tensors, 9530 elements, 37.2 KiB in a file of 39.4 KiB (onnx)
ir_version 7, opset 13, producer pytorch 1.13.0
""")


class TheHdf5Helper(CommandTest):
    def test_takes_no_library_from_the_current_folder(self):
        """A folder of checkpoints from somewhere may hold a libc.so.6 as well."""
        inputs = [self.copy_of(epoch, "h5") for epoch in (1, 2)]
        for library in ("libc.so.6", "libstdc++.so.6", "libprotobuf-lite.so.32", "libcurl.so.4",
                        "libhdf5_serial.so.103"):
            (self.folder / library).write_text("not a library\n")
        self.polyak("average", *inputs, "-o", "out.h5", cwd=self.folder)


class NamesFromFiles(CommandTest):
    """What a file calls its tensors, or itself, never reaches the terminal raw."""

    EVIL = "\x1b]0;owned\x07\x1b[2J\rpolyak: done\nnext\x7f\u009b31m\u202e"

    def assert_harmless(self, result):
        for text in (result.stdout, result.stderr):
            raw = re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", text)
            self.assertEqual(raw, [], repr(text))
        for line in result.stderr.splitlines():
            self.assertRegex(line, r"\Apolyak: (error|hint|warning|note): ")

    def test_are_escaped_in_errors_summaries_and_inspect(self):
        a = model(self.folder / "a.onnx", {"w": [ONE], self.EVIL: [ONE, ONE]})
        b = model(self.folder / "b.onnx", {"w": [ONE]})
        nan = model(self.folder / "nan.onnx", {"w": [ONE], self.EVIL: [ONE, 0x7FC00000]})
        for inputs in ([a, b], [b, a], [a, nan]):
            result = run("average", *inputs, "-o", self.output)
            self.assertEqual(result.status, 1)
            self.assertIn(r"\x1b", result.stderr)
            self.assert_harmless(result)
        result = run("inspect", a)
        self.assertIn(r"\x1b", result.stdout)
        self.assert_harmless(result)

    def test_are_escaped_in_warnings_and_the_list_of_kept_tensors(self):
        paths = []
        for k in range(2):
            steps = helper.make_tensor(self.EVIL, 7, [1], [k])
            weight = onnx_models.raw_tensor("w", FLOAT32, [ONE])
            paths.append(onnx_models.save(onnx_models.model_of([weight, steps]),
                                          self.folder / f"{k}.onnx"))
        result = self.polyak("average", *paths, "-o", self.output, "-v")
        self.assertIn(r"\x1b", result.stderr)
        self.assertIn(r"\x1b", result.stdout)
        self.assert_harmless(result)

    def test_of_files_are_escaped(self):
        evil = self.folder / self.EVIL.replace("/", "")
        self.a.rename(evil)
        result = self.polyak("average", evil, evil, "-o", self.folder / ("out" + self.EVIL))
        self.assert_harmless(result)
        self.assertTrue((self.folder / ("out" + self.EVIL)).exists())
        for arguments in (["average", evil, self.folder / ("no" + self.EVIL), "-o", self.output],
                          ["average", evil, evil, "-o", evil],
                          ["average", evil, evil, "-o", self.output, "--" + self.EVIL],
                          ["average", evil, evil, "-o", self.output, "--method", self.EVIL],
                          ["average", evil, evil, "-o", self.output, "-j", self.EVIL],
                          ["average", evil, evil, "-o", self.output, "--memory", self.EVIL],
                          ["inspect", self.folder / ("no" + self.EVIL)], [self.EVIL]):
            result = run(*arguments)
            self.assertNotEqual(result.status, 0)
            self.assert_harmless(result)

    def test_of_files_that_are_not_utf8_are_escaped(self):
        name = os.path.join(bytes(self.folder), b"\xff\xfe.onnx")
        result = run("inspect", name)
        self.assertIn(r"\xff\xfe.onnx", result.stderr)
        self.assert_harmless(result)

    def test_in_the_provenance_record_are_escaped_by_inspect(self):
        evil = self.folder / self.EVIL
        self.a.rename(evil)
        self.polyak("average", evil, self.b, "-o", self.output)
        self.assert_harmless(run("inspect", self.output))


class TheOutput(CommandTest):
    def mode(self):
        return stat.S_IMODE(self.output.stat().st_mode)

    def test_gets_the_permissions_that_the_umask_leaves(self):
        for umask, expected in ((0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o000, 0o666)):
            self.output.unlink(missing_ok=True)
            self.polyak("average", self.a, self.b, "-o", self.output, umask=umask)
            self.assertEqual(self.mode(), expected)

    def test_keeps_the_permissions_of_the_file_that_it_replaces(self):
        for mode in (0o600, 0o755, 0o444):
            self.output.write_text("old")
            self.output.chmod(mode)
            self.polyak("average", self.a, self.b, "-f", "-o", self.output, umask=0o022)
            self.assertEqual(self.mode(), mode)
            self.assertGreater(self.output.stat().st_size, 30000)
            self.output.unlink()

    def test_does_not_act_for_its_owner_as_the_file_did_that_it_replaces(self):
        for sandbox in ("on", "off"):
            self.output.write_text("old")
            self.output.chmod(0o6755)
            self.polyak("average", self.a, self.b, "-f", "-o", self.output, "--sandbox", sandbox)
            self.assertEqual(self.mode(), 0o755)
            self.assertGreater(self.output.stat().st_size, 30000)

    def test_through_a_link_replaces_what_the_link_names(self):
        target = self.folder / "target.onnx"
        target.write_text("old")
        self.output.symlink_to("target.onnx")
        self.polyak("average", self.a, self.b, "-f", "-o", self.output)
        self.assertTrue(self.output.is_symlink())
        self.assertGreater(target.stat().st_size, 30000)

    def test_beside_another_name_of_the_old_file_leaves_that_alone(self):
        """Replacing is a new file: who still has the old one open or linked keeps it."""
        self.output.write_text("old")
        os.link(self.output, self.folder / "other")
        self.polyak("average", self.a, self.b, "-f", "-o", self.output)
        self.assertEqual((self.folder / "other").read_text(), "old")

    def test_comes_with_nothing_else_and_leaves_the_inputs_alone(self):
        before = snapshot(self.folder)
        self.polyak("average", self.a, self.b, "-o", self.output)
        after = snapshot(self.folder)
        self.assertEqual(after.keys() - before.keys(), {str(self.output)})
        del after[str(self.output)]
        self.assertEqual(after, before)

    def test_in_the_current_folder_needs_no_path(self):
        self.polyak("average", self.a.name, self.b.name, "-o", "here.onnx", cwd=self.folder)
        self.polyak("average", self.a.name, self.b.name, "-o", "-dash.onnx", cwd=self.folder)
        self.assertTrue((self.folder / "here.onnx").exists())
        self.assertTrue((self.folder / "-dash.onnx").exists())

    def test_with_the_longest_name_is_written(self):
        output = self.folder / ("x" * 255)
        self.polyak("average", self.a, self.b, "-o", output)
        self.assertTrue(output.exists())

    def test_removes_what_a_killed_run_left_and_nothing_else(self):
        stale = self.folder / ".out.onnx.polyak-abcd1234"
        names = (".out.onnx.polyak-short", ".other.polyak-abcd1234", "out.onnx.polyak-abcd1234")
        others = [self.folder / name for name in names]
        for path in (stale, *others):
            path.write_text("left")
        self.polyak("average", self.a, self.b, "-o", self.output)
        self.assertFalse(stale.exists())
        self.assertTrue(all(path.exists() for path in others))

    def test_leaves_a_temporary_file_that_is_locked_by_a_run(self):
        import fcntl
        busy = self.folder / ".out.onnx.polyak-abcd1234"
        with open(busy, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.polyak("average", self.a, self.b, "-o", self.output)
            self.assertTrue(busy.exists())


if __name__ == "__main__":
    unittest.main()
