"""HDF5 files by h5py's low-level calls: every layout, kind of index, filter and byte of a file that
nobody planned for.
"""
from dataclasses import dataclass, field

import h5py
import numpy
from h5py import h5d, h5p, h5s, h5z

import hdf5_elements
from hdf5_elements import ELEMENTS, INPUTS

# The library's bounds, and the superblock that they make.
VERSIONS = {"earliest": ("earliest", 0), "v108": (("v108", "v108"), 2), "latest": ("latest", 3)}

LZF, SZIP_EC, SZIP_NN = h5z.FILTER_LZF, h5z.SZIP_EC_OPTION_MASK, h5z.SZIP_NN_OPTION_MASK
FILTERS = {
    "none": lambda plist: None,
    "gzip1": lambda plist: plist.set_deflate(1),
    "gzip9": lambda plist: plist.set_deflate(9),
    "gzip0": lambda plist: plist.set_deflate(0),
    "shuffle": lambda plist: plist.set_shuffle(),
    "shuffle_gzip": lambda plist: (plist.set_shuffle(), plist.set_deflate(4)),
    "fletcher": lambda plist: plist.set_fletcher32(),
    "shuffle_gzip_fletcher": lambda plist: (plist.set_shuffle(), plist.set_deflate(6),
                                            plist.set_fletcher32()),
    "fletcher_gzip": lambda plist: (plist.set_fletcher32(), plist.set_deflate(3)),
    "lzf": lambda plist: plist.set_filter(LZF, h5z.FLAG_OPTIONAL),
    "shuffle_lzf_fletcher": lambda plist: (
        plist.set_shuffle(), plist.set_filter(LZF, h5z.FLAG_OPTIONAL), plist.set_fletcher32()),
    "szip_nn": lambda plist: plist.set_szip(SZIP_NN, 8),
    "szip_ec": lambda plist: plist.set_szip(SZIP_EC, 16),
    "nbit": lambda plist: plist.set_filter(h5z.FILTER_NBIT, h5z.FLAG_OPTIONAL),
}


@dataclass
class Storage:
    """How a dataset is stored; what isn't said is the library's default."""
    chunks: tuple = None
    maxshape: tuple = None
    filters: str = "none"
    is_compact: bool = False
    alloc: int = None
    fill: bytes = None
    fill_time: int = None
    track_times: bool = False
    is_null: bool = False


@dataclass
class Case:
    """A dataset for all inputs. `written`: which inputs write it (all elements); `part`: a slice
    that they write instead."""
    name: str
    element: str
    shape: tuple
    storage: Storage = field(default_factory=Storage)
    written: tuple = (True,) * INPUTS
    part: tuple = None


def creation_properties(storage, element):
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_obj_track_times(storage.track_times)
    if storage.chunks is not None:
        plist.set_chunk(storage.chunks)
        FILTERS[storage.filters](plist)
    if storage.is_compact:
        plist.set_layout(h5d.COMPACT)
    if storage.alloc is not None:
        plist.set_alloc_time(storage.alloc)
    if storage.fill_time is not None:
        plist.set_fill_time(storage.fill_time)
    if storage.fill is not None:
        kind = f"{element.order}f{element.number.bytes}"
        plist.set_fill_value(numpy.array(storage.fill, kind))
    return plist


def create(group, name, element, shape, storage):
    """An h5py dataset without values; its parents are made."""
    parent, _, last = name.rpartition("/")
    group = group.require_group(parent) if parent else group
    if storage.is_null:
        space = h5s.create(h5s.NULL)
    else:
        unlimited = tuple(h5s.UNLIMITED if n is None else n for n in storage.maxshape or shape)
        space = h5s.create_simple(shape, unlimited) if shape else h5s.create(h5s.SCALAR)
    made = h5d.create(group.id, last.encode(), element.make_type(), space,
                      creation_properties(storage, element))
    dataset = h5py.Dataset(made)
    if element.keras_dtype:
        dataset.attrs["dtype"] = element.keras_dtype
    return dataset


def write_part(dataset, element, bits, part):
    """A hyperslab of it, of the file's own type."""
    chosen = numpy.ascontiguousarray(bits[part], element.bits_type)
    file_space = dataset.id.get_space()
    start = tuple(s.start for s in part)
    file_space.select_hyperslab(start, chosen.shape)
    memory = chosen.view(f"V{element.number.bytes}")
    dataset.id.write(h5s.create_simple(chosen.shape), file_space, memory, dataset.id.get_type())


