"""What can't be done is refused: one clear line, nothing changed, nothing left."""
import os
import pathlib
import shutil
import subprocess
import unittest

import h5py
import numpy
from command_runner import CommandTest, FLOAT32, model, onnx_models, run, snapshot
from polyak_runner import IS_FULL, POLYAK

ONE = 0x3F800000
NAN = 0x7FC00000
INFINITY = 0x7F800000


class BadInput(CommandTest):
    def assert_refused_in_both_places(self, path, *names, **expected):
        """As an input and as the template."""
        self.assert_average_refused([path, self.a], *names, **expected)
        self.assert_average_refused([self.a, path], *names, **expected)

    def test_that_is_missing_is_named(self):
        self.assert_refused_in_both_places(self.folder / "missing.onnx", "missing.onnx",
                                           "No such file")

    def test_that_is_empty_is_named(self):
        path = self.folder / "empty.onnx"
        path.touch()
        self.assert_refused_in_both_places(path, "empty.onnx", "empty")

    def test_that_is_text_is_named_with_a_hint(self):
        path = self.folder / "text.onnx"
        path.write_text("weights: yes\n" * 100)
        self.assert_refused_in_both_places(path, "text.onnx", hint="text")

    def test_of_formats_to_come_gets_a_hint(self):
        for name, content, hint in (("model.pt", b"PK\3\4" + bytes(100), "zip"),
                                    ("old.pt", b"\x80\x02}q\0." + bytes(100), "pickle"),
                                    ("m.safetensors", b"\x10\0\0\0\0\0\0\0{\"a\":{}}       ",
                                     "safetensors")):
            with self.subTest(name):
                path = self.folder / name
                path.write_bytes(content)
                self.assert_refused_in_both_places(path, name, hint=hint)

    def test_of_random_bytes_is_named(self):
        for seed in range(20):
            path = self.folder / "noise.onnx"
            path.write_bytes(numpy.random.default_rng(seed).bytes(1 + 97 * seed))
            self.assert_average_refused([path, self.a], "noise.onnx")

    def test_that_is_a_fifo_or_a_device_is_named_and_not_waited_for(self):
        os.mkfifo(self.folder / "fifo.onnx")
        self.assert_refused_in_both_places(self.folder / "fifo.onnx", "fifo.onnx", "FIFO",
                                           seconds=10)
        self.assert_refused_in_both_places(pathlib.Path("/dev/zero"), "/dev/zero", seconds=10)

    def test_that_is_a_folder_without_checkpoints_is_named(self):
        (self.folder / "run3").mkdir()
        self.assert_refused_in_both_places(self.folder / "run3", "run3", "no checkpoint")

    def test_that_is_a_dangling_or_circular_link_is_named(self):
        (self.folder / "dangling.onnx").symlink_to("nowhere")
        (self.folder / "circle.onnx").symlink_to("circle.onnx")
        for name in ("dangling.onnx", "circle.onnx"):
            self.assert_refused_in_both_places(self.folder / name, name)

    def test_that_is_a_truncated_onnx_model_is_named_at_every_length(self):
        whole = self.a.read_bytes()
        path = self.folder / "cut.onnx"
        step = 13 if IS_FULL else 331
        lengths = [*range(1, 260, 1 if IS_FULL else 9), *range(260, len(whole), step),
                   *range(len(whole) - 20, len(whole))]
        refused = 0
        for length in lengths:
            path.write_bytes(whole[:length])
            try:
                # Cut between fields behind the graph, it is a model as good as any.
                cut = onnx_models.load(path)
                if len(cut.graph.initializer) == 18:
                    continue
            except Exception:  # whatever python3-onnx throws: it isn't a model
                pass
            inputs = [path, self.b] if length % 2 else [self.b, path]
            self.assert_average_refused(inputs, "cut.onnx")
            refused += 1
        self.assertGreater(refused, 100)

    def test_that_is_a_truncated_hdf5_file_is_named_at_every_length(self):
        good, path = self.copy_of(1, "h5"), self.folder / "cut.h5"
        whole = self.copy_of(2, "h5").read_bytes()
        step = 997 if IS_FULL else 7919
        lengths = [1, 7, 8, 9, 48, 95, 96, 97, 512, 800, *range(1000, len(whole), step),
                   len(whole) - 4096, len(whole) - 1]
        for length in lengths:
            with self.subTest(length=length):
                path.write_bytes(whole[:length])
                inputs = [path, good] if length % 2 else [good, path]
                self.assert_average_refused(inputs, "cut.h5")

    def test_that_changes_a_damaged_length_is_refused_without_a_crash(self):
        """Bytes of the structure set to other values: refused, or averaged; never a signal."""
        whole = bytearray(self.a.read_bytes())
        path = self.folder / "damaged.onnx"
        random = numpy.random.default_rng(4)
        for _ in range(1500 if IS_FULL else 150):
            damaged = bytearray(whole)
            damaged[random.integers(0, 400)] = random.integers(0, 256)
            path.write_bytes(damaged)
            result = run("average", path, self.b, "-o", self.output, "-f", seconds=20)
            self.assertIn(result.status, (0, 1), result.stderr)
            self.output.unlink(missing_ok=True)
            self.assertEqual(len(snapshot(self.folder)), 3)


