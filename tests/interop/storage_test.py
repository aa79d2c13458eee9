"""ONNX: every way to store a tensor, written by hand and by python3-onnx. The average is the exact
mean, and what isn't an averaged element stands in the output as it does in the template.
"""
import random
import unittest

import onnx
from onnx import TensorProto, helper

import model_tensors
import onnx_models
import perturbed_models
from float_rounding import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS
from onnx_wire import (PAYLOADS, VARINT, Shaken, bytes_field, fixed32_field, fixed64_field,
                       group_field, number_field, read, tag, take_varints, varint, varints)
from polyak_runner import FolderTest, run

UNKNOWN = (bytes_field(2047, b"hello") + number_field(2046, 5, padding=3) +
           group_field(2045, number_field(8, 1) + group_field(9, bytes_field(9, b"x"))))


def bits_for(number, k, count):
    """Finite elements of checkpoint k, of all sizes of varint."""
    source = random.Random(f"{number.name} {k}")
    widths = (7, 14, number.bits - 1)
    return [min(source.getrandbits(widths[i % 3]), number.largest) |
            source.choice((0, number.sign_bit)) for i in range(count)]


def head(number, count, name="w", data_type=None):
    return (number_field(1, count) +
            number_field(2, data_type or onnx_models.TYPE_OF[number]) + bytes_field(8, name))


def model_with(*tensors, nodes=b""):
    graph = nodes + bytes_field(2, "g") + b"".join(bytes_field(5, tensor) for tensor in tensors)
    return number_field(1, 8) + bytes_field(7, graph) + bytes_field(8, number_field(2, 16))


def runs_of(values, pack, one, shape):
    """Repeated numbers as fields: pack(values) is a packed field, one(value) an unpacked one."""
    a, b = len(values) // 3, len(values) // 2
    return {
        "packed": pack(values),
        "unpacked": b"".join(map(one, values)),
        "split": pack(values[:a]) + pack([]) + pack(values[a:]),
        "mixed": pack(values[:a]) + b"".join(map(one, values[a:b])) + UNKNOWN + pack(values[b:]),
    }[shape]


def fixed_values(number, bits, shape):
    place, one = (4, fixed32_field) if number is FLOAT32 else (10, fixed64_field)
    return runs_of(bits, lambda part: bytes_field(place, onnx_models.pack_bits(part, number)),
                   lambda value: one(place, value), shape)


def varint_values(bits, shape, padding=0):
    return runs_of(bits, lambda part: bytes_field(5, varints(part, padding)),
                   lambda value: number_field(5, value, padding), shape)


class StorageTest(FolderTest):
    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def assert_only_elements_differ(self, template, output, message="Model"):
        """Field by field: the same tags, lengths and contents, but where elements of floats are."""
        payloads = PAYLOADS.get(message, ())
        before, after = ([found for found in fields
                          if not self.is_varint_payload(found, message, fields)]
                         for fields in (template, output))
        self.assertEqual([found.tag for found in after], [found.tag for found in before])
        for old, new in zip(before, after):
            if old.message:
                self.assert_only_elements_differ(old.children, new.children, old.message)
            elif old.number in payloads:
                self.assertEqual(len(new.content), len(old.content))
            else:
                self.assertEqual(new.content, old.content)
            if len(new.content) == len(old.content):
                self.assertEqual(new.length, old.length)

    def is_varint_payload(self, found, message, fields):
        """The one storage whose fields may change their size."""
        types = [take_varints(other.content)[0] for other in fields
                 if other.number == 2 and other.wire_type == VARINT]
        return (message == "Tensor" and found.number == 5 and types and
                types[-1] in (TensorProto.FLOAT16, TensorProto.BFLOAT16))

    def check(self, contents, names=("w",)):
        """Averages the models; `names` are the tensors that must be averaged, all others kept."""
        inputs = [self.write(f"{k}.onnx", content) for k, content in enumerate(contents)]
        output = self.average(inputs, "output.onnx", "--no-provenance", "-f")
        models = [onnx.ModelProto.FromString(content) for content in contents]
        found = output.read_bytes()
        perturbed_models.assert_mean(self, models, onnx.ModelProto.FromString(found), names)
        self.assert_only_elements_differ(read(contents[-1]), read(found))
        self.check_fixed_point(contents[-1])
        return found

    def check_fixed_point(self, content):
        twin, template = self.write("twin.onnx", content), self.write("template.onnx", content)
        same = self.average([twin, template], "same.onnx", "--no-provenance", "-f")
        self.assert_same_bytes(same.read_bytes(), content, "averaged with itself")

    def assert_refused(self, contents, pattern):
        inputs = [self.write(f"{k}.onnx", content) for k, content in enumerate(contents)]
        result = run("average", *inputs, "-o", self.folder / "refused.onnx")
        self.assertEqual(result.status, 1, result.stderr)
        self.assertRegex(result.stderr, r"\Apolyak: error: [^\n]*" + pattern)
        self.assertFalse((self.folder / "refused.onnx").exists())


