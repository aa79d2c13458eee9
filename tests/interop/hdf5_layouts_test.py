"""HDF5 datasets in every layout, with every index of chunks, filter and element type, in files of
every superblock: averaged exactly, and nothing else changed.
"""
import unittest

import h5py
import numpy

from hdf5_checks import Hdf5Test, write_expected
from hdf5_elements import INPUTS
from hdf5_models import FAMILIES, VERSIONS, Case, Storage, superblock_of, write_input


class Layouts(Hdf5Test):
    def inputs_of(self, family, version, userblock=0):
        cases = list(FAMILIES[family]())
        paths = [write_input(self.folder / f"{family}_{version}_{k}.h5", cases, k, version,
                             userblock) for k in range(INPUTS)]
        expected = VERSIONS[version][1]
        self.assertEqual(superblock_of(paths[0], userblock), expected)
        return paths

    def check(self, family, version, userblock=0):
        paths = self.inputs_of(family, version, userblock)
        output = self.average(paths, "mean.h5", "-f")
        counts = self.assert_averaged(paths, output)
        self.assertGreater(counts["mean"], 20)
        self.assert_same_structure(paths[-1], output)
        with h5py.File(output, "r") as file:
            self.assertIn("polyak", file.attrs)
        plain = self.average(paths, "plain.h5", "--no-provenance", "-f")
        self.assert_averaged(paths, plain)
        expected = write_expected(paths[-1], paths, self.folder / "expected.h5")
        self.assert_h5diff_agrees(plain, expected)
        self.assert_comes_back(paths[-1])
        return paths, output

    def check_family(self, family):
        for version in VERSIONS:
            with self.subTest(f"{family}, {version}"):
                self.check(family, version)

    def test_that_are_contiguous(self):
        self.check_family("contiguous")

    def test_that_are_compact(self):
        self.check_family("compact")

    def test_that_are_chunked_with_every_index(self):
        self.check_family("chunked")

    def test_with_every_filter(self):
        self.check_family("filtered")

    def test_of_every_rank_with_chunks_that_do_not_divide_it(self):
        self.check_family("ranked")

    def test_that_were_never_written_or_in_part(self):
        self.check_family("unwritten")

    def test_behind_a_user_block(self):
        for place, family in enumerate(FAMILIES):
            size = 512 << place
            with self.subTest(f"{family}, {size}"):
                paths, output = self.check(family, "earliest", size)
                self.assertEqual(output.read_bytes()[:size], paths[-1].read_bytes()[:size])

    def test_that_no_input_ever_wrote_are_left_without_storage(self):
        storage = Storage((4, 5), filters="gzip1", fill=2.5)
        cases = [Case("chunked", "float32le", (12, 9), storage, (False,) * INPUTS),
                 Case("contiguous", "float32le", (12, 9), Storage(fill=2.5), (False,) * INPUTS),
                 Case("written", "float32le", (3,))]
        paths = [write_input(self.folder / f"{k}.h5", cases, k) for k in range(INPUTS)]
        output = self.average(paths, "mean.h5")
        with h5py.File(output, "r") as file:
            for name in ("chunked", "contiguous"):
                self.assertEqual(file[name].id.get_storage_size(), 0, name)

    def test_of_any_superblock_average_with_those_of_another(self):
        for family in ("chunked", "compact", "filtered"):
            cases = list(FAMILIES[family]())
            paths = [write_input(self.folder / f"{k}.h5", cases, k, version)
                     for k, version in enumerate(VERSIONS)]
            for template in paths:
                output = self.average(paths, "mean.h5", "--template", template, "-f")
                self.assert_averaged(paths, output, template)
                self.assert_same_structure(template, output)


class InputsStoredOtherwise(Hdf5Test):
    STORAGES = {
        "contiguous": Storage(), "compact": Storage(is_compact=True),
        "one chunk": Storage((24, 36)),
        "rows": Storage((1, 36)), "columns": Storage((24, 1), filters="gzip1"),
        "blocks": Storage((7, 5), filters="shuffle_gzip_fletcher"),
        "lzf": Storage((8, 8), filters="lzf"),
        "szip": Storage((8, 16), filters="szip_nn"), "extensible": Storage((10, 10), (None, 36)),
        "B-tree": Storage((9, 9), (None, None), "gzip9"), "large": Storage((24, 36), (48, 72))}

    def write(self, storages, k, element="float32le"):
        cases = [Case(f"{i}", element, (24, 36), storage) for i, storage in enumerate(storages)]
        path = self.folder / f"{element}_{k}.h5"
        return write_input(path, cases, k, "latest" if k % 2 else "earliest")

    def test_are_gathered_whatever_the_template_has(self):
        """Each storage against each other one: those of an input are the template's, turned."""
        storages = list(self.STORAGES.values())
        for turn in range(1, len(storages), 3):
            turned = storages[turn:] + storages[:turn]
            twice = storages[2 * turn % len(storages):] + storages[:2 * turn % len(storages)]
            paths = [self.write(turned, 0), self.write(twice, 1), self.write(storages, 2)]
            output = self.average(paths, "mean.h5", "-f")
            self.assert_averaged(paths, output)
            self.assert_same_structure(paths[-1], output)

    def test_of_another_byte_order_are_converted(self):
        storages = list(self.STORAGES.values())
        paths = [self.write(storages, 0, "float32be"), self.write(storages[3:] + storages[:3], 1),
                 self.write(storages, 2, "float32be")]
        output = self.average(paths, "mean.h5")
        self.assert_averaged(paths, output)

    def test_with_few_of_their_chunks_written_give_their_fill_value(self):
        part = (slice(3, 9), slice(20, 36))
        kinds = [Storage((7, 5), filters="gzip1", fill=0.25), Storage((24, 36), fill=-3.0),
                 Storage((6, 6))]
        cases = [[Case(f"{i}", "float32le", (24, 36), storage, part=part)
                  for i, storage in enumerate(kinds[k:] + kinds[:k])] for k in range(INPUTS)]
        paths = [write_input(self.folder / f"{k}.h5", cases[k], k) for k in range(INPUTS)]
        self.assert_averaged(paths, self.average(paths, "mean.h5"))


