"""Archives (.keras): members other than the weights stay, zipfile reads what comes out, and the
weights are the exact mean."""
import io
import json
import struct
import subprocess
import sys
import unittest
import zipfile

import h5py
import keras_files
import numpy as np
from keras_files import (WEIGHTS, archive, datasets, layer, mean, model, weights,
                         weights_in)
from polyak_runner import FolderTest, run

VOCABULARY = ("assets/vocabulary.txt", "word\n" * 1000)


class ArchivesTest(FolderTest):
    def pair(self, **options):
        return [archive(self.folder / f"{k}.keras", weights(model(10 * k, k)), **options)
                for k in (1, 2)]

    def assert_is_mean(self, output, inputs, kept_from):
        """Of the weights of `inputs`; all that isn't averaged is that of `kept_from`."""
        found, all_of = weights_in(output), [weights_in(path) for path in inputs]
        self.assertEqual(found.keys(), weights_in(kept_from).keys())
        for name, values in found.items():
            expected = mean(*(one[name] for one in all_of)) if keras_files.is_averaged(name) \
                else weights_in(kept_from)[name]
            self.assertEqual(values.tobytes(), expected.tobytes(), name)

    def assert_sound(self, output, template, methods=None):
        """zipfile finds no fault, and all but the weights and the record is the template's."""
        with zipfile.ZipFile(output) as found, zipfile.ZipFile(template) as expected:
            self.assertIsNone(found.testzip())
            self.assertEqual(found.comment, expected.comment)
            names = [name for name in expected.namelist() if name != "polyak.json"]
            self.assertEqual([n for n in found.namelist() if n != "polyak.json"], names)
            for name in names:
                if name != WEIGHTS:
                    self.assertEqual(found.read(name), expected.read(name), name)
                before, now = expected.getinfo(name), found.getinfo(name)
                self.assertEqual((now.date_time, now.external_attr),
                                 (before.date_time, before.external_attr))

    def test_average_with_the_record_as_a_member(self):
        a, b = self.pair(more=[VOCABULARY], comment=b"a comment", weights_last=False)
        out = self.average([a, b], "out.keras", "-q")
        self.assert_sound(out, b)
        self.assert_is_mean(out, [a, b], b)
        with zipfile.ZipFile(out) as file:
            record = file.getinfo("polyak.json")
            self.assertEqual(record.date_time, (1980, 1, 1, 0, 0, 0))
            self.assertEqual(json.loads(file.read(record))["method"], "uniform")
        self.assertIn("made by polyak", self.polyak("inspect", out).stdout)

    def test_an_earlier_record_is_replaced_wherever_it_lies(self):
        a, b = self.pair()
        old = [("polyak.json", '{"version": "0", "long": "' + "x" * 5000 + '"}')]
        for weights_last in (True, False):
            with self.subTest(weights_last=weights_last):
                template = archive(self.folder / f"t{weights_last}.keras", weights(model(5, 5)),
                                   more=old + [VOCABULARY], weights_last=weights_last)
                out = self.average([a, template], f"o{weights_last}.keras", "-q")
                self.assert_sound(out, template)
                self.assert_is_mean(out, [a, template], template)
                with zipfile.ZipFile(out) as file:
                    self.assertEqual(file.namelist().count("polyak.json"), 1)
                    self.assertEqual(json.loads(file.read("polyak.json"))["method"], "uniform")

    def test_averaged_with_itself_it_is_the_same_byte_for_byte(self):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with self.subTest(method=method):
                a, b = self.pair(method=method, more=[VOCABULARY], comment=b"c",
                                 weights_last=False)
                copy = self.folder / "copy.keras"
                copy.write_bytes(a.read_bytes())
                out = self.average([copy, a], f"o{method}.keras", "-q", "--no-provenance")
                self.assert_same_bytes(out.read_bytes(), a.read_bytes())

    def test_deflated_weights_are_stored_in_the_output(self):
        a, b = self.pair(method=zipfile.ZIP_DEFLATED, more=[VOCABULARY], weights_last=False)
        out = self.average([a, b], "out.keras", "-q")
        self.assert_sound(out, b)
        self.assert_is_mean(out, [a, b], b)
        with zipfile.ZipFile(out) as file:
            self.assertEqual(file.getinfo(WEIGHTS).compress_type, zipfile.ZIP_STORED)
        names = {entry.name for entry in self.folder.iterdir()}
        self.assertEqual(names, {"1.keras", "2.keras", "out.keras"})

    def compressed(self, name, values, method):
        """An archive whose weights are compressed datasets, with a member behind them."""
        image = io.BytesIO()
        with h5py.File(image, "w") as h5:
            h5.create_dataset("layers/dense/vars/0", data=values, chunks=(50, 50),
                              compression="gzip", shuffle=True)
        return archive(self.folder / name, image.getvalue(), method, more=[VOCABULARY],
                       weights_last=False)

    def test_weights_that_grow_and_shrink_move_what_lies_behind_them(self):
        noise, zeros = layer(1, 100, 100), np.zeros((100, 100), "f4")
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            for number, (first, second) in enumerate([(noise, zeros), (-noise, noise)]):
                with self.subTest(method=method, second=number):
                    a = self.compressed("a.keras", first, method)
                    b = self.compressed("b.keras", second, method)
                    out = self.average([a, b], f"{method}-{number}.keras", "-q")
                    self.assert_sound(out, b)
                    self.assert_is_mean(out, [a, b], b)
                    with zipfile.ZipFile(out) as found, zipfile.ZipFile(b) as template:
                        sizes = [file.getinfo(WEIGHTS).file_size for file in (found, template)]
                    if number == 0:
                        self.assertGreater(*sizes)

    def test_zip64_headers_stay(self):
        a, b = self.pair()
        wide = self.folder / "wide.keras"
        with zipfile.ZipFile(b) as source, zipfile.ZipFile(wide, "w") as file:
            for member in source.infolist():
                with file.open(member.filename, "w", force_zip64=True) as stream:
                    stream.write(source.read(member))
        out = self.average([a, wide], "out.keras", "-q")
        self.assert_sound(out, wide)
        self.assert_is_mean(out, [a, wide], wide)

    def test_an_archive_and_weights_alone_average_both_ways(self):
        a, b = self.pair()
        alone = self.folder / "b.weights.h5"
        alone.write_bytes(weights(model(20, 2)))
        out = self.average([alone, a], "out.keras", "-q")
        self.assert_sound(out, a)
        self.assert_is_mean(out, [a, b], a)
        h5 = datasets(self.average([a, alone], "out.weights.h5", "-q"))
        for name, values in weights_in(self.average([a, b], "o2.keras", "-q")).items():
            self.assertEqual(h5[name].tobytes(), values.tobytes(), name)

    def test_two_runs_give_the_same_bytes(self):
        a, b = self.pair(method=zipfile.ZIP_DEFLATED)
        one = self.average([a, b], "one.keras", "-q", "-j", "1")
        two = self.average([a, b], "two.keras", "-q", "-j", "2")
        self.assert_same_bytes(two.read_bytes(), one.read_bytes())

    def refusal(self, path):
        result = run("inspect", path)
        self.assertEqual(result.status, 1, result.stdout)
        self.assertEqual(len(result.lines("polyak: error: ")), 1, result.stderr)
        return result.stderr

    def test_what_cant_be_read_is_refused_in_one_line(self):
        numpy_weights = self.folder / "n.keras"
        with zipfile.ZipFile(numpy_weights, "w") as file:
            file.writestr("metadata.json", "{}")
            file.writestr("model.weights.npz", b"PK")
        self.assertIn("model.weights.npz", self.refusal(numpy_weights))
        a, _ = self.pair()
        whole = a.read_bytes()
        cut = self.folder / "cut.keras"
        for size in (len(whole) // 2, len(whole) - 1):
            cut.write_bytes(whole[:size])
            self.assertIn("cut off or damaged", self.refusal(cut))
        damaged = self.folder / "damaged.keras"
        deflated = archive(self.folder / "d.keras", weights(model(1)), zipfile.ZIP_DEFLATED)
        info = zipfile.ZipFile(deflated).getinfo(WEIGHTS)
        bytes_of = bytearray(deflated.read_bytes())
        bytes_of[info.header_offset + 30 + len(WEIGHTS) + info.compress_size // 2] ^= 0x55
        damaged.write_bytes(bytes_of)
        self.assertRegex(self.refusal(damaged), "does not unpack|checksum is wrong")

    def test_a_bomb_is_refused_before_it_is_unpacked(self):
        bomb = archive(self.folder / "bomb.keras", bytes(100_000), zipfile.ZIP_DEFLATED)
        raw = bytearray(bomb.read_bytes())
        info = zipfile.ZipFile(bomb).getinfo(WEIGHTS)
        entry = raw.rfind(b"PK\1\2")
        for at in (info.header_offset + 22, entry + 24):
            raw[at:at + 4] = struct.pack("<I", 0xFFFF0000)
        bomb.write_bytes(raw)
        self.assertIn("can't have 4294901760 bytes unpacked", self.refusal(bomb))

    def image(self, values, version, set_up):
        """The bytes of an HDF5 file whose superblock is of this version."""
        creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        set_up(creation)
        low = h5py.h5f.LIBVER_EARLIEST if version < 2 else h5py.h5f.LIBVER_LATEST
        access.set_libver_bounds(low, h5py.h5f.LIBVER_LATEST)
        path = self.folder / "image.h5"
        with h5py.File(h5py.h5f.create(bytes(path), h5py.h5f.ACC_TRUNC, creation, access)) as file:
            file["layers/dense/vars/0"] = values
        image = path.read_bytes()
        self.assertEqual(image[image.index(b"\x89HDF") + 8], version)
        return image

    def test_deflated_weights_end_where_their_superblock_says_or_a_little_behind(self):
        kinds = {"usual": (0, lambda creation: None),
                 "version 3": (3, lambda creation: None),
                 "user block": (0, lambda creation: creation.set_userblock(2048)),
                 "user block, version 3": (3, lambda creation: creation.set_userblock(512)),
                 "addresses of 4 bytes": (0, lambda creation: creation.set_sizes(4, 4))}
        for kind, how in kinds.items():
            images = [self.image(layer(k, 8, 4), *how) for k in (1, 2)]
            size = len(images[0])
            for padding in (0, 1, 1 << 20):
                with self.subTest(kind=kind, padding=padding):
                    a, b = [archive(self.folder / f"{k}.keras", image + bytes(padding),
                                    zipfile.ZIP_DEFLATED) for k, image in enumerate(images)]
                    out = self.average([a, b], f"{kind} {padding}.keras", "-q")
                    self.assert_is_mean(out, [a, b], b)
            for other in (size - 1, size + (17 << 20)):
                with self.subTest(kind=kind, size=size, other=other):
                    bad = archive(self.folder / "bad.keras", images[0][:other].ljust(other, b"\0"),
                                  zipfile.ZIP_DEFLATED)
                    self.assertIn("another size than the zip archive's directory says "
                                  f"(found {size} bytes, expected {other})", self.refusal(bad))

    def test_an_archive_from_a_pipe_is_refused_with_a_way_out(self):
        a, _ = self.pair()
        script = ("import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
                  "o = zipfile.ZipFile(sys.stdout.buffer, 'w')\n"
                  "for i in z.infolist(): o.writestr(i.filename, z.read(i))\no.close()")
        piped = self.folder / "piped.keras"
        piped.write_bytes(subprocess.run([sys.executable, "-c", script, a], check=True,
                                         stdout=subprocess.PIPE).stdout)
        self.assertIn("has its sizes behind its data", self.refusal(piped))


if __name__ == "__main__":
    unittest.main()