class FixedSize(StorageTest):
    def test_raw_data_of_every_dtype_is_averaged(self):
        for number in FORMATS:
            with self.subTest(number.name):
                self.check([model_with(head(number, 9) + bytes_field(9, onnx_models.pack_bits(
                    bits_for(number, k, 9), number))) for k in range(2)])

    def test_typed_data_is_averaged_packed_unpacked_split_and_mixed(self):
        for number in (FLOAT32, FLOAT64):
            for shape in ("packed", "unpacked", "split", "mixed"):
                with self.subTest(f"{number.name} {shape}"):
                    self.check([model_with(head(number, 9) + fixed_values(
                        number, bits_for(number, k, 9), shape)) for k in range(2)])

    def test_inputs_may_be_stored_otherwise_than_the_template(self):
        number = FLOAT32
        forms = [bytes_field(9, onnx_models.pack_bits(bits_for(number, 0, 9), number))]
        forms += [fixed_values(number, bits_for(number, k, 9), shape)
                  for k, shape in enumerate(("packed", "unpacked", "split", "mixed"))]
        for turn in range(len(forms)):
            self.check([model_with(head(number, 9) + form)
                        for form in forms[turn:] + forms[:turn]])

    def test_thousands_of_unpacked_values_are_averaged(self):
        for shape in ("unpacked", "mixed"):
            self.check([model_with(head(FLOAT32, 5000) + fixed_values(
                FLOAT32, bits_for(FLOAT32, k, 5000), shape)) for k in range(2)])

    def test_complex_numbers_are_averaged_by_component(self):
        for number, data_type in ((FLOAT32, TensorProto.COMPLEX64),
                                  (FLOAT64, TensorProto.COMPLEX128)):
            for form in ("raw", "packed", "mixed"):
                with self.subTest(f"{number.name} {form}"):
                    contents = []
                    for k in range(2):
                        bits = bits_for(number, k, 8)
                        stored = (bytes_field(9, onnx_models.pack_bits(bits, number))
                                  if form == "raw" else fixed_values(number, bits, form))
                        contents.append(model_with(
                            head(number, 4, data_type=data_type) + stored))
                    self.check(contents)

    def test_scalars_and_empty_tensors_are_averaged(self):
        contents = []
        for k in range(2):
            one = onnx_models.pack_bits(bits_for(FLOAT32, k, 1), FLOAT32)
            scalar = number_field(2, TensorProto.FLOAT) + bytes_field(8, "w")
            empty = number_field(1, 0) + number_field(1, 3) + number_field(2, TensorProto.FLOAT)
            contents.append(model_with(
                scalar + bytes_field(9, one),
                empty + bytes_field(8, "raw") + bytes_field(9, b""),
                empty + bytes_field(8, "packed") + bytes_field(4, b""),
                empty + bytes_field(8, "nothing")))
        self.check(contents)

    def test_typed_data_of_the_wrong_count_is_refused(self):
        for count in (8, 10):
            for shape in ("packed", "unpacked", "mixed"):
                self.assert_refused([model_with(head(FLOAT32, 9) + fixed_values(
                    FLOAT32, bits_for(FLOAT32, k, count), shape)) for k in range(2)], "w: ")


