"""Whatever is not an averaged payload or the provenance record is what the template had."""
import re
import subprocess
import unittest

import h5py
import numpy
import onnx
from onnx import TensorProto, helper

import onnx_models
from float_rounding import FORMATS
from polyak_runner import DIGITS, FolderTest, digits, last_four, need_program, run, shared


def hdf5_payload_ranges(path):
    """Where the float datasets' elements lie, as the HDF5 library says."""
    ranges = []

    def note(_, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f" and item.size:
            offset = item.id.get_offset()
            ranges.append((offset, offset + item.id.get_storage_size()))
    with h5py.File(path, "r") as file:
        file.visititems(note)
        # The library counts from the file's beginning, the user block included.
        assert all(start >= file.userblock_size for start, _ in ranges)
    return ranges


class OnnxOutput(FolderTest):
    def assert_only_payloads_differ(self, template, output):
        """Byte by byte; returns what stands behind the template's bytes."""
        before, after = template.read_bytes(), output.read_bytes()
        ranges = [onnx_models.payload_range(before, tensor)
                  for tensor in onnx_models.all_tensors(onnx_models.load(template))
                  if tensor.data_type in onnx_models.FORMAT_OF]
        self.assertTrue(ranges)
        blanked = onnx_models.without_ranges(after[:len(before)], ranges)
        self.assert_same_bytes(blanked, onnx_models.without_ranges(before, ranges), output.name)
        self.assertNotEqual(after[:len(before)], before, "nothing was averaged")
        return after[len(before):]

    def test_without_provenance_differs_in_payloads_only(self):
        output = self.average(last_four(), "output.onnx", "--no-provenance")
        self.assertEqual(self.assert_only_payloads_differ(digits(12), output), b"")

    def test_with_provenance_has_one_more_metadata_entry_at_its_end(self):
        output = self.average(last_four(), "output.onnx")
        rest = onnx.ModelProto.FromString(self.assert_only_payloads_differ(digits(12), output))
        self.assertEqual([field.name for field, _ in rest.ListFields()], ["metadata_props"])
        self.assertEqual([entry.key for entry in rest.metadata_props], ["polyak"])

    def test_opens_in_python_onnx_and_passes_its_checker(self):
        output = self.average(last_four(), "output.onnx")
        # Of a path, the checker's shape inference would write into the file.
        onnx.checker.check_model(onnx.load(str(output)), full_check=True)
        found, template = onnx.load(str(output)), onnx.load(str(digits(12)))
        del found.metadata_props[:]
        del found.graph.initializer[:]
        del template.graph.initializer[:]
        self.assertEqual(found, template)

    def test_keeps_other_metadata_and_replaces_only_an_older_record(self):
        metadata = {"author": "somebody", "polyak": "an old record", "zz": "last"}
        number = FORMATS[2]
        paths = []
        for k in range(2):
            model = onnx_models.model_of([onnx_models.raw_tensor("w", number, [k, k])],
                                         metadata=metadata)
            paths.append(onnx_models.save(model, self.folder / f"{k}.onnx"))
        found = onnx_models.load(self.average(paths, "output.onnx"))
        entries = [(entry.key, entry.value) for entry in found.metadata_props]
        self.assertEqual([entry for entry in entries if entry[0] != "polyak"],
                         [("author", "somebody"), ("zz", "last")])
        records = [value for key, value in entries if key == "polyak"]
        self.assertEqual(len(records), 1)
        self.assertIn('"method"', records[0])

    def test_of_outputs_has_one_record(self):
        first = self.average(last_four()[:2], "first.onnx")
        second = self.average(last_four()[2:], "second.onnx")
        output = self.average([first, second], "third.onnx")
        entries = [entry for entry in onnx_models.load(output).metadata_props
                   if entry.key == "polyak"]
        self.assertEqual(len(entries), 1)
        self.assertIn('"first.onnx"', entries[0].value)
        # The template's own record is gone, not only hidden behind the new one.
        self.assertEqual(output.read_bytes().count(b'"version"'), 1)

    def test_keeps_an_older_record_with_a_warning_when_told_to_record_nothing(self):
        first = self.average(last_four(), "first.onnx")
        output = self.folder / "second.onnx"
        result = self.polyak("average", first, first, "-o", output, "--no-provenance")
        self.assertRegex(result.stderr, "warning: .*provenance")
        self.assert_same_bytes(output.read_bytes(), first.read_bytes())

    def test_keeps_bytes_that_python_onnx_does_not_know(self):
        """Unknown fields, and varints longer than they need be."""
        unknown = b"\xfa\x7f\x05hello" + b"\xf8\x7f\x85\x80\x80\x00"  # field 2047
        paths = []
        for k in range(2):
            model = onnx_models.model_of([onnx_models.raw_tensor("w", FORMATS[2], [k] * 7)])
            version, rest = model.SerializeToString()[:2], model.SerializeToString()[2:]
            path = self.folder / f"{k}.onnx"
            path.write_bytes(version + unknown + rest + unknown)
            paths.append(path)
        output = self.average(paths, "output.onnx", "--no-provenance")
        before, after = paths[0].read_bytes(), output.read_bytes()
        self.assertEqual(len(after), len(before))
        self.assertEqual(after.count(unknown), 2)
        # The mean of 0 and the smallest subnormal is a tie: 0, as in the first input.
        self.assert_same_bytes(after, before)

    def test_packed_float_and_double_fields_are_averaged_in_place(self):
        paths = []
        for k in (1.0, 4.0):
            tensors = [helper.make_tensor("floats", TensorProto.FLOAT, [3], [k, -k, 0.5]),
                       helper.make_tensor("doubles", TensorProto.DOUBLE, [2], [k, k / 3])]
            paths.append(onnx_models.save(onnx_models.model_of(tensors),
                                          self.folder / f"{k}.onnx"))
        output = self.average(paths, "output.onnx", "--no-provenance")
        self.assertEqual(self.assert_only_payloads_differ(paths[1], output), b"")
        floats, doubles = onnx_models.load(output).graph.initializer
        self.assertEqual(list(floats.float_data), [2.5, -2.5, 0.5])
        self.assertEqual(list(doubles.double_data)[0], 2.5)


class Hdf5Output(FolderTest):
    def rich_file(self, path, seed):
        """A file with most of what HDF5 has, float weights in several types among it."""
        random = numpy.random.default_rng(seed)
        with h5py.File(path, "w", userblock_size=512, track_order=True) as file:
            file.attrs["layer_names"] = numpy.array([b"b", b"a"])
            file.attrs["model_config"] = '{"name": "tiny"}'
            for name, dtype in (("z/half", "<f2"), ("z/float", "<f4"), ("a/double", "<f8"),
                                ("a/big", ">f4"), ("a/big_double", ">f8"), ("scalar", "<f4")):
                shape = () if name == "scalar" else (3, 5)
                data = random.standard_normal(shape).astype(dtype)
                dataset = file.create_dataset(name, data=data)
                dataset.attrs["note"] = name
            file["z"].attrs["links"] = numpy.arange(7)
            file.create_dataset("steps", data=numpy.arange(4))
            file.create_dataset("text", data=b"words")
            file["soft"] = h5py.SoftLink("/z/float")
            file["again"] = file["z/half"]
            file.attrs["reference"] = file["a/double"].ref
        with open(path, "r+b") as file:
            file.write(b"this is the user block")
        return path

    def assert_only_payloads_differ(self, template, output):
        before, after = template.read_bytes(), output.read_bytes()
        ranges = hdf5_payload_ranges(template)
        self.assertTrue(ranges)
        self.assert_same_bytes(onnx_models.without_ranges(after, ranges),
                               onnx_models.without_ranges(before, ranges), output.name)
        self.assertNotEqual(after, before, "nothing was averaged")

    def tool(self, *command):
        need_program(command[0])
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def assert_hdf5_tools_agree(self, template, output):
        headers = [self.tool("h5dump", "--header", path)[1].splitlines()[1:]
                   for path in (template, output)]
        self.assertGreater(len(headers[0]), 3)
        self.assertEqual(*headers)
        status, text = self.tool("h5diff", "-v", template, output)
        self.assertEqual(status, 1, text)
        changed = re.findall(r"^(\d+) differences found$", text, re.MULTILINE)
        self.assertTrue(any(int(count) for count in changed))
        # Nothing but datasets differs. Of a reference h5diff compares what it leads to.
        compared = None
        for line in text.splitlines():
            if re.match(r"\w+ *: <", line):
                compared = line
            if (match := re.match(r"(\d+) differences found", line)) and match[1] != "0":
                self.assertRegex(compared, r"^(dataset: |attribute: <reference of )")

    def test_of_digits_differs_in_payloads_only(self):
        output = self.average(last_four("h5"), "output.h5", "--no-provenance")
        self.assert_only_payloads_differ(digits(12, "h5"), output)
        self.assert_hdf5_tools_agree(digits(12, "h5"), output)

    def test_keeps_attributes_links_references_and_the_user_block(self):
        paths = [self.rich_file(self.folder / f"{k}.h5", k) for k in range(2)]
        output = self.folder / "output.h5"
        self.polyak("average", *paths, "-o", output, "--no-provenance")
        self.assert_only_payloads_differ(paths[1], output)
        self.assert_hdf5_tools_agree(paths[1], output)
        with h5py.File(output, "r") as file:
            self.assertEqual(file.attrs["model_config"], '{"name": "tiny"}')
            self.assertEqual(file[file.attrs["reference"]].name, "/a/double")
            with h5py.File(paths[0], "r") as a, h5py.File(paths[1], "r") as b:
                exact = (a["a/double"][()] + b["a/double"][()]) / 2  # exact enough: same exponents
                self.assertLess(abs(file["a/double"][()] - exact).max(), 1e-15)
                self.assertEqual(file["steps"][()].tolist(), [0, 1, 2, 3])

    def test_keeps_optimizer_groups_from_the_template_and_says_so(self):
        for group in ("optimizer_weights", "optimizer"):
            with self.subTest(group):
                paths = []
                for k in range(2):
                    path = self.folder / f"{group}{k}.h5"
                    with h5py.File(path, "w") as file:
                        file.create_dataset("layer/kernel", data=numpy.full(5, k, "<f4"))
                        file.create_dataset(f"{group}/m", data=numpy.full(5, k, "<f4"))
                        if k == 0:  # one that the template lacks is no reason to refuse
                            file.create_dataset(f"{group}/v", data=numpy.full(5, k, "<f4"))
                    paths.append(path)
                output = self.folder / f"{group}.h5"
                result = self.polyak("average", *paths, "-o", output)
                self.assertRegex(result.stdout, rf"kept .*{group}/m")
                with h5py.File(output, "r") as file:
                    self.assertEqual(file["layer/kernel"][()].tolist(), [0.5] * 5)
                    self.assertEqual(file[f"{group}/m"][()].tolist(), [1.0] * 5)


class AverageOfAFileWithItself(FolderTest):
    """Byte for byte the same file, with --no-provenance."""

    def check(self, path, copies=2):
        output = self.folder / f"output-{path.name}"
        self.polyak("average", *[path] * copies, "-o", output, "--no-provenance")
        self.assert_same_bytes(output.read_bytes(), path.read_bytes(), path.name)

    def test_is_every_digits_file(self):
        files = sorted(DIGITS.glob("ep*"))
        self.assertGreaterEqual(len(files), 24)
        for k, path in enumerate(files):
            with self.subTest(path.name):
                self.check(path, 2 + k % 4)

    def test_is_every_real_onnx_model(self):
        self.check_real(shared("onnx/real").glob("*.onnx"), least=10)

    def test_is_every_keras_file_that_opens(self):
        self.check_real(shared("keras").glob("*.h5"), least=4)

    def check_real(self, paths, least):
        averaged = 0
        for path in sorted(paths):
            with self.subTest(path.name):
                if self.is_refused_for_now(path):
                    continue
                self.check(path)
                averaged += 1
        self.assertGreaterEqual(averaged, least)

    def is_refused_for_now(self, path):
        """Storage that isn't read yet is refused by name in one line."""
        output = self.folder / "refused"
        result = run("average", path, path, "-o", output, "--no-provenance", "-f")
        if result.status == 0:
            return False
        self.assertEqual(result.status, 1, result.stderr)
        self.assertRegex(result.stderr, rf"\Apolyak: error: .*{re.escape(path.name)}: .*\n")
        self.assertFalse(output.exists())
        return True

    def test_is_the_file_for_every_method(self):
        path = digits(12)
        for k, options in enumerate((["--method", "ema", "--decay", "0.9"],
                                     ["--weights", "0.1,0.7,1e-300"])):
            output = self.average([path] * 3, f"{k}.onnx", "--no-provenance", *options)
            self.assert_same_bytes(output.read_bytes(), path.read_bytes())

    def test_is_a_model_of_any_bits(self):
        """NaN payloads, signalling ones, infinities, both zeros, subnormals."""
        source = numpy.random.default_rng(11)
        tensors = [helper.make_tensor(number.name, onnx_models.TYPE_OF[number], [999],
                                      source.bytes(999 * number.bytes), raw=True)
                   for number in FORMATS]
        self.check(onnx_models.save(onnx_models.model_of(tensors), self.folder / "bits"), 3)


if __name__ == "__main__":
    unittest.main()
