"""External data that is odd or an attack: the crafted cases and caches made of links. What each
must do is a contract; the files are real data's onnx/crafted/extbad.
"""
import random
import shutil
import unittest

import model_tensors
import onnx_models
import perturbed_models
from float_rounding import FLOAT32
from polyak_runner import FolderTest, run, shared

ELEMENTS = 2048
DATA_FILES = {"w0.bin": 4 * ELEMENTS, "w.bin": 4096 + 4 * ELEMENTS + 4, "short.bin": 400}

# Where the elements lie: (file, offset); no file: in the model.
ACCEPTED = {
    "ok_off": ("w.bin", 4096), "off_unaligned": ("w.bin", 4097), "no_length": ("w.bin", 4096),
    "no_off_no_len": ("w0.bin", 0), "dot": ("w0.bin", 0), "dotdot_in": ("w0.bin", 0),
    "symlink_in": ("w0.bin", 0), "hardlink": ("w0.bin", 0), "checksum": ("w0.bin", 0),
    "unknown_key": ("w0.bin", 0), "default_loc_with_ext": (None, 0),
}
# What the message must speak of.
REFUSED = {
    "abs": "/etc/hostname", "backslash": "w0.bin", "both_raw": "raw_data", "case_key": "location",
    "devzero": "dev/zero", "dir": "sub", "dotdot": "outside.bin", "dup_location": "location",
    "empty_loc": "external data", "len_big": "length", "len_small": "length", "missing": "nope.bin",
    "no_location": "location", "off_huge": "w.bin", "off_junk": "4096x", "off_neg": "-1",
    "orttag": "ORT_MEM_ADDR", "short": "short.bin", "symlink_out": "link.bin",
}


def data_for(k, size):
    """Finite float32 elements at every offset that is used, of checkpoint k."""
    source = random.Random(f"{k} {size}")
    # Bytes from 0x20 to 0x5f: no four of them are an infinity or a NaN.
    return bytes(source.randrange(0x20, 0x60) for _ in range(size))


class Extbad(FolderTest):
    def setUp(self):
        self.crafted = shared("onnx/crafted/extbad")
        super().setUp()
        self.folders = [self.checkpoint(k) for k in range(2)]
        (self.folder / "out").mkdir()

    def checkpoint(self, k):
        """A copy of the folder with data of its own, and the links that real data can't have."""
        folder = self.folder / f"{k}" / "extbad"
        (folder / "sub").mkdir(parents=True)
        for path in self.crafted.glob("*.onnx"):
            shutil.copyfile(path, folder / path.name)
        for name, size in DATA_FILES.items():
            (folder / name).write_bytes(data_for(k, size))
        (folder.parent / "outside.bin").write_bytes(data_for(k, 4 * ELEMENTS))
        (folder / "hard.bin").hardlink_to(folder / "w0.bin")
        (folder / "inlink.bin").symlink_to("w0.bin")
        (folder / "link.bin").symlink_to("../outside.bin")
        return folder

    def elements(self, case, folder):
        file, offset = ACCEPTED[case]
        if file is None:
            return model_tensors.floats_by_name(model_tensors.load(folder / f"{case}.onnx"))[
                "w"].bits
        content = (folder / file).read_bytes()[offset:offset + 4 * ELEMENTS]
        return onnx_models.unpack_bits(content, FLOAT32)

    def stored(self, case, output):
        """The elements of the output, read where its model says they are."""
        tensor = onnx_models.load(output).graph.initializer[0]
        if ACCEPTED[case][0] is None:
            return onnx_models.unpack_bits(tensor.raw_data, FLOAT32)
        location, offset, size = model_tensors.external_range(tensor)
        content = (output.parent / location).read_bytes()
        return onnx_models.unpack_bits(content[offset:offset + size], FLOAT32)

    def test_every_case_is_in_a_table(self):
        cases = {path.stem for path in self.crafted.glob("*.onnx")}
        self.assertEqual(cases, {*ACCEPTED, *REFUSED})
        self.assertEqual(len(cases), 30)

    def test_what_is_sound_is_averaged(self):
        for case in ACCEPTED:
            with self.subTest(case):
                output = self.folder / "out" / case / f"{case}.onnx"
                output.parent.mkdir()
                self.polyak("average", *(folder / f"{case}.onnx" for folder in self.folders),
                            "-o", output, "--no-provenance")
                expected = perturbed_models.mean_of_distinct(
                    [self.elements(case, folder) for folder in self.folders], FLOAT32)
                self.assertEqual(self.stored(case, output) == expected, True)

    def test_what_is_sound_is_averaged_into_a_single_file(self):
        for case in ACCEPTED:
            with self.subTest(case):
                output = self.folder / "out" / f"{case}.onnx"
                self.polyak("average", *(folder / f"{case}.onnx" for folder in self.folders),
                            "-o", output, "--single-data")
                expected = perturbed_models.mean_of_distinct(
                    [self.elements(case, folder) for folder in self.folders], FLOAT32)
                self.assertEqual(self.stored(case, output) == expected, True)

    def test_keys_that_nobody_knows_are_a_warning(self):
        output = self.folder / "out" / "o.onnx"
        result = self.polyak("average", *(folder / "unknown_key.onnx" for folder in self.folders),
                             "-o", output)
        self.assertTrue(any("zork" in line for line in result.lines("polyak: warning: ")),
                        result.stderr)

    def test_a_checksum_does_not_stay_wrong_unsaid(self):
        output = self.folder / "out" / "o.onnx"
        result = self.polyak("average", *(folder / "checksum.onnx" for folder in self.folders),
                             "-o", output)
        entries = {entry.key: entry.value for entry
                   in onnx_models.load(output).graph.initializer[0].external_data}
        if entries.get("checksum") == "da39a3ee":
            self.assertTrue(any("checksum" in line for line in result.lines("polyak: warning: ")),
                            result.stderr)

    def test_what_is_not_sound_is_refused_wherever_it_stands(self):
        good, other = (folder / "ok_off.onnx" for folder in self.folders)
        for case, word in REFUSED.items():
            bad = self.folders[0] / f"{case}.onnx"
            for inputs in ((bad, other), (good, bad), (bad, bad)):
                with self.subTest(case):
                    output = self.folder / "out" / "refused.onnx"
                    result = run("average", *inputs, "-o", output)
                    self.assertEqual(result.status, 1, result.stderr)
                    errors = result.lines("polyak: error: ")
                    self.assertEqual(len(errors), 1, result.stderr)
                    self.assertIn(f"{case}.onnx: w: ", errors[0])
                    self.assertIn(word, errors[0])
                    self.assertEqual(list((self.folder / "out").iterdir()), [])