class SmallFloatsAsVarints(StorageTest):
    def test_are_averaged_packed_unpacked_split_mixed_and_overlong(self):
        for number in (FLOAT16, BFLOAT16):
            for shape in ("packed", "unpacked", "split", "mixed"):
                for padding in (0, 1, 7):
                    with self.subTest(f"{number.name} {shape} padding {padding}"):
                        self.check([model_with(head(number, 9) + varint_values(
                            bits_for(number, k, 9), shape, padding)) for k in range(2)])

    def test_keep_overlong_varints_where_all_elements_are_equal(self):
        content = model_with(
            head(FLOAT16, 9) + varint_values(bits_for(FLOAT16, 0, 9), "mixed", padding=5),
            head(FLOAT16, 9, "v") + varint_values(bits_for(FLOAT16, 0, 9), "packed", padding=5))
        other = model_with(
            head(FLOAT16, 9) + varint_values(bits_for(FLOAT16, 0, 9), "packed"),
            head(FLOAT16, 9, "v") + varint_values(bits_for(FLOAT16, 1, 9), "packed"))
        found = self.check([other, content], ["w", "v"])
        self.assertIn(varint_values(bits_for(FLOAT16, 0, 9), "mixed", padding=5), found)

    def test_of_more_than_16_bits_are_refused(self):
        for number in (FLOAT16, BFLOAT16):
            for value in (0x10000, 0x3C00 | 1 << 20, -1, 1 << 40):
                for shape in ("packed", "unpacked"):
                    with self.subTest(f"{number.name} {value} {shape}"):
                        good = model_with(head(number, 3) + varint_values([1, 2, 3], shape))
                        bad = model_with(head(number, 3) + varint_values([1, value, 3], shape))
                        self.assert_refused([bad, good], "w: ")
                        self.assert_refused([good, bad], "w: ")

    def test_of_the_wrong_count_are_refused(self):
        for count in (2, 4):
            self.assert_refused([model_with(head(FLOAT16, 3) + varint_values(
                [k + 1] * count, "packed")) for k in range(2)], "w: ")

    def test_are_averaged_beside_payloads_of_fixed_size(self):
        contents = []
        for k in range(3):
            contents.append(model_with(
                head(FLOAT16, 99, "a") + varint_values(bits_for(FLOAT16, k, 99), "packed"),
                head(FLOAT32, 9, "b") + fixed_values(FLOAT32, bits_for(FLOAT32, k, 9), "mixed"),
                head(BFLOAT16, 50, "c") + varint_values(bits_for(BFLOAT16, k, 50), "split"),
                head(FLOAT16, 9, "d") + bytes_field(9, onnx_models.pack_bits(
                    bits_for(FLOAT16, k, 9), FLOAT16))))
        self.check(contents, ["a", "b", "c", "d"])


