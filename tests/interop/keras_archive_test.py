"""Archives of Keras: stored, deflated, zip64, damaged; what opens them afterwards is zipfile."""
import struct
import unittest
import warnings
import zipfile

import numpy

from json_documents import by_name, inspected
from keras_checks import KerasTest
from keras_files import (WEIGHTS_MEMBER, layer_config, model_config, pack, values, write_weights)
from polyak_runner import run

CONFIG = model_config(layer_config("Dense", "dense", units=3),
                      layer_config("BatchNormalization", "bn", scale=False))


def variables(k):
    return {"layers/dense": [values(k, "w", (90, 70)), values(k, "b", (70,))],
            "layers/batch_normalization": [values(k, f"n{i}", (70,)) for i in range(3)],
            "optimizer": [numpy.int64(k), numpy.float32(k)]}


class ArchiveTest(KerasTest):
    def archive(self, k, name=None, weights=None, config=CONFIG, **options):
        path = weights or write_weights(self.folder / f"{k}.weights.h5", variables(k))
        return pack(self.folder / (name or f"{k}.keras"), path, config, **options)

    def check(self, paths):
        output = self.average(paths, "mean.keras", "-f")
        counts = self.assert_keras_averaged(paths, output)
        self.assertEqual(counts, {"mean": 5, "kept": 2})
        self.assert_comes_back(paths[-1], "same.keras")
        return output


class Archives(ArchiveTest):
    def test_that_are_stored_are_averaged(self):
        self.check([self.archive(k) for k in range(3)])

    def test_that_are_deflated_are_averaged(self):
        """The member's length is another one then; it need not be deflated as it was."""
        self.check([self.archive(k, compression=zipfile.ZIP_DEFLATED) for k in range(3)])

    def test_of_both_kinds_average_together(self):
        paths = [self.archive(k, compression=zipfile.ZIP_DEFLATED if k % 2 else zipfile.ZIP_STORED)
                 for k in range(3)]
        self.check(paths)
        self.check(paths[:2])

    def test_with_zip64_headers_are_averaged(self):
        for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self.check([self.archive(k, compression=compression, force_zip64=True)
                        for k in range(3)])

    def test_with_chunks_in_the_member_are_averaged(self):
        for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            paths = []
            for k in range(3):
                weights = write_weights(self.folder / f"{k}.weights.h5", variables(k),
                                        chunks=(16, 16), compression="gzip", shuffle=True)
                paths.append(self.archive(k, weights=weights, compression=compression))
            self.check(paths)

    def test_with_assets_and_a_comment_keep_them(self):
        extra = [("assets/vocabulary.txt", "a\nb\n"), ("assets/layer/x.bin", bytes(range(256)) * 9)]
        paths = [self.archive(k, extra=extra) for k in range(2)]
        for path in paths:
            with zipfile.ZipFile(path, "a") as archive:
                archive.comment = b"made by hand"
        output = self.check(paths)
        with zipfile.ZipFile(output) as archive:
            self.assertEqual(archive.comment, b"made by hand")

    def test_behind_other_bytes_are_averaged_or_refused(self):
        """As a self-extracting program has them; zipfile reads such."""
        paths = [self.archive(k) for k in range(2)]
        for path in paths:
            path.write_bytes(b"#!/bin/sh\n" * 7 + path.read_bytes())
        output = self.folder / "mean.keras"
        if run("average", *paths, "-o", output).status == 0:
            self.assert_keras_averaged(paths, output)
        else:
            self.refused(*paths)

    def test_written_as_a_stream_are_averaged_or_refused(self):
        """With sizes behind the data (flag bit 3), as zipfile writes to a pipe."""
        paths = []
        for k in range(2):
            source = self.archive(k)
            paths.append(self.folder / f"stream{k}.keras")
            with zipfile.ZipFile(source) as old, open(paths[-1], "wb") as raw:
                with zipfile.ZipFile(Unseekable(raw), "w") as new:
                    for member in old.namelist():
                        new.writestr(member, old.read(member))
        if run("average", *paths, "-o", self.folder / "tried.keras").status == 0:
            self.check(paths)
        else:
            self.refused(*paths)

    def test_have_one_record_which_is_replaced(self):
        first = self.average([self.archive(k) for k in range(2)], "first.keras")
        second = self.average([self.archive(2), first], "second.keras")
        with zipfile.ZipFile(second) as archive:
            self.assertIsNone(archive.testzip())
            records = [name for name in archive.namelist() if "polyak" in name]
            self.assertEqual(len(records), 1)
            self.assertIn(b"first.keras", archive.read(records[0]))
            self.assertEqual(len(archive.namelist()), 4)
        self.assert_comes_back(first, "same.keras")

    def test_say_what_their_tensors_are(self):
        roles = {name: entry["role"] for name, entry in by_name(inspected(self.archive(0))).items()}
        self.assertEqual(roles["layers/dense/vars/0"], "parameter")
        self.assertEqual([roles[f"layers/batch_normalization/vars/{i}"] for i in range(3)],
                         ["parameter", "running statistic", "running statistic"])


