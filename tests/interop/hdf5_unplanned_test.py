"""HDF5 that nobody planned for: links, references, types, scales, times, and every other thing
that an average has to leave as it is.
"""
import json
import os
import time
import unittest

import h5py
import numpy

from hdf5_checks import Hdf5Test
from hdf5_elements import INPUTS, assert_mean
from hdf5_models import Case, Storage, write_input
from hdf5_zoo import WEIGHTS, hard_links, long_doubles, times_of, write_zoo
from json_documents import by_name
from polyak_runner import run

LIBVERS = ("earliest", "v108", "latest")


class Zoo(Hdf5Test):
    def inputs_of(self, libver, userblock=512):
        bound = libver if libver == "earliest" else (libver, libver)
        return [write_zoo(self.folder / f"{libver}_{k}.h5", k, bound, userblock)
                for k in range(INPUTS)]

    def test_survives_whole(self):
        for libver in LIBVERS:
            with self.subTest(libver):
                paths = self.inputs_of(libver)
                output = self.average(paths, "mean.h5", "-f")
                self.assert_averaged(paths, output, is_kept=lambda name: False)
                self.assert_same_structure(paths[-1], output)
                self.assertEqual(output.read_bytes()[:512], paths[-1].read_bytes()[:512])
                with h5py.File(paths[-1], "r") as before, h5py.File(output, "r") as after:
                    self.assertEqual(hard_links(after), hard_links(before))
                    self.assertEqual(times_of(after), times_of(before))
                    self.assert_refers(after)

    def assert_refers(self, file):
        """References, scales and orders lead where they did."""
        for place in (file, file["net/first"]):
            self.assertEqual(file[place.attrs["object reference"]], file["net/first"])
            region = place.attrs["region reference"]
            numpy.testing.assert_array_equal(file[region][region],
                                             file["net/first"][2:5, 1:4])
        self.assertEqual([file[ref] for ref in file["others/references"]],
                         [file["net"], file["typed"]])
        self.assertEqual(file["scaled/data"].dims[0][0], file["scaled/rows"])
        self.assertEqual(list(file["ordered"]), [f"{letter} group" for letter in "zmay"])
        self.assertEqual(list(file["ordered"].attrs)[:5], [
            *(f"{letter} attribute" for letter in "zmay"), "attribute 0"])
        self.assertEqual(file["net"].attrs["text"], "\u03b1\u03b2\u03b3")
        self.assertEqual(file["typed"].id.get_type().committed(), True)

    def test_of_itself_comes_back_byte_for_byte(self):
        for libver in LIBVERS:
            for userblock in (0, 512, 4096):
                self.assert_comes_back(self.inputs_of(libver, userblock)[0])

    def test_averages_an_aliased_dataset_once(self):
        paths = self.inputs_of("earliest")
        output = self.folder / "mean.h5"
        report = json.loads(self.polyak("average", *paths, "-o", output, "--json").stdout)
        with h5py.File(output, "r") as found:
            names = ("aliased/original", "aliased/alias", "another alias")
            self.assertEqual(len({h5py.h5o.get_info(found[name].id).addr for name in names}), 1)
            files = [h5py.File(path, "r") for path in paths]
            for name in WEIGHTS:
                assert_mean(self, [file[name] for file in files], found[name], name)
        averaged = [name for name, entry in by_name(report).items()
                    if entry["action"] == "average"]
        self.assertFalse([name for name in averaged if name.startswith(("soft", "dangling"))])

    def test_has_one_record_which_is_replaced(self):
        paths = self.inputs_of("latest")
        first = self.average(paths, "first.h5")
        second = self.average([*paths, first], "second.h5")
        with h5py.File(second, "r") as file:
            records = [name for name in file.attrs if name.startswith("polyak")]
            self.assertEqual(records, ["polyak"])
            self.assertIn("first.h5", str(file.attrs["polyak"]))
        self.assert_same_structure(paths[-1], second)

    def test_with_a_record_comes_back_too(self):
        paths = self.inputs_of("earliest")
        self.assert_comes_back(self.average(paths, "first.h5"))


class WhatIsNoNumberHere(Hdf5Test):
    def test_is_kept_with_a_warning_where_it_differs(self):
        kinds = {"long": long_doubles, "text": lambda k: f"text {k}" if k else "another",
                 "fixed": lambda k: numpy.array([b"%d" % k] * 3),
                 "integers": lambda k: numpy.arange(3) + k,
                 "table": lambda k: numpy.array([(k, 0.5 * k)], "i4,f4"),
                 "bytes": lambda k: numpy.array([b"%04d" % k]).view("V4"),
                 "lists": lambda k: numpy.array([numpy.arange(3) + k, numpy.arange(2)], object)}
        for name, make in kinds.items():
            paths = []
            for k in range(2):
                paths.append(self.folder / f"{k}.h5")
                with h5py.File(paths[-1], "w") as file:
                    file["w"] = numpy.full(3, k, "f4")
                    file.create_dataset(name, data=make(k), dtype=h5py.vlen_dtype("i8")
                                        if name == "lists" else None)
            with self.subTest(name):
                output = self.folder / "mean.h5"
                result = self.polyak("average", *paths, "-o", output, "-f")
                self.assert_averaged(paths, output)
                if name not in ("text", "lists"):  # not compared; the summary says so
                    self.assertRegex(result.stderr, f"warning: .*{name}")