class LengthPrefix(StorageTest):
    """Around varints that get longer or shorter: python3-onnx's serialisation is the oracle."""

    def halves(self, name, bits):
        return TensorProto(name=name, dims=[len(bits)], data_type=TensorProto.FLOAT16,
                           int32_data=bits)

    def model(self, bits):
        """The same elements as an initializer, and in a Constant in a branch in a branch."""
        inner = helper.make_graph([helper.make_node("Constant", [], ["c"],
                                                    value=self.halves("", bits))], "in", [], [])
        outer = helper.make_graph([helper.make_node("If", ["x"], ["b"], then_branch=inner)],
                                  "out", [], [], [self.halves("v", bits)])
        return onnx_models.model_of([self.halves("w", bits)],
                                    [helper.make_node("If", ["x"], ["y"], then_branch=outer)])

    def check_canonical(self, other, template):
        content = self.model(template).SerializeToString()
        found = self.check([self.model(other).SerializeToString(), content],
                           ["w", "y/then_branch/v", "y/then_branch/b/then_branch/c"])
        means = perturbed_models.mean_of_distinct([other, template], FLOAT16)
        self.assert_same_bytes(found, self.model(means).SerializeToString(), "canonical")

    def sweep(self, counts):
        for count in counts:
            # The mean of 1 and 0x3800 has two bytes, of 1 and 0x7bff three.
            for larger in (0x3800, 0x7BFF):
                with self.subTest(f"{count} elements, {larger:#x}"):
                    self.check_canonical([larger] * count, [1] * count)
                    self.check_canonical([1 | 0x8000] * count, [0x8000 | 1000] * count)
                    self.check_canonical([0x8000 | larger] * count, [larger] * count)

    def test_grows_and_shrinks_over_127_bytes(self):
        self.sweep((*range(10, 70, 5), *range(100, 128, 3)))

    def test_grows_and_shrinks_over_16383_bytes(self):
        self.sweep((5400, 5450, 8150, 8180, 16300, 16380))


class ProtocolBuffers(StorageTest):
    """What its rules say of odd files."""

    def payload(self, k, count=9):
        return bytes_field(9, onnx_models.pack_bits(bits_for(FLOAT32, k, count), FLOAT32))

    def test_of_fields_given_twice_the_last_counts(self):
        contents = []
        for k in range(2):
            tensor = (number_field(2, TensorProto.INT8) + bytes_field(8, "old") +
                      self.payload(5 + k, 4) + head(FLOAT32, 9) + self.payload(k))
            contents.append(number_field(1, 3) + model_with(tensor))
        self.check(contents)

    def test_a_graph_given_twice_is_one_graph(self):
        contents = []
        for k in range(2):
            first = bytes_field(5, head(FLOAT32, 9, "a") + self.payload(k))
            second = bytes_field(5, head(FLOAT32, 9, "b") + self.payload(2 + k))
            contents.append(number_field(1, 8) + bytes_field(7, first + bytes_field(2, "x")) +
                            UNKNOWN + bytes_field(7, bytes_field(2, "y") + second))
        self.check(contents, ["a", "b"])

    def test_dims_are_packed_or_not(self):
        for dims in (bytes_field(1, varints([3, 3])), number_field(1, 3) + bytes_field(1, b"\3"),
                     bytes_field(1, b"\x83\0") + number_field(1, 3, padding=4)):
            self.check([model_with(dims + number_field(2, TensorProto.FLOAT) +
                                   bytes_field(8, "w") + self.payload(k)) for k in range(2)])

    def test_a_known_field_of_another_wire_type_is_unknown(self):
        odd = (fixed32_field(9, 7) + number_field(8, 3) + bytes_field(2, b"\1") +
               group_field(9, b"") + fixed64_field(4, 1) + number_field(10, 1))
        self.check([model_with(odd + head(FLOAT32, 9) + odd + self.payload(k) + odd)
                    for k in range(2)])

    def test_fields_come_in_any_order(self):
        for seed in range(20):
            contents = []
            for k in range(2):
                parts = [number_field(1, 9), number_field(2, TensorProto.FLOAT),
                         bytes_field(8, "w"), self.payload(k), UNKNOWN]
                random.Random(seed + k).shuffle(parts)
                graph = [bytes_field(5, b"".join(parts)), bytes_field(2, "g"), UNKNOWN]
                random.Random(seed + k).shuffle(graph)
                contents.append(bytes_field(7, b"".join(graph)) + number_field(1, 8))
            self.check(contents)

    def test_tags_and_lengths_may_be_longer_than_need_be(self):
        for tags, lengths in ((1, 0), (0, 1), (4, 3), (3, 4)):
            contents = []
            for k in range(2):
                tensor = (tag(1, VARINT, tags) + varint(9, lengths) +
                          tag(2, VARINT, tags) + varint(TensorProto.FLOAT16, lengths) +
                          bytes_field(8, "w", tags, lengths) +
                          bytes_field(5, varints(bits_for(FLOAT16, k, 9)), tags, lengths))
                fixed = head(FLOAT32, 9, "v") + bytes_field(9, onnx_models.pack_bits(
                    bits_for(FLOAT32, k, 9), FLOAT32), tags, lengths)
                graph = b"".join(bytes_field(5, part, tags, lengths) for part in (tensor, fixed))
                contents.append(number_field(1, 8) + bytes_field(7, graph, tags, lengths))
            self.check(contents, ["w", "v"])


