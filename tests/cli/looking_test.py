"""inspect and diff as a user meets them: orders, trees, exit statuses, names that are hostile."""
import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import unittest

import numpy as np
import onnx

from command_runner import CommandTest, digits, onnx_models, run
from array_models import save_hdf5, save_onnx
from json_documents import by_name, checked, compared, inspected
from polyak_runner import POLYAK, FolderTest

EVIL = "\x1b]0;owned\x07\x1b[2J\r\npolyak: done\nnext\x7f\u009b31m\t\\\"<&"


def ones(*shape):
    return np.ones(shape, np.float32)


def names_of(result):
    """The first column of a table, below its title."""
    return [line.split()[0] for line in result.stdout.split("\n\n")[0].splitlines()[1:]]


def save_large_model(path, file_bytes):
    """An initializer "w" of uint8 in raw_data: a hole, which takes no room on a disk."""
    varint = onnx_models.varint

    def head(elements):
        tensor = b"\x08" + varint(elements) + b"\x10\x02\x42\x01w\x4a" + varint(elements)
        initializer = b"\x2a" + varint(len(tensor) + elements) + tensor
        return b"\x3a" + varint(len(initializer) + elements) + initializer

    path.write_bytes(head(file_bytes - len(head(file_bytes))))
    os.truncate(path, file_bytes)
    return path