class InputsThatDoNotFit(CommandTest):
    def test_in_shape_are_refused_with_the_tensor_and_both_shapes(self):
        paths = []
        for k, shape in enumerate(([2, 3], [3, 2])):
            tensor = onnx_models.raw_tensor("head.weight", FLOAT32, [ONE] * 6, shape)
            paths.append(onnx_models.save(onnx_models.model_of([tensor]),
                                          self.folder / f"{k}.onnx"))
        self.assert_average_refused(paths, "0.onnx", "1.onnx", "head.weight", "[2,3]", "[3,2]")

    def test_in_dtype_are_refused_with_the_tensor_and_both_dtypes(self):
        paths = [onnx_models.save(onnx_models.model_of([onnx_models.raw_tensor("w", number, [1])]),
                                  self.folder / f"{k}.onnx")
                 for k, number in enumerate(list(onnx_models.TYPE_OF)[1:3])]
        self.assert_average_refused(paths, "0.onnx", "'w'", "bfloat16", "float32")

    def test_for_a_missing_or_extra_tensor_are_refused_by_name(self):
        small = model(self.folder / "small.onnx", {"body": [ONE]})
        large = model(self.folder / "large.onnx", {"body": [ONE], "head.bias": [ONE]})
        for inputs in ([small, large], [large, small]):
            self.assert_average_refused(inputs, "small.onnx", "large.onnx", "head.bias")

    def test_because_one_is_hdf5_are_refused(self):
        h5 = self.copy_of(1, "h5")
        for inputs in ([self.a, h5], [h5, self.a]):
            self.assert_average_refused(inputs, "ep01.h5", "ep01.onnx", hint="the same")

    def test_are_all_told_where_there_are_few(self):
        a = model(self.folder / "1.onnx", {name: [ONE] for name in "pqr"})
        b = model(self.folder / "2.onnx", {name: [ONE] for name in "rst"})
        self.assert_average_refused([a, b], "4 tensors", "    p  [1] float32", "    q  ", "    s  ",
                                    "    t  ")

    def test_stay_a_screenful_where_there_are_thousands(self):
        a = model(self.folder / "1.onnx", {f"a{k}": [ONE] for k in range(3000)})
        b = model(self.folder / "2.onnx", {f"b{k}": [ONE] for k in range(3000)})
        result = self.assert_average_refused([a, b], "6000")
        self.assertLess(len(result.stderr), 2000)


class ElementThatIsNotFinite(CommandTest):
    def test_is_refused_with_checkpoint_tensor_and_index(self):
        good = [ONE] * 12
        for bits in (NAN, INFINITY, INFINITY | 1 << 31):
            bad = list(good)
            bad[7] = bits
            paths = []
            for k, values in enumerate((good, bad, good)):
                tensor = onnx_models.raw_tensor("layer.weight", FLOAT32, values, [3, 4])
                paths.append(onnx_models.save(onnx_models.model_of([tensor]),
                                              self.folder / f"step{k}.onnx"))
            self.assert_average_refused(paths, "step1.onnx", "layer.weight", "[1,3]",
                                        hint="--allow-nonfinite")

    def test_in_a_large_tensor_is_the_first_one_whatever_the_threads(self):
        elements = 700_000
        good = numpy.full(elements, 1.0, "<f4")
        bad = good.copy()
        bad[[523_456, 650_000, elements - 1]] = numpy.nan
        paths = []
        for k, values in enumerate((good, bad)):
            tensor = onnx_models.helper.make_tensor("w", 1, [elements], values.tobytes(), raw=True)
            paths.append(onnx_models.save(onnx_models.model_of([tensor]),
                                          self.folder / f"{k}.onnx"))
        for threads in (1, 2, 7):
            self.assert_average_refused(paths, "1.onnx", "w: ", "523456",
                                        options=["-j", str(threads)])

    def test_is_refused_in_hdf5_too(self):
        paths = []
        for k in range(2):
            values = numpy.full((4, 5), 1.0, ">f8")
            values[2, 1] = numpy.nan if k == 0 else 1.0
            paths.append(self.folder / f"{k}.h5")
            with h5py.File(paths[k], "w") as file:
                file.create_dataset("dense/kernel", data=values)
        self.assert_average_refused(paths, "0.h5", "dense/kernel", "[2,1]")