class Unseekable:
    def __init__(self, file):
        self.write, self.flush = file.write, file.flush


def patched(data, signature, offset, layout, value):
    """`data` with a field of the last header of a kind changed."""
    place = data.rindex(signature) + offset
    size = struct.calcsize(layout)
    return data[:place] + struct.pack(layout, value) + data[place + size:]


LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


class BadArchives(ArchiveTest):
    def assert_bad(self, data, label):
        path = self.folder / "bad.keras"
        path.write_bytes(data)
        with self.subTest(label):
            self.refused(path, path)
            result = run("inspect", path)
            self.assertEqual(result.status, 1, label)
            self.assertEqual(len(result.lines("polyak: error: ")), 1)

    def test_with_weights_of_numpy_are_refused(self):
        path = self.archive(0, "numpy.keras", member="model.weights.npz")
        error, _ = self.refused(path, path)
        self.assertIn("npz", error)

    def test_without_weights_are_refused(self):
        path = self.archive(0, "none.keras", member="something.else")
        self.refused(path, path)

    def test_that_are_cut_short_are_refused(self):
        data = self.archive(0).read_bytes()
        for length in (30, 100, 1000, len(data) // 2, len(data) - 30, len(data) - 1):
            self.assert_bad(data[:length], f"the first {length} bytes")

    def test_with_wrong_sizes_are_refused(self):
        data = self.archive(0).read_bytes()
        fields = {"size in the central directory": (CENTRAL, 24, "<I"),
                  "packed size in the central directory": (CENTRAL, 20, "<I"),
                  "size in the local header": (LOCAL, 22, "<I"),
                  "packed size in the local header": (LOCAL, 18, "<I"),
                  "offset of the local header": (CENTRAL, 42, "<I"),
                  "length of the name": (CENTRAL, 28, "<H"),
                  "length of the local name": (LOCAL, 26, "<H"),
                  "offset of the directory": (END, 16, "<I"),
                  "size of the directory": (END, 12, "<I"),
                  "entries": (END, 10, "<H")}
        for label, (signature, offset, layout) in fields.items():
            most = (1 << 8 * struct.calcsize(layout)) - 2
            for value in (1, 1000, most):
                self.assert_bad(patched(data, signature, offset, layout, value),
                                f"{label}: {value}")

    def test_with_a_wrong_checksum_are_refused(self):
        """Zipfile and Keras wouldn't read them either."""
        for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            data = self.archive(0, compression=compression).read_bytes()
            self.assert_bad(patched(data, CENTRAL, 16, "<I", 12345), f"method {compression}")

    def test_that_are_encrypted_or_of_another_method_are_refused(self):
        data = self.archive(0).read_bytes()
        for value in (1, 0x41):
            encrypted = patched(patched(data, CENTRAL, 8, "<H", value), LOCAL, 6, "<H", value)
            self.assert_bad(encrypted, f"flags {value}")
        for compression in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            path = self.archive(0, "other.keras", compression=compression)
            self.assert_bad(path.read_bytes(), f"method {compression}")

    def test_whose_members_overlap_are_refused(self):
        """The config's entry leads into the weights."""
        data = self.archive(0).read_bytes()
        with zipfile.ZipFile(self.folder / "0.keras") as archive:
            weights = archive.getinfo(WEIGHTS_MEMBER).header_offset
        first = data.index(CENTRAL)
        second = data.index(CENTRAL, first + 4)
        for place in (first, second):
            changed = data[:place + 42] + struct.pack("<I", weights) + data[place + 46:]
            self.assert_bad(changed, f"the entry at {place}")

    def test_with_two_members_of_one_name_are_refused(self):
        path = self.archive(0)
        with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
            warnings.simplefilter("ignore")
            archive.writestr(WEIGHTS_MEMBER, b"something else")
        self.refused(path, path)

    def test_with_deflated_data_that_is_damaged_are_refused(self):
        data = bytearray(self.archive(0, compression=zipfile.ZIP_DEFLATED).read_bytes())
        place = data.rindex(LOCAL) + 3000
        for i in range(64):
            data[place + i] ^= 0x5A
        self.assert_bad(bytes(data), "damaged")

    def test_with_a_bomb_are_refused_in_bounded_time(self):
        """A member of a gigabyte of zeros is no HDF5 file; one is told in the first bytes."""
        path = self.folder / "bomb.keras"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("config.json", "{}")
            with archive.open(WEIGHTS_MEMBER, "w") as out:
                for _ in range(64):
                    out.write(bytes(1 << 20))
        self.refused(path, path)

    def test_whose_config_is_no_json_are_answered(self):
        for text in ("", "{", "[" * 100000, '{"config": {"layers": 7}}', "null", '"\\ud800"'):
            path = self.archive(0)
            changed = self.folder / "odd.keras"
            with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
                for name in old.namelist():
                    new.writestr(name, text if name == "config.json" else old.read(name))
            result = run("average", changed, changed, "-o", self.folder / "mean.keras", "-f")
            self.assertIn(result.status, (0, 1), text[:20])
            self.assertEqual(len(result.lines("polyak: error: ")), result.status)


if __name__ == "__main__":
    unittest.main()