def write_input(path, cases, k, version="earliest", userblock=0, same_as=None):
    """The input number `k`; with `same_as`, its values are that input's."""
    libver, _ = VERSIONS[version]
    options = {"userblock_size": userblock} if userblock else {}
    with h5py.File(path, "w", libver=libver, **options) as file:
        for case in cases:
            element = ELEMENTS[case.element]
            dataset = create(file, case.name, element, case.shape, case.storage)
            if case.storage.is_null or not case.written[k]:
                continue
            bits = hdf5_elements.bits_for(element, case.shape, case.name)[
                k if same_as is None else same_as]
            if case.part is None:
                hdf5_elements.write(dataset, element, bits)
            else:
                write_part(dataset, element, bits, case.part)
    if userblock:
        with open(path, "r+b") as file:
            file.write(bytes(range(256)) * (userblock // 256))
    return path


def superblock_of(path, userblock=0):
    with open(path, "rb") as file:
        file.seek(userblock)
        head = file.read(9)
    assert head[:8] == b"\x89HDF\r\n\x1a\n", head
    return head[8]


def contiguous_cases():
    for element in ELEMENTS:
        for shape in ((), (7,), (3, 5, 2), (40, 33), (0, 3)):
            yield Case(f"contiguous/{element}/{'x'.join(map(str, shape)) or 'scalar'}", element,
                       shape)
        yield Case(f"early/{element}", element, (6, 7), Storage(alloc=h5d.ALLOC_TIME_EARLY))
    yield Case("null", "float32le", (), Storage(is_null=True))


def compact_cases():
    for element in ELEMENTS:
        for shape in ((), (9,), (5, 6)):
            yield Case(f"compact/{element}/{'x'.join(map(str, shape)) or 'scalar'}", element, shape,
                       Storage(is_compact=True))
    yield Case("compact/full", "float64le", (8000,), Storage(is_compact=True))


# With the newest format a name's index is what it says; with the oldest all are one B-tree.
INDEXES = {
    "single chunk": lambda filters: Storage((12, 9), filters=filters),
    "fixed array": lambda filters: Storage((5, 4), filters=filters),
    "extensible array": lambda filters: Storage((5, 4), (None, 9), filters),
    "B-tree": lambda filters: Storage((5, 4), (None, None), filters),
}


def chunked_cases():
    for element in ELEMENTS:
        for index, storage in INDEXES.items():
            for filters in ("none", "shuffle_gzip"):
                yield Case(f"{index}/{filters}/{element}", element, (12, 9), storage(filters))
        yield Case(f"implicit/{element}", element, (12, 9),
                   Storage((5, 4), alloc=h5d.ALLOC_TIME_EARLY))
    many = (4000,)
    for filters in ("none", "gzip1"):
        yield Case(f"many/fixed/{filters}", "float32le", many, Storage((3,), filters=filters))
        yield Case(f"many/extensible/{filters}", "float32le", many, Storage((3,), (None,), filters))


def can_code(filters, element):
    """What the library can write: szip codes integers and floats of some sizes."""
    is_plain = element.parts == 1 and not element.keras_dtype
    return is_plain or not filters.startswith(("szip", "nbit"))


def filtered_cases():
    for name, element in ELEMENTS.items():
        for filters in FILTERS:
            if can_code(filters, element):
                yield Case(f"{filters}/{name}", name, (21, 34), Storage((8, 16), filters=filters))


def ranked_cases():
    shapes = {(37,): (10,), (9, 11): (4, 3), (5, 6, 7): (2, 6, 4), (3, 4, 5, 6): (2, 3, 2, 4),
              (2, 3, 4, 3, 2): (1, 2, 3, 2, 2), (3, 3): (3, 3), (4, 200): (1, 200),
              (200, 4): (64, 1)}
    for shape, chunks in shapes.items():
        for filters in ("none", "gzip1", "shuffle_gzip_fletcher"):
            name = f"{filters}/{'x'.join(map(str, shape))}"
            yield Case(name, "float32le", shape, Storage(chunks, filters=filters))


def unwritten_cases():
    """Datasets, and chunks, that were never written in some of the inputs."""
    choices = {"nowhere": (False, False, False), "first": (True, False, False),
               "last": (False, False, True), "two": (True, True, False)}
    for element in ("float32le", "float64be", "float16le"):
        for fill in (None, 1.5):
            for label, written in choices.items():
                name = f"{element}/{fill}/{label}"
                kinds = {"contiguous": Storage(fill=fill),
                         "chunked": Storage((5, 4), fill=fill),
                         "gzip": Storage((5, 4), filters="shuffle_gzip", fill=fill),
                         "extensible": Storage((5, 4), (None, 9), "gzip1", fill=fill)}
                for kind, storage in kinds.items():
                    yield Case(f"{kind}/{name}", element, (12, 9), storage, written)
                    yield Case(f"partly {kind}/{name}", element, (12, 9), storage, written,
                               (slice(5, 11), slice(0, 6)))


FAMILIES = {"contiguous": contiguous_cases, "compact": compact_cases, "chunked": chunked_cases,
            "filtered": filtered_cases, "ranked": ranked_cases, "unwritten": unwritten_cases}
