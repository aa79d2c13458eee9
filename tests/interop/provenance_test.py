"""The provenance record is what src/report/provenance.h says, its hashes right."""
import ctypes
import json
import os
import unittest

import numpy
from onnx import TensorProto, helper

import onnx_models
from float_rounding import FLOAT32, FORMATS
from polyak_runner import FolderTest, digits, last_four, run

GRAIN_BYTES = 256 * 1024


class _Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def load_hash():
    """XXH3-128 of some bytes, as 16 bytes in canonical order: python3-xxhash or the C library."""
    try:
        import xxhash
        return lambda content: xxhash.xxh3_128_digest(content)
    except ImportError:
        pass
    try:
        library = ctypes.CDLL("libxxhash.so.0")
    except OSError:
        return None
    library.XXH3_128bits.restype = _Hash128
    library.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

    def digest(content):
        result = library.XXH3_128bits(content, len(content))
        return result.high.to_bytes(8, "big") + result.low.to_bytes(8, "big")
    return digest


def payload_hash(digest, tensors):
    """Grains of each tensor's payload hashed, the hashes joined and hashed again."""
    grains = b"".join(digest(tensor.raw_data[start:start + GRAIN_BYTES])
                      for tensor in tensors
                      for start in range(0, len(tensor.raw_data), GRAIN_BYTES))
    return digest(grains).hex()


def record_of(path):
    entries = [entry.value for entry in onnx_models.load(path).metadata_props
               if entry.key == "polyak"]
    assert len(entries) == 1, entries
    return json.loads(entries[0])


class TheRecord(FolderTest):
    def test_names_version_method_options_template_and_inputs(self):
        record = record_of(self.average(last_four(), "o.onnx", "--method", "ema", "--decay", "0.5"))
        self.assertEqual(list(record), ["version", "method", "options", "template", "inputs"])
        version = run("--version").stdout.split()[1]
        self.assertEqual(record["version"], version)
        self.assertEqual(record["method"], "ema")
        self.assertEqual(record["options"], {"decay": 0.5})
        self.assertEqual(record["template"], "ep12.onnx")
        self.assertEqual([entry["name"] for entry in record["inputs"]],
                         [f"ep{n:02d}.onnx" for n in (9, 10, 11, 12)])
        for entry, path in zip(record["inputs"], last_four()):
            self.assertEqual(list(entry), ["name", "bytes", "weight", "hash"])
            self.assertEqual(entry["bytes"], path.stat().st_size)
            self.assertRegex(entry["hash"], r"\A[0-9a-f]{32}\Z")
        self.assertEqual([entry["weight"] for entry in record["inputs"]],
                         [0.125, 0.125, 0.25, 0.5])

    def test_has_effective_weights_that_read_back_exactly(self):
        record = record_of(self.average(last_four()[:3], "o.onnx"))
        self.assertEqual([entry["weight"] for entry in record["inputs"]], [1 / 3] * 3)

    def test_has_the_weights_as_given_and_no_hash_of_an_input_of_weight_zero(self):
        record = record_of(self.average(last_four()[:3], "o.onnx", "--weights", "0.1,0,0.3"))
        self.assertEqual(record["method"], "weights")
        self.assertEqual(record["options"]["weights"], [0.1, 0, 0.3])
        self.assertEqual([entry["hash"] is None for entry in record["inputs"]],
                         [False, True, False])

    def test_of_interpolation_has_p(self):
        output = self.folder / "o.onnx"
        self.polyak("interpolate", digits(1), digits(2), "-p", "0.3", "-o", output)
        record = record_of(output)
        self.assertEqual(record["method"], "interpolate")
        self.assertEqual(record["options"], {"p": 0.3})
        self.assertEqual(record["template"], "ep02.onnx")

    def test_holds_no_folder_user_host_or_time(self):
        text = onnx_models.load(self.average(last_four(), "o.onnx")).metadata_props[-1].value
        self.assertNotIn("/", text)
        self.assertNotIn(str(self.folder), text)

    def test_has_hashes_that_can_be_computed_from_what_was_read(self):
        digest = load_hash()
        if digest is None:
            self.skipTest("neither python3-xxhash nor libxxhash.so.0 is installed")
        # The first test vector of the specification: the empty input.
        self.assertEqual(digest(b"").hex(), "99aa06d3014798d86001c324468d497f")
        inputs = []
        for k in range(2):
            random = numpy.random.default_rng(k)
            tensors = [onnx_models.raw_tensor("first", FLOAT32, [k + 1] * 11)]
            # Below, at and above the borders of grains; an integer tensor isn't averaged.
            for elements in (65535, 65536, 65537, 3 * 65536 + 5):
                data = random.standard_normal(elements).astype("<f4").tobytes()
                tensors.append(helper.make_tensor(f"t{elements}", TensorProto.FLOAT, [elements],
                                                  data, raw=True))
            tensors.append(helper.make_tensor("steps", TensorProto.INT64, [1], bytes(8), raw=True))
            tensors += [onnx_models.raw_tensor(number.name, number, [k, 2, 3])
                        for number in FORMATS]
            inputs.append(onnx_models.save(onnx_models.model_of(tensors),
                                           self.folder / f"{k}.onnx"))
        for paths in (inputs, last_four()):
            for setting in (["-j1"], ["-j7", "--memory", "64M"]):
                record = record_of(self.average(paths, "o.onnx", "-f", *setting))
                for path, entry in zip(paths, record["inputs"], strict=True):
                    tensors = [tensor for tensor in onnx_models.load(path).graph.initializer
                               if tensor.data_type != TensorProto.INT64]
                    self.assertEqual(entry["hash"], payload_hash(digest, tensors), path.name)

    def test_survives_names_that_are_not_text(self):
        name = b"bad\xff\n\x1b[31m\".onnx"
        paths = []
        for k in range(2):
            (self.folder / str(k)).mkdir()
            model = onnx_models.model_of([onnx_models.raw_tensor("w", FLOAT32, [k])])
            paths.append(os.path.join(bytes(self.folder), b"%d" % k, name))
            os.rename(onnx_models.save(model, self.folder / "plain.onnx"), paths[k])
        output = self.folder / "o.onnx"
        self.polyak("average", *paths, "-o", output)
        self.assertEqual(record_of(output)["template"], "bad\ufffd\n\x1b[31m\".onnx")

    def test_is_shown_by_inspect(self):
        output = self.average(last_four(), "o.onnx")
        self.assertRegex(run("inspect", output).stdout, r"\n  0.25 +ep12.onnx  \(template\)\n")


if __name__ == "__main__":
    unittest.main()
