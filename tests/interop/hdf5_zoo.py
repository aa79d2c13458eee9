"""An HDF5 file with one of everything that an average has to leave as it is, and the weights of a
small network among it.
"""
import h5py
import numpy
from h5py import h5a, h5p, h5s, h5t

from hdf5_elements import ELEMENTS
from hdf5_models import Storage, create

WEIGHTS = ("net/first", "net/second", "net/zipped", "scaled/data", "typed", "aliased/original")


def weights_of(k, shape, name):
    source = numpy.random.default_rng([k, len(name)])
    return source.standard_normal(shape).astype("<f4")


def long_doubles(k):
    """With zeros where the ten bytes of a number end."""
    stored = numpy.zeros((3, 16), "u1")
    stored[:, :10] = (numpy.arange(3, dtype=numpy.longdouble) + k).view("u1").reshape(3, 16)[:, :10]
    return stored.view(numpy.longdouble).reshape(3)


def _committed_float(file):
    kind = h5t.IEEE_F32LE.copy()
    kind.commit(file.id, b"float_type")
    return h5py.Datatype(kind)


def _bitfield_attribute(place):
    values = numpy.array([1, 2, 200], "u1")
    made = h5a.create(place.id, b"bitfield", h5t.STD_B8LE, h5s.create_simple((3,)))
    made.write(values, h5t.STD_B8LE)


def add_attributes(file, place):
    """One of every class."""
    place.attrs["integer"] = numpy.arange(-3, 3, dtype=">i8")
    place.attrs["float"] = numpy.float16(0.1)
    place.attrs["text"] = "\u03b1\u03b2\u03b3"
    place.attrs["texts"] = ["one", "two", ""]
    place.attrs["fixed text"] = numpy.bytes_("abc")
    place.attrs["opaque"] = numpy.void(b"\0\1\2\3\4")
    place.attrs["compound"] = numpy.array([(1, 2.5, b"x")], "i4,f8,S3")
    place.attrs["object reference"] = file["net/first"].ref
    place.attrs["region reference"] = file["net/first"].regionref[2:5, 1:4]
    place.attrs["enumeration"] = numpy.array([0, 1], h5py.enum_dtype({"off": 0, "on": 1}))
    place.attrs["boolean"] = True
    place.attrs["lists"] = numpy.array([numpy.arange(3), numpy.arange(5)],
                                       h5py.vlen_dtype("i4"))
    place.attrs.create("array", numpy.ones((4, 2, 3)), dtype=numpy.dtype("(2,3)f4"))
    place.attrs["complex"] = 1 + 2j
    place.attrs["empty"] = h5py.Empty("f8")
    _bitfield_attribute(place)


def _ordered_group(file, name):
    plist = h5p.create(h5p.GROUP_CREATE)
    order = h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED
    plist.set_link_creation_order(order)
    plist.set_attr_creation_order(order)
    group = h5py.Group(h5py.h5g.create(file.id, name.encode(), gcpl=plist))
    for letter in "zmay":
        group.create_group(f"{letter} group")
        group.attrs[f"{letter} attribute"] = letter
    return group


def _add_weights(file, k):
    net = file.create_group("net", track_order=True)
    net.create_dataset("first", data=weights_of(k, (8, 6), "first"), track_times=True)
    net.create_dataset("second", data=weights_of(k, (6,), "second"), track_times=True)
    net.create_dataset("zipped", data=weights_of(k, (40, 30), "zipped"), chunks=(16, 16),
                       shuffle=True, compression=5, fletcher32=True, track_times=True)
    scaled = file.create_group("scaled")
    scaled.create_dataset("data", data=weights_of(k, (4, 3), "data"))
    for axis, (name, length) in enumerate((("rows", 4), ("columns", 3))):
        scaled.create_dataset(name, data=numpy.arange(length))
        scaled[name].make_scale(f"the {name}")
        scaled["data"].dims[axis].attach_scale(scaled[name])
        scaled["data"].dims[axis].label = name
    file.create_dataset("typed", (3, 5), _committed_float(file), weights_of(k, (3, 5), "typed"))


def _add_links(file, k):
    aliased = file.create_group("aliased")
    aliased.create_dataset("original", data=weights_of(k, (5, 5), "original"))
    file["aliased/alias"] = aliased["original"]
    file["another alias"] = aliased["original"]
    file["aliased/group alias"] = file["net"]
    file["soft"] = h5py.SoftLink("/net/first")
    file["soft group"] = h5py.SoftLink("aliased")
    file["dangling"] = h5py.SoftLink("/not/there")
    file["net/comes round"] = h5py.SoftLink("/")


def _add_others(file):
    others = file.create_group("others")
    others["text"] = "words"
    others["texts"] = numpy.array(["a", "bb", "ccc"], h5py.string_dtype())
    others["fixed"] = numpy.array([b"ab", b"cd"], "S2")
    others["references"] = numpy.array([file["net"].ref, file["typed"].ref], h5py.ref_dtype)
    others["regions"] = numpy.array([file["typed"].regionref[0:2]], h5py.regionref_dtype)
    others["lists"] = numpy.array([numpy.arange(2.0), numpy.arange(4.0)], h5py.vlen_dtype("f8"))
    others["table"] = numpy.array([(1, 2.5), (3, 4.5)], "i4,f4")
    others["booleans"] = numpy.array([True, False])
    others["integers"] = numpy.arange(7, dtype=">u2")
    others["long"] = long_doubles(0)
    others["null"] = h5py.Empty("f4")
    others["nothing"] = numpy.zeros((0, 4), "f4")
    others.create_dataset("zipped integers", data=numpy.arange(1000), chunks=(100,),
                          compression="gzip")
    compound = h5py.Datatype(h5t.py_create(numpy.dtype("i4,f4")).copy())
    compound.id.commit(others.id, b"a type")
    compound.attrs["of a type"] = 1
    create(others, "compact", ELEMENTS["float64be"], (), Storage(is_compact=True, track_times=True))


def write_zoo(path, k, libver="earliest", userblock=512):
    """The input number `k`: other weights, all else alike."""
    with h5py.File(path, "w", libver=libver, userblock_size=userblock, track_order=True) as file:
        _add_weights(file, k)
        _add_links(file, k)
        _add_others(file)
        _ordered_group(file, "ordered")
        for place in (file, file["net"], file["net/first"], file["net/zipped"]):
            add_attributes(file, place)
        for i in range(40):  # more than an object header holds: they go to an index of their own
            file["ordered"].attrs[f"attribute {i}"] = "x" * i
    if userblock:
        with open(path, "r+b") as file:
            file.write(b"#!/bin/sh\nexit 0\n" + bytes(range(200)))
    return path


def hard_links(file):
    """{path: address of the object} of everything that hard links lead to."""
    found = {}

    def walk(group, path, above):
        for name in group:
            if isinstance(group.get(name, getlink=True), h5py.HardLink):
                item = group[name]
                address = h5py.h5o.get_info(item.id).addr
                found[path + name] = address
                if isinstance(item, h5py.Group) and address not in above:
                    walk(item, f"{path}{name}/", {*above, address})
    walk(file, "", {h5py.h5o.get_info(file.id).addr})
    return found


def times_of(file):
    """{path: change time} of the datasets that track it."""
    times = {}
    for path in hard_links(file):
        if isinstance(file[path], h5py.Dataset):
            info = h5py.h5g.get_objinfo(file[path].id)
            times[path] = info.mtime
    return times