class Inspect(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = save_onnx(self.folder / "m.onnx", {
            "net.b.w": ones(4), "net.a.w": ones(10, 10), "net.b.n": np.arange(3),
            "head": ones(7).astype(np.float16), "net.a.b": ones(2)})

    def test_passes_on_the_warnings_of_a_checkpoint(self):
        path = save_large_model(self.folder / "large.onnx", (2 << 30) + 100_000_000)
        result = run("inspect", path)
        self.assertEqual(result.status, 0)
        self.assertRegex(result.stderr, r"\Apolyak: warning: \S+large.onnx: .*2 GiB.*\n\Z")
        self.assertIn("2.1 GiB in a file of 2.1 GiB", result.stdout)

    def test_says_what_a_model_says_of_itself(self):
        found = inspected(digits(12, "onnx"))
        self.assertEqual(found["properties"], {"ir_version": "7", "opset": "13",
                                               "producer": "pytorch 1.13.0"})
        self.assertEqual(inspected(digits(12, "h5"))["properties"],
                         {"layout": "legacy weights", "keras_version": "2.15.0",
                          "backend": "tensorflow"})

    def test_sorts_by_every_key(self):
        expected = {"file": "net.b.w net.a.w net.b.n head net.a.b",
                    "name": "head net.a.b net.a.w net.b.n net.b.w",
                    "bytes": "net.a.w net.b.n net.b.w head net.a.b",
                    "elements": "net.a.w head net.b.w net.b.n net.a.b",
                    "role": "net.b.w net.a.w head net.a.b net.b.n",
                    "dtype": "head net.b.w net.a.w net.a.b net.b.n"}
        for key, names in expected.items():
            self.assertEqual(names_of(run("inspect", self.path, "--sort", key)), names.split())
            document = inspected(self.path, "--sort", key)
            self.assertEqual([tensor["name"] for tensor in document["tensors"]], names.split())
        self.assertEqual(names_of(run("inspect", self.path)), expected["file"].split())
        self.assert_refused(["inspect", self.path, "--sort", "colour"], "colour", status=2)

    def test_shows_a_tree_with_totals(self):
        table, totals, end = self.polyak("inspect", self.path, "--tree").stdout.split("\n\n")
        self.assertEqual(table, """\
TENSOR   TENSORS  BYTES  DTYPE    SHAPE
net.           4    448
├─ b.          2     40
│  ├─ w              16  float32  [4]
│  └─ n              24  int64    [3]
└─ a.          2    408
   ├─ w             400  float32  [10,10]
   └─ b               8  float32  [2]
head                 14  float16  [7]""")
        self.assertEqual(totals, """\
ROLE       DTYPE    TENSORS  ELEMENTS  BYTES
parameter  float16        1         7     14
parameter  float32        3       106    424
other      int64          1         3     24""")
        self.assertIn("5 tensors, 116 elements, 462 bytes in a file of ", end)
        self.assert_refused(["inspect", self.path, "--tree", "--json"], "--tree", status=2)

    def test_shows_statistics_in_columns(self):
        lines = self.polyak("inspect", self.path, "--stats", "--sort", "name").stdout.splitlines()
        self.assertEqual(lines[0].split(), "TENSOR DTYPE SHAPE MIN MAX MEAN NORM ZEROS NAN INF "
                                           "ROLE BYTES STORAGE".split())
        self.assertEqual(lines[4].split(), "net.b.n int64 [3] 0 2 1 2.23607 1 0 0 other 24 "
                                           "raw_data".split())
        tree = self.polyak("inspect", self.path, "--stats", "--tree").stdout
        self.assertRegex(tree, r"└─ n +24  int64 +\[3\] +0 +2 +1 +2.23607 +1 +0 +0\n")

    def test_counts_one_thing_as_one(self):
        path = save_onnx(self.folder / "one.onnx", {"w": ones(1)})
        self.assertIn("\n1 tensor, 1 element, 4 bytes in a file", run("inspect", path).stdout)

    def test_writes_json_that_says_what_the_table_says(self):
        document = inspected(self.path)
        self.assertEqual(document["format"], "onnx")
        self.assertEqual(document["path"], str(self.path))
        self.assertEqual(document["file_bytes"], self.path.stat().st_size)
        self.assertIsNone(document["provenance"])
        self.assertEqual(document["totals"]["tensors"], 5)
        self.assertEqual(by_name(document)["net.b.n"], {
            "name": "net.b.n", "dtype": "int64", "shape": [3], "elements": 3, "bytes": 24,
            "role": "other", "storage": "raw_data", "readable": True})

    def test_writes_the_provenance_record_as_an_object(self):
        self.polyak("average", self.a, self.b, "-o", self.output, "--weights", "1,3")
        record = inspected(self.output)["provenance"]
        self.assertEqual(record["method"], "weights")
        self.assertEqual([entry["weight"] for entry in record["inputs"]], [0.25, 0.75])
        self.assertRegex(run("inspect", self.output).stdout, r"""
made by polyak \d\S*: weights \(weights \[1.0,3.0\]\) of 2 checkpoints
  0.25 +ep01.onnx
  0.75 +ep02.onnx  \(template\)
\Z""")

    def test_shows_a_record_that_is_none_as_text(self):
        for record in ("{", "[" * 50000, EVIL, '{"method": 5}', "", "\x1b[31m"):
            tensors = [onnx_models.raw_tensor("w", onnx_models.FLOAT32, [0])]
            path = onnx_models.save(onnx_models.model_of(tensors, metadata={"polyak": record}),
                                    self.folder / "r.onnx")
            self.assertEqual(run("inspect", path).status, 0)
            found = inspected(path)["provenance"]
            expected = record or None
            self.assertEqual(found, {"method": 5} if record.startswith('{"') else expected)

    def test_shows_progress_only_when_asked_to(self):
        result = run("inspect", self.path, "--stats", "--progress", "always")
        self.assertIn("100 %", result.stderr)
        self.assertEqual(run("inspect", self.path, "--stats").stderr, "")

    def test_ends_by_the_signal_that_stops_it(self):
        path = save_onnx(self.folder / "large.onnx", {"w": np.zeros(80_000_000, np.float32)})
        for command in (["inspect", "--stats", path], ["diff", path, path]):
            process = subprocess.Popen([POLYAK, *command, "-j1", "--progress", "always"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            process.stderr.read(1)  # it is at work
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=10)
            self.assertIn(process.returncode, (-signal.SIGINT, 0))


class Diff(CommandTest):
    def save(self, name, arrays):
        return save_onnx(self.folder / name, arrays)

    def status(self, a, b, *options):
        result = run("diff", a, b, *options)
        self.assertEqual(result.stderr, "")
        return result.status, result.stdout.splitlines()

    def test_of_equal_checkpoints_is_one_line_and_0(self):
        for options in ([], ["--sort", "name"], ["--tolerance", "0"]):
            self.assertEqual(self.status(self.a, self.a, *options),
                             (0, ["all 18 tensors are equal"]))
        one = self.save("one.onnx", {"w": ones(1)})
        self.assertEqual(self.status(one, one), (0, ["the 1 tensor is equal"]))
        status, lines = self.status(self.a, self.a, "-v", "--sandbox", "off")
        self.assertEqual((status, len(lines)), (0, 21))
        self.assertRegex(lines[1], r"^conv1.weight +equal +float32 +\[16,1,3,3\] +0 +0 +0 +0 +1 ")

    def test_of_different_ones_is_1(self):
        status, lines = self.status(self.a, self.b)
        self.assertEqual((status, lines[-1]), (1, "18 of 18 tensors differ"))
        self.assertEqual(self.status(self.a, self.b, "-q"), (1, []))
        figures = [float(line.split()[-3]) for line in lines[1:19]]
        self.assertEqual(figures, sorted(figures, reverse=True))

    def test_of_trouble_is_2(self):
        text = self.folder / "text"
        text.write_text("no checkpoint")
        for arguments in ([], [self.a], [self.a, self.b, self.a], [self.a, text], [text, self.a],
                          [self.a, self.folder / "none"], [self.a, self.folder],
                          [self.a, self.b, "--tolerance", "-1"],
                          [self.a, self.b, "--tolerance", "nan"],
                          [self.a, self.b, "--tolerance", "inf"],
                          [self.a, self.b, "--tolerance", "x"],
                          [self.a, self.b, "--sort", "x"], [self.a, self.b, "--memory", "1"],
                          [self.a, self.b, "-j", "0"], [self.a, self.b, "--no-such-option"]):
            self.assert_refused(["diff", *arguments], status=2)
        with open("/dev/full", "w") as full:
            done = subprocess.run([POLYAK, "diff", self.a, self.b], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 2)

    def test_lists_what_has_no_counterpart_first(self):
        a = self.save("x.onnx", {"far": ones(3), "near": ones(3), "same": ones(3),
                                 "gone": ones(3), "shape": ones(3), "kind": ones(3),
                                 "nan": ones(3)})
        b = self.save("y.onnx", {"new": ones(3), "kind": ones(3).astype(np.int32),
                                 "nan": np.array([1, np.nan, 1], np.float32),
                                 "shape": ones(1, 3), "same": ones(3),
                                 "near": np.array([1, 1, 1.5], np.float32), "far": -ones(3)})
        result = run("diff", a, b)
        self.assertEqual(result.status, 1)
        self.assertEqual(names_of(result), "gone new shape kind nan far near".split())
        self.assertEqual(result.stdout.splitlines()[-1], "7 of 8 tensors differ")
        self.assertIn("[3] / [1,3]", result.stdout)
        self.assertIn("float32 / int32", result.stdout)
        results = {name: tensor["result"] for name, tensor in by_name(compared(a, b)[1]).items()}
        self.assertEqual(results, {
            "gone": "only_in_a", "new": "only_in_b", "shape": "other_shape", "kind": "other_dtype",
            "nan": "different", "far": "different", "near": "different", "same": "equal"})
        self.assertEqual(names_of(run("diff", a, b, "--sort", "name")),
                         "far gone kind nan near new shape".split())

    def test_takes_what_is_within_the_tolerance_for_equal(self):
        a = self.save("x.onnx", {"w": ones(3), "n": np.array([5])})
        b = self.save("y.onnx", {"w": np.array([1, 1.25, 1], np.float32), "n": np.array([6])})
        self.assertEqual(run("diff", a, b, "--tolerance", "0.24").status, 1)
        self.assertEqual(self.status(a, b, "--tolerance", "0.25")[1][-1],
                         "1 of 2 tensors differs by more than 0.25")
        self.assertEqual(self.status(a, b, "--tolerance", "1"),
                         (0, ["all 2 tensors are equal within 1"]))
        nan = self.save("z.onnx", {"w": np.array([1, np.nan, 1], np.float32), "n": np.array([5])})
        self.assertEqual(run("diff", a, nan, "--tolerance", "9").status, 1)

    def test_sorts_by_each_figure(self):
        zero, one = np.zeros(1), np.ones(1)
        a = self.save("x.onnx", {"max": one * 1e6, "ulps": zero, "l2": one * 1e-3})
        b = self.save("y.onnx", {"max": one * 1e6 + 1, "ulps": zero + 1e-300, "l2": one * 1e-2})
        for key in ("max", "ulps"):
            self.assertEqual(names_of(run("diff", a, b, "--sort", key))[0], key)
        self.assertEqual(names_of(run("diff", a, b)), ["ulps", "l2", "max"])  # inf, 9, 1e-6

    def test_takes_zeros_of_either_sign_for_equal(self):
        a = self.save("x.onnx", {"w": np.zeros(9, np.float32)})
        b = self.save("y.onnx", {"w": -np.zeros(9, np.float32)})
        self.assertEqual(self.status(a, b)[0], 0)

    def test_compares_the_bytes_of_what_are_no_numbers(self):
        def strings(name, words):
            tensor = onnx.helper.make_tensor("s", onnx.TensorProto.STRING, [2], words)
            return onnx_models.save(onnx_models.model_of([tensor]), self.folder / name)
        a = strings("a", [b"one", b"two"])
        self.assertEqual(self.status(a, strings("b", [b"one", b"two"]))[0], 0)
        for words in ([b"one", b"twa"], [b"one", b"twoo"]):
            status, document = compared(a, strings("b", words))
            self.assertEqual(status, 1)
            self.assertEqual(document["tensors"][0]["compared_as"], "stored")
        numbers = np.array([1 + 2j, 3j])
        x = save_hdf5(self.folder / "x.h5", {"c": numbers})
        y = save_hdf5(self.folder / "y.h5", {"c": numbers.astype(">c16")})
        z = save_hdf5(self.folder / "z.h5", {"c": np.array([1 + 2j, 4j])})
        self.assertEqual(self.status(x, y)[0], 0)
        self.assertEqual(compared(x, z)[1]["tensors"][0]["differing"], 1)

    def test_says_what_it_could_not_compare(self):
        a = save_hdf5(self.folder / "a.h5", {"words": ["a", "b"], "w": ones(2)})
        b = save_hdf5(self.folder / "b.h5", {"words": ["a", "c"], "w": ones(2)})
        result = run("diff", a, b)
        self.assertEqual(result.status, 2)
        self.assertIn("not compared", result.stdout)
        self.assertEqual(result.stdout.splitlines()[-1], "1 of 2 tensors is equal")
        self.assertEqual(result.stderr, "polyak: error: 1 tensor could not be compared\n")
        result = run("diff", a, b, "--json")
        document = checked(result.stdout, "diff")
        self.assertEqual(document["totals"],
                         {"tensors": 2, "equal": 1, "different": 0, "not_compared": 1})

    def test_of_checkpoints_without_a_common_name_says_so(self):
        status, lines = self.status(self.a, digits(1, "h5"))
        self.assertEqual((status, lines[-1]), (1, "all tensors differ: no name is in both"))
        empty = self.save("empty.onnx", {})
        self.assertEqual(self.status(empty, empty), (0, ["no tensors in either"]))

    def test_of_a_checkpoint_in_two_formats_is_none(self):
        arrays = {"w": np.random.default_rng(1).standard_normal((5, 7)), "n": np.arange(4)}
        h5 = save_hdf5(self.folder / "a.h5", arrays)
        self.assertEqual(self.status(self.save("a.onnx", arrays), h5),
                         (0, ["all 2 tensors are equal"]))


class HostileNames(CommandTest):
    """Nothing of a name reaches the terminal raw, and JSON stays JSON."""

    NAMES = (EVIL, "x" * 10000, "w", "päth/重み", "a/" * 3000 + "w", "..", " ", "null", "-0")

    def setUp(self):
        super().setUp()
        self.paths = []
        for k, name in enumerate(("a.onnx", "b.onnx")):
            arrays = {name: np.full(3, k + 1, np.float32) for name in self.NAMES}
            self.paths.append(save_onnx(self.folder / name, arrays))
        # Python's protobuf writes no text that isn't UTF-8: bytes are put in place of others.
        for k in range(2):
            model = save_onnx(self.folder / "p.onnx", {"placehold": ones(k + 1)})
            raw = self.folder / f"raw{k}.onnx"
            raw.write_bytes(model.read_bytes().replace(b"placehold",
                                                       b"\xff\xfe\x1b[31m\xc3("))
            self.paths.append(raw)

    def assert_harmless(self, text):
        self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", text), [])
        text.encode("utf-8")  # fails where there are surrogates for bytes that weren't UTF-8

    def test_in_tables_are_escaped(self):
        for path in self.paths:
            for options in ([], ["--tree"], ["--stats"], ["--sort", "name"]):
                result = self.polyak("inspect", path, *options)
                self.assert_harmless(result.stdout + result.stderr)
        for a, b in (self.paths[:2], self.paths[2:], self.paths[::2]):
            result = run("diff", a, b, "-v")
            self.assertEqual(result.status, 1)
            self.assert_harmless(result.stdout + result.stderr)

    def test_in_json_read_back(self):
        names = [tensor["name"] for tensor in inspected(self.paths[0], "--stats")["tensors"]]
        self.assertEqual(sorted(names), sorted(self.NAMES))
        self.assertEqual(set(by_name(compared(*self.paths[:2])[1])), set(self.NAMES))
        raw = inspected(self.paths[2])["tensors"][0]["name"]
        self.assertEqual(raw, "\ufffd\ufffd\x1b[31m\ufffd(")
        compared(*self.paths[2:])
        for path in self.paths:
            self.assert_harmless(run("inspect", path, "--json").stdout)

    def test_fit_a_terminal(self):
        for options in (["inspect", self.paths[0], "--stats"], ["inspect", self.paths[0], "--tree"],
                        ["diff", *self.paths[:2]]):
            reader, writer = os.openpty()
            fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
            done = subprocess.Popen([POLYAK, *map(str, options)], stdout=writer, stderr=writer)
            os.close(writer)
            text = b""
            try:
                while part := os.read(reader, 65536):
                    text += part
            except OSError:  # the other end is closed
                pass
            os.close(reader)
            done.wait(60)
            table = text.decode().replace("\r\n", "\n").split("\n\n")[0]
            for line in table.splitlines():
                self.assertLessEqual(len(line), 60, line)
            self.assertIn("…", table)


class ManyTensors(FolderTest):
    def test_are_listed_within_memory_and_time(self):
        count = 20_000
        path = save_onnx(self.folder / "many.onnx",
                         {f"layer{i // 100}.part{i % 100}": ones(4) for i in range(count)})
        for options in (["--tree"], ["--stats", "--json", "--sort", "bytes"], ["--stats"]):
            result = self.polyak("inspect", path, "--memory", "128M", *options)
            self.assertIn(str(count), result.stdout)
        status, document = compared(path, path)
        self.assertEqual((status, document["totals"]["equal"]), (0, count))


if __name__ == "__main__":
    unittest.main()
