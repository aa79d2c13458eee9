"""The same inputs give the same bytes, whatever the threads, the memory, the order."""
import unittest

import numpy
from onnx import TensorProto, helper

import onnx_models
from element_samples import samples
from float_rounding import FLOAT16, FLOAT32, FLOAT64, FORMATS, mean_of_columns
from polyak_runner import FolderTest, last_four

SETTINGS = [["--threads", threads, "--memory", memory]
            for threads in ("1", "2", "7") for memory in ("64M", "1G")]


def large_model(path, seed):
    """40 MB: four large tensors and 1500 tiny ones, in turns."""
    random = numpy.random.default_rng(seed)
    tensors = []

    def add(name, number, shape, scale=1.0):
        values = (random.standard_normal(shape) * scale).astype(f"<f{number.bytes}")
        tensors.append(helper.make_tensor(name, onnx_models.TYPE_OF[number], shape,
                                          values.tobytes(), raw=True))
    add("embedding", FLOAT32, [3001, 1001])
    for k in range(1500):
        add(f"tiny{k}", (FLOAT16, FLOAT32, FLOAT64)[k % 3], [1 + k % 41])
    add("half", FLOAT16, [4000003])
    add("double", FLOAT64, [700, 1000], 1e10)
    add("kernel", FLOAT32, [1 << 21])
    words = random.integers(0, 1 << 15, 1000, dtype="<u2") & 0xBF7F  # finite bfloat16
    tensors.append(helper.make_tensor("brain", TensorProto.BFLOAT16, [1000], words.tobytes(),
                                      raw=True))
    return onnx_models.save(onnx_models.model_of(tensors), path)


class Output(FolderTest):
    def assert_always_the_same(self, inputs, suffix, *options):
        expected = None
        for setting in SETTINGS:
            output = self.average(inputs, f"out.{suffix}", "-f", *options, *setting)
            if expected is None:
                expected = output.read_bytes()
            self.assert_same_bytes(output.read_bytes(), expected, " ".join(setting))
        return output

    def test_of_digits_does_not_depend_on_threads_or_memory(self):
        for suffix in ("onnx", "h5"):
            with self.subTest(suffix):
                self.assert_always_the_same(last_four(suffix), suffix)

    def test_of_a_large_model_does_not_depend_on_threads_or_memory_and_is_exact(self):
        inputs = [large_model(self.folder / f"{k}.onnx", k) for k in range(3)]
        output = self.assert_always_the_same(inputs, "onnx", "--weights", "0.3,0.5,0.1")
        columns = [{tensor.name: tensor for tensor in onnx_models.all_tensors(onnx_models.load(p))}
                   for p in inputs]
        source = numpy.random.default_rng(1)
        for tensor in onnx_models.all_tensors(onnx_models.load(output)):
            number = onnx_models.FORMAT_OF[tensor.data_type]
            payloads = [column[tensor.name].raw_data for column in columns] + [tensor.raw_data]
            elements = len(tensor.raw_data) // number.bytes
            # Some of the large tensors', about the ends of grains among them; all of tiny ones'.
            chosen = range(elements)
            if elements > 50:
                grain = 262144 // number.bytes
                chosen = [0, grain - 1, grain, elements - 1, *source.integers(0, elements, 300)]
                chosen = [int(i) for i in chosen if i < elements]
            rows = [onnx_models.unpack_bits(b"".join(
                payload[i * number.bytes:(i + 1) * number.bytes] for i in chosen), number)
                for payload in payloads]
            self.assertEqual(rows[3], mean_of_columns(rows[:3], [0.3, 0.5, 0.1], number),
                             tensor.name)

    def test_of_thirty_inputs_does_not_depend_on_threads_or_memory(self):
        rows = {number: samples(number, 30, 300, 2)["close"] for number in FORMATS}
        inputs = []
        for k in range(30):
            tensors = [onnx_models.raw_tensor(number.name, number, rows[number][k])
                       for number in FORMATS]
            tensors.append(helper.make_tensor(
                "much", TensorProto.FLOAT, [300000],
                numpy.random.default_rng(k).standard_normal(300000).astype("<f4").tobytes(),
                raw=True))
            inputs.append(onnx_models.save(onnx_models.model_of(tensors),
                                           self.folder / f"{k:02d}.onnx"))
        output = self.assert_always_the_same(inputs, "onnx")
        found = {tensor.name: tensor
                 for tensor in onnx_models.all_tensors(onnx_models.load(output))}
        for number in FORMATS:
            self.assertEqual(onnx_models.bits_of(found[number.name]),
                             mean_of_columns(rows[number], [1] * 30, number))

    def test_of_uniform_does_not_depend_on_the_order_of_the_inputs(self):
        rows = {number: samples(number, 5, 300, 9) for number in FORMATS}
        inputs = []
        for k in range(5):
            tensors = [onnx_models.raw_tensor(f"{number.name} {kind}", number, row[k])
                       for number in FORMATS for kind, row in rows[number].items()]
            inputs.append(onnx_models.save(onnx_models.model_of(tensors),
                                           self.folder / f"{k}.onnx"))
        for paths in (inputs, last_four(), last_four("h5")):
            expected = self.average(paths, "a", "--no-provenance", "-f").read_bytes()
            for order in ([2, 0, 1, *range(3, len(paths))], [1, 2, 0, *range(3, len(paths))]):
                mixed = [paths[i] for i in order]  # the last one, the template, stays
                found = self.average(mixed, "b", "--no-provenance", "-f").read_bytes()
                self.assert_same_bytes(found, expected, str(order))
            # Another template, the same payloads: these containers are all alike.
            found = self.average(paths[::-1], "b", "--no-provenance", "-f").read_bytes()
            if paths[0].suffix != ".h5":
                self.assert_same_bytes(found, expected, "reversed")

    def test_does_not_depend_on_the_day_the_folder_or_the_environment(self):
        inputs = last_four()
        first = self.average(inputs, "a.onnx").read_bytes()
        (self.folder / "elsewhere").mkdir()
        copies = []
        for path in inputs:
            copy = self.folder / "elsewhere" / path.name
            copy.write_bytes(path.read_bytes())
            copies.append(copy.name)
        self.polyak("average", *copies, "-o", "b.onnx", cwd=self.folder / "elsewhere",
                    env={"TZ": "Asia/Tokyo", "USER": "someone", "LC_ALL": "C"})
        self.assert_same_bytes((self.folder / "elsewhere/b.onnx").read_bytes(), first)


if __name__ == "__main__":
    unittest.main()