class ShakenModel(StorageTest):
    """python3-onnx's models, rewritten at random into others that mean the same."""

    def model(self, k):
        def floats(name, number, count=7):
            return onnx_models.raw_tensor(name, number, bits_for(number, k, count))

        def typed(name, number, count=7):
            tensor = floats(name, number, count)
            bits = onnx_models.unpack_bits(tensor.raw_data, number)
            tensor.ClearField("raw_data")
            tensor.MergeFromString({FLOAT32: fixed_values, FLOAT64: fixed_values}[number](
                number, bits, "packed") if number in (FLOAT32, FLOAT64)
                else varint_values(bits, "packed"))
            return tensor
        inner = helper.make_graph(
            [helper.make_node("Constant", [], ["c"], value=typed("", FLOAT16))], "in", [], [],
            [floats("w", FLOAT64), typed("v", BFLOAT16)])
        nodes = [helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner),
                 helper.make_node("Constant", [], ["d"], value=typed("", FLOAT64)),
                 helper.make_node("Constant", [], ["e"], value_floats=[1.0 + k, 2.0 - k, 0.5]),
                 helper.make_node("LinearRegressor", ["x"], ["f"], domain="ai.onnx.ml",
                                  coefficients=[0.25 * k, 3.0 - k], intercepts=[7.0 + k])]
        ids = helper.make_tensor("ids", TensorProto.INT64, [3], [1, -1, 1000])
        tensors = [typed(number.name, number, 70) for number in FORMATS]
        model = onnx_models.model_of([*tensors, ids, floats("raw", FLOAT16)], nodes,
                                     {"author": "somebody"})
        model.graph.sparse_initializer.append(
            helper.make_sparse_tensor(floats("sparse", FLOAT32, 3), ids, [2000]))
        model.functions.append(helper.make_function(
            "domain", "made", [], ["g"],
            [helper.make_node("Constant", [], ["g"], value=typed("", FLOAT32))],
            [helper.make_opsetid("", 16)]))
        step = helper.make_graph([], "step", [], [], [onnx_models.raw_tensor("rate", FLOAT32, [k])])
        model.training_info.append(helper.make_training_info(step, [], None, None))
        return model

    def test_is_averaged_as_the_model_is(self):
        models = [self.model(k) for k in range(2)]
        names = set(model_tensors.floats_by_name(models[0])) - {"training_info[0].algorithm/rate"}
        self.assertEqual(len(names), 17)
        for seed in range(60):
            with self.subTest(seed):
                contents = []
                for k, model in enumerate(models):
                    shaken = Shaken(2 * seed + k).model(model.SerializeToString())
                    read_again = onnx.ModelProto.FromString(shaken)
                    read_again.DiscardUnknownFields()
                    self.assertEqual(read_again, model, "the shaking is wrong")
                    contents.append(shaken)
                self.check(contents, names)


if __name__ == "__main__":
    unittest.main()