class Chunks(Hdf5Test):
    def test_whose_result_is_the_templates_keep_their_stored_bytes(self):
        """Even where polyak would compress them otherwise."""
        source = numpy.random.default_rng(5)
        first = source.standard_normal((64, 64)).astype("<f4")
        second = first.copy()
        second[20, 20] += 1  # in one chunk of 16
        paths = []
        for k, values in enumerate((first, second)):
            path = self.folder / f"{k}.h5"
            with h5py.File(path, "w") as file:
                file.create_dataset("w", data=values, chunks=(16, 16), compression=3, shuffle=True)
                file.create_dataset("equal", data=first, chunks=(16, 16), compression=7)
            paths.append(path)
        output = self.average(paths, "mean.h5", "--no-provenance")
        with h5py.File(paths[1], "r") as before, h5py.File(output, "r") as after:
            kept = 0
            for name in ("w", "equal"):
                for row in range(0, 64, 16):
                    for column in range(0, 64, 16):
                        old = before[name].id.read_direct_chunk((row, column))
                        kept += old == after[name].id.read_direct_chunk((row, column))
            self.assertEqual(kept, 31)

    def test_that_skip_a_filter_are_read_and_written(self):
        """A mask says which filters a chunk wasn't passed through; an incompressible one, say."""
        source = numpy.random.default_rng(6)
        paths = []
        for k in range(INPUTS):
            path = self.folder / f"{k}.h5"
            with h5py.File(path, "w") as file:
                dataset = file.create_dataset("w", (32, 8), "<f4", chunks=(8, 8), compression=4,
                                              shuffle=True, fletcher32=True)
                dataset[...] = source.standard_normal((32, 8))
                raw = source.standard_normal((8, 8)).astype("<f4").tobytes()
                dataset.id.write_direct_chunk((8, 0), raw, filter_mask=7)
            paths.append(path)
        output = self.average(paths, "mean.h5")
        self.assert_averaged(paths, output)
        self.assert_comes_back(paths[0])

    def test_take_hardly_more_room_than_repacked(self):
        """And no more than two hundredths where there are some of them."""
        for filters in ("shuffle_gzip", "gzip9", "lzf"):
            for version in VERSIONS:
                path = [self.write_large(filters, version, k) for k in range(INPUTS)]
                output = self.average(path, "mean.h5", "-f")
                found, packed = output.stat().st_size, self.repacked_size(output)
                print(f"\n{filters}, {version}: {found} bytes, repacked {packed}: "
                      f"{found / packed - 1:+.2%}", end="")
                self.assertLess(found, 1.02 * packed, f"{filters}, {version}")

    def write_large(self, filters, version, k):
        cases = [Case(f"layer{i}", "float32le", (512, 256), Storage((64, 64), filters=filters))
                 for i in range(3)]
        return write_input(self.folder / f"{filters}_{version}_{k}.h5", cases, k, version)

    def test_of_a_template_that_compresses_far_better_grow(self):
        """Zeros in the template, noise in the others."""
        cases = [Case("w", "float32le", (512, 256), Storage((32, 64), filters="shuffle_gzip"))]
        paths = [write_input(self.folder / f"{k}.h5", cases, k) for k in range(INPUTS)]
        with h5py.File(paths[-1], "r+") as file:
            file["w"][...] = 0
        small = self.folder / "small.h5"
        with h5py.File(paths[-1], "r") as old, h5py.File(small, "w") as new:
            old.copy("w", new)
        paths[-1] = small
        output = self.average(paths, "mean.h5")
        self.assert_averaged(paths, output)
        self.assertLess(output.stat().st_size, 1.02 * self.repacked_size(output))


class LossyFilters(Hdf5Test):
    def test_scaleoffset_does_not_round_the_average(self):
        """A chunk that it would round skips it; one that comes back keeps it."""
        paths = []
        for k in range(INPUTS):
            path = self.folder / f"{k}.h5"
            values = numpy.random.default_rng(k).standard_normal((30, 20)).astype("<f4")
            with h5py.File(path, "w") as file:
                file.create_dataset("w", data=values, chunks=(7, 8), scaleoffset=3)
                file.create_dataset("n", data=numpy.arange(60).reshape(6, 10), chunks=(4, 4),
                                    scaleoffset=0)
                file.create_dataset("plain", data=values)
            paths.append(path)
        output = self.average(paths, "mean.h5", "--no-provenance")
        self.assert_averaged(paths, output)
        self.assert_same_structure(paths[-1], output)
        self.assert_comes_back(paths[0])


if __name__ == "__main__":
    unittest.main()