class LinkedCache(FolderTest):
    """As Hugging Face's: a snapshot is links into a folder of blobs."""

    def setUp(self):
        super().setUp()
        self.caches = [self.cache(k) for k in range(2)]

    def cache(self, k):
        top = self.folder / f"cache{k}"
        snapshot = top / "snapshots" / "main" / "onnx"
        snapshot.mkdir(parents=True)
        (top / "blobs").mkdir()
        tensor = onnx_models.raw_tensor("w", FLOAT32, [0] * ELEMENTS)
        tensor.ClearField("raw_data")
        tensor.data_location = tensor.EXTERNAL
        tensor.external_data.add(key="location", value="model.onnx.data")
        onnx_models.save(onnx_models.model_of([tensor]), top / "blobs" / "aaaa")
        (top / "blobs" / "bbbb").write_bytes(data_for(k, 4 * ELEMENTS))
        (snapshot / "model.onnx").symlink_to("../../../blobs/aaaa")
        (snapshot / "model.onnx.data").symlink_to("../../../blobs/bbbb")
        return top

    def average_of_caches(self):
        inputs = [cache / "snapshots/main/onnx/model.onnx" for cache in self.caches]
        output = self.folder / "out" / "model.onnx"
        output.parent.mkdir(exist_ok=True)
        return output, run("average", *inputs, "-o", output, "--no-provenance")

    def test_is_read_through_its_links(self):
        output, result = self.average_of_caches()
        self.assertEqual(result.status, 0, result.stderr)
        rows = [onnx_models.unpack_bits((cache / "blobs/bbbb").read_bytes(), FLOAT32)
                for cache in self.caches]
        found = onnx_models.unpack_bits((output.parent / "model.onnx.data").read_bytes(), FLOAT32)
        self.assertEqual(found == perturbed_models.mean_of_distinct(rows, FLOAT32), True)
        self.assertFalse((output.parent / "model.onnx.data").is_symlink())
        self.assertFalse(output.is_symlink())

    def test_whose_data_link_leads_elsewhere_is_refused(self):
        outside = self.folder / "outside.bin"
        outside.write_bytes(data_for(0, 4 * ELEMENTS))
        link = self.caches[0] / "snapshots/main/onnx/model.onnx.data"
        link.unlink()
        link.symlink_to(outside)
        output, result = self.average_of_caches()
        self.assertEqual(result.status, 1, result.stderr)
        self.assertIn("w: ", result.lines("polyak: error: ")[0])
        self.assertFalse(output.exists())


if __name__ == "__main__":
    unittest.main()