class LargeRecord(Hdf5Test):
    def test_of_more_than_an_attribute_holds_is_kept_and_replaced(self):
        """64 KiB is what an attribute in an object header may have."""
        for libver in LIBVERS:
            bound = libver if libver == "earliest" else (libver, libver)
            paths = []
            for k in range(700):
                path = self.folder / f"{libver}_{'long_name_' * 10}{k}.h5"
                with h5py.File(path, "w", libver=bound) as file:
                    file["w"] = numpy.arange(4, dtype="<f4") + k
                paths.append(path)
            output = self.average(paths, f"{libver}.h5")
            again = self.average([output, output], "again.h5", "-f")
            for path, most in ((output, 20), (again, 1)):
                with h5py.File(path, "r") as file:
                    names = sorted((name for name in file.attrs if name.startswith("polyak")),
                                   key=lambda name: int(name[6:] or 0))
                    self.assertLessEqual(len(names), most)
                    text = "".join(file.attrs[name] if isinstance(file.attrs[name], str)
                                   else bytes(file.attrs[name]).decode() for name in names)
                    json.loads(text)
            self.assert_same_structure(paths[-1], output)


class Unsafe(Hdf5Test):
    def refused(self, path, pattern):
        output = self.folder / "refused.h5"
        result = run("average", path, path, "-o", output)
        self.assertEqual(result.status, 1, result)
        errors = result.lines("polyak: error: ")
        self.assertEqual(len(errors), 1, result.stderr)
        self.assertRegex(errors[0], pattern)
        self.assertEqual(len(result.lines("polyak: ")), result.stderr.count("\n"))
        self.assertIn(run("inspect", path).status, (0, 1))
        self.assertEqual([name for name in os.listdir(self.folder) if "polyak-" in name], [])
        self.assertFalse(output.exists())

    def file(self, name):
        file = h5py.File(self.folder / name, "w")
        file["w"] = numpy.zeros(3, "<f4")
        return file

    def test_external_links_are_refused(self):
        with self.file("a.h5") as file:
            file["away"] = h5py.ExternalLink("/etc/passwd", "/w")
        self.refused(self.folder / "a.h5", "away: .*(external|another file)")

    def test_external_storage_is_refused(self):
        with self.file("a.h5") as file:
            file.create_dataset("away", (4,), "<f4", external=[("/etc/passwd", 0, 16)])
        self.refused(self.folder / "a.h5", "away: .*(external|other files)")

    def test_virtual_datasets_are_refused(self):
        with self.file("a.h5") as file:
            layout = h5py.VirtualLayout((3,), "<f4")
            layout[:] = h5py.VirtualSource(self.folder / "b.h5", "w", (3,))
            file.create_virtual_dataset("away", layout)
        self.refused(self.folder / "a.h5", "away: .*virtual")

    def test_unknown_filters_are_refused_by_name(self):
        for number, name in ((32015, "[Zz]std"), (307, "bzip2"), (32001, "[Bb]losc"),
                             (32004, "lz4|LZ4"),
                             (499, "499")):
            path = self.folder / f"{number}.h5"
            with self.file(path.name) as file:
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_chunk((4,))
                plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (3,))
                made = h5py.h5d.create(file.id, b"odd", h5py.h5t.IEEE_F32LE,
                                       h5py.h5s.create_simple((8,)), plist)
                for chunk in (0, 4):
                    made.write_direct_chunk((chunk,), b"\0" * 9)
            self.refused(path, f"odd: .*({name})")

    def test_plugins_are_not_looked_for(self):
        plugins = self.folder / "plugins"
        plugins.mkdir()
        (plugins / "libplugin.so").write_bytes(b"no library")
        self.assertEqual(run("inspect", self.written("a.h5"),
                             env={"HDF5_PLUGIN_PATH": str(plugins)}).status, 0)

    def written(self, name):
        with self.file(name):
            pass
        return self.folder / name


class Times(Hdf5Test):
    """Objects that note their changes: two runs, more than a second apart, give the same."""

    def cases(self):
        storages = [Storage(track_times=True), Storage(is_compact=True, track_times=True),
                    Storage((4, 4), filters="shuffle_gzip", track_times=True),
                    Storage((4, 4), (None, None), track_times=True)]
        return [Case(f"{i} {written}", "float32le", (10, 9), storage, written)
                for i, storage in enumerate(storages)
                for written in ((True,) * 3, (True, True, False))]

    def test_do_not_show_in_the_output(self):
        for version in ("earliest", "v108", "latest"):
            paths = [write_input(self.folder / f"{k}.h5", self.cases(), k, version)
                     for k in range(INPUTS)]
            first = self.average(paths, "a.h5", "-f").read_bytes()
            time.sleep(1.1)
            for options in ((), ("-j", "1"), ("-j", "2"), ("--memory", "64M")):
                found = self.average(paths, "b.h5", "-f", *options).read_bytes()
                self.assert_same_bytes(found, first, f"{version} {options}")
            self.assert_averaged(paths, self.folder / "b.h5")
            with h5py.File(paths[-1], "r") as before, \
                    h5py.File(self.folder / "b.h5", "r") as after:
                self.assertEqual(times_of(after), times_of(before))


if __name__ == "__main__":
    unittest.main()