class BadOutput(CommandTest):
    def test_that_exists_is_refused_without_force(self):
        self.output.write_text("mine")
        self.assert_average_refused([self.a, self.b], "out.onnx", "exists", status=2,
                                    hint="--force")

    def test_in_a_folder_that_is_missing_is_named(self):
        self.output = self.folder / "nowhere/out.onnx"
        self.assert_average_refused([self.a, self.b], "nowhere/out.onnx")

    def test_in_a_folder_that_is_a_file_is_named(self):
        self.output = self.a / "out.onnx"
        self.assert_average_refused([self.a, self.b], "ep01.onnx/out.onnx")

    def test_that_is_a_folder_a_fifo_or_a_dangling_link_is_named(self):
        (self.folder / "folder").mkdir()
        os.mkfifo(self.folder / "fifo")
        (self.folder / "link").symlink_to("nowhere")
        for name, status in (("folder", 2), ("fifo", 2), ("link", 1)):
            for options in ([], ["-f"]):
                with self.subTest(name, options=options):
                    self.output = self.folder / name
                    self.assert_average_refused([self.a, self.b], name, status=status,
                                                options=options, seconds=10)

    def test_with_no_name_is_refused_before_the_work(self):
        self.assert_refused(["average", self.a, self.b, "-o", ""], "-o", "empty", status=2)

    def test_with_too_long_a_name_is_refused(self):
        self.output = self.folder / ("x" * 300)
        self.assert_average_refused([self.a, self.b], "xxx")

    def test_that_is_an_input_is_refused_by_whatever_path(self):
        (self.folder / "sub").mkdir()
        (self.folder / "link.onnx").symlink_to("ep01.onnx")
        (self.folder / "linked").symlink_to(".")
        os.link(self.a, self.folder / "hard.onnx")
        paths = ["ep01.onnx", "ep02.onnx", "link.onnx", "hard.onnx", "sub/../ep01.onnx",
                 "linked/ep02.onnx"]
        for path in paths:
            for options in ([], ["-f"]):
                with self.subTest(path, options=options):
                    self.output = self.folder / path
                    self.assert_average_refused([self.a, self.b], path, "input", status=2,
                                                options=options)
        # And where the input is named by a link.
        self.output = self.a
        self.assert_average_refused([self.folder / "hard.onnx", self.b], "input", status=2,
                                    options=["-f"])

    def test_in_a_read_only_folder_is_named(self):
        """On a read-only mount: root may write into any other folder."""
        (self.folder / "ro").mkdir()
        script = ('mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 77\n'
                  'shift; exec "$@"')
        before = snapshot(self.folder)
        done = subprocess.run(
            ["unshare", *(["-rm"] if os.geteuid() else ["-m"]), "sh", "-c", script, "sh",
             self.folder / "ro", POLYAK, "average", self.a, self.b, "-o",
             self.folder / "ro/out.onnx"], capture_output=True, text=True, timeout=60)
        if done.returncode == 77 or "unshare" in done.stderr:
            self.skipTest("a read-only mount is not possible here")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"\Apolyak: error: .*ro/out\.onnx: .*Read-only.*\n\Z")
        self.assertEqual(snapshot(self.folder), before)

    def test_on_a_full_disk_is_named(self):
        """A tmpfs of several sizes, from too small for the folder to large enough."""
        (self.folder / "tiny").mkdir()
        (self.folder / "inputs").mkdir()
        inputs = [shutil.copy(path, self.folder / "inputs") for path in (self.a, self.b)]
        script = ('mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77\n'
                  'folder=$2; shift 2; "$@"; status=$?; ls -A "$folder"; exit $status')
        statuses = set()
        for kib in (4, 8, 16, 36, 40, 44, 64):
            with self.subTest(kib=kib):
                done = subprocess.run(
                    ["unshare", *(["-rm"] if os.geteuid() else ["-m"]), "sh", "-c", script, "sh",
                     f"{kib}k", self.folder / "tiny", POLYAK, "average", *inputs, "-q", "-o",
                     self.folder / "tiny/out.onnx"], capture_output=True, text=True, timeout=60)
                if done.returncode == 77 or "unshare" in done.stderr:
                    self.skipTest("mounting a tmpfs is not possible here")
                statuses.add(done.returncode)
                if done.returncode == 0:
                    self.assertEqual(done.stdout, "out.onnx\n")
                    continue
                self.assertEqual(done.stdout, "", "something is left")
                self.assertRegex(done.stderr,
                                 r"\Apolyak: error: .*out\.onnx: .*No space left on device\n\Z")
        self.assertEqual(statuses, {0, 1})


if __name__ == "__main__":
    unittest.main()
