"""Hostile HDF5, made by h5py and by changing bytes of what it made."""
import zlib

import h5py
import numpy

from corpus import accepted, refused, rows_of

ARRAY = numpy.arange(16, dtype="<f4").reshape(4, 4) * 2


def array(k):
    return ARRAY + 4 * k


def file_of(fill, name="m.h5", **options):
    """A row's `make`: fill(file, k) does what is odd, beside one good dataset."""
    def make(folder, k):
        folder.mkdir(parents=True, exist_ok=True)
        with h5py.File(folder / name, "w", **options) as file:
            file["w"] = array(k)
            fill(file, k)
        return folder / name
    return make


def good(folder):
    return file_of(lambda file, k: None, "good.h5")(folder, 1)


def changed(change, fill=lambda file, k: None, **options):
    """A row's `make` of a file whose bytes are changed."""
    def make(folder, k):
        path = file_of(fill, **options)(folder, k)
        path.write_bytes(change(path.read_bytes()))
        return path
    return make


def dataset(shape, dtype="<f4", name="odd", **options):
    return lambda file, k: file.create_dataset(name, shape, dtype, **options)


def virtual(file, k):
    layout = h5py.VirtualLayout((4,), "<f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "w", (4,))
    file.create_virtual_dataset("odd", layout)


def virtual_of_itself(file, k):
    layout = h5py.VirtualLayout((4, 4), "<f4")
    layout[:] = h5py.VirtualSource(".", "odd", (4, 4))
    file.create_virtual_dataset("odd", layout)


def soft_links(file, k):
    file["loop"] = h5py.SoftLink("/loop")
    file["dangling"] = h5py.SoftLink("/nowhere/at/all")
    file["up"] = h5py.SoftLink("../../../etc/passwd")


def cycle(file, k):
    file["a/b/w"] = array(k)
    file["a/b/again"] = file["a"]
    file["a/root"] = file["/"]


def deep(file, k):
    place = file
    for _ in range(5000):
        place = place.create_group("g")
    place["w"] = array(k)


def deflated_zeros(size):
    """A zlib stream of zeros: one block many times over, and the checksum that they have."""
    piece = 1 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(piece)) + packer.flush(zlib.Z_FULL_FLUSH)
    return (b"\x78\xda" + block * (size // piece) + b"\x03\x00"
            + (1 | size % 65521 << 16).to_bytes(4, "big"))


def raw_chunk(shape, chunk, content, filters=((1, (6,)),), dtype=h5py.h5t.IEEE_F32LE):
    """A dataset whose first chunk has this content, whatever its filters would make of it."""
    def fill(file, k):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(chunk)
        for number, parameters in filters:
            plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, parameters)
        made = h5py.h5d.create(file.id, b"odd", dtype, h5py.h5s.create_simple(shape), plist)
        made.write_direct_chunk((0,) * len(shape), content)
    return fill


def typed(dtype, value):
    return lambda file, k: file.create_dataset("odd", data=value(k), dtype=dtype)


def attribute(name, value):
    def fill(file, k):
        file.attrs["keras_version"] = "3.9.0"
        file.attrs[name] = value
    return fill


def patched(old, new):
    def change(data):
        assert data.count(old) == 1, data.count(old)
        return data.replace(old, new)
    return change


def with_number(old, new):
    """Another number in the place of all that are this one."""
    def change(data):
        before, after = old.to_bytes(8, "little"), new.to_bytes(8, "little")
        assert before in data
        return data.replace(before, after)
    return change


def overlapping(folder, k):
    """The data of a second dataset moved to begin inside of the first one's."""
    path = file_of(lambda file, k: file.create_dataset("v", data=array(k)))(folder, k)
    with h5py.File(path, "r") as file:
        first, second = file["w"].id.get_offset(), file["v"].id.get_offset()
    path.write_bytes(with_number(second, first + 32)(path.read_bytes()))
    return path


def over_structure(folder, k):
    """The data moved over the superblock, which averaging would write over."""
    path = file_of(lambda file, k: None)(folder, k)
    with h5py.File(path, "r") as file:
        place = file["w"].id.get_offset()
    path.write_bytes(with_number(place, 0)(path.read_bytes()))
    return path


def assert_means(test, inputs, output):
    """Every dataset of floats that the output has is the mean; soft links lead where they did."""
    files = [h5py.File(path, "r") for path in (*inputs, output)]
    counted = 0
    for name in ("w", "a/b/w", "odd", "other", "alias"):
        if name in files[2] and files[2][name].dtype.kind == "f":
            arrays = [file[name][()] for file in files]
            numpy.testing.assert_array_equal(arrays[2], (arrays[0] + arrays[1]) / 2, name)
            counted += 1
    test.assertGreater(counted, 0)
    for name in ("loop", "dangling", "up"):
        link = files[1].get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            test.assertEqual(files[2].get(name, getlink=True).path, link.path)


def sometimes_written(file, k):
    made = file.create_dataset("odd", (4, 4), "<f4", fillvalue=6)
    if k:
        made[()] = array(k)


def user_defined(data):
    """The type of the external link made one that nobody has registered."""
    place = data.index(b"away")
    assert data[place - 2] == 64 or data[place - 6] == 64, data[place - 12:place]
    at = place - 2 if data[place - 2] == 64 else place - 6
    return data[:at] + b"\x80" + data[at + 1:]


def external_link(file, k):
    file["away"] = h5py.ExternalLink("/etc/passwd", "/w")


FLETCHER, LZF = (3, ()), (32000, (4, 0, 64))
DAMAGED = "(damaged|hostile|truncated|HDF5|library|corrupt)"

ROWS = rows_of(
    good,
    refused("hdf5 external storage", "CVE-2026-1669: /etc/passwd as a dataset",
            file_of(dataset((4,), external=[("/etc/passwd", 0, 16)])), "odd: .*other files", 0),
    refused("hdf5 external link", "CVE-2026-1669: to another file", file_of(external_link),
            "away: .*another file", 0),
    refused("hdf5 virtual dataset", "of another file", file_of(virtual), "odd: .*virtual", 0),
    refused("hdf5 virtual dataset of itself", "never ends", file_of(virtual_of_itself),
            "odd: .*virtual", 0),
    refused("hdf5 nesting 5000", "groups in groups: the library's own walk crashes",
            file_of(deep), "64|deep"),
    refused("hdf5 dims that wrap", "2^32 x 2^32 x 3 elements",
            file_of(dataset((1 << 32, 1 << 32, 3), chunks=(1, 1, 1))),
            "odd: the product of the dimensions"),
    refused("hdf5 dims without storage", "CVE-2026-0897: 2^30 x 2^30 elements in 2 KB",
            file_of(dataset((1 << 30, 1 << 30))), "odd: .*(claims|large)", 0),
    refused("hdf5 chunked dims without storage", "CVE-2026-0897, in chunks",
            file_of(dataset((1 << 31, 1 << 31), chunks=(1 << 10, 1 << 10), compression="gzip")),
            "odd: .*(claims|large|places)"),
    refused("hdf5 chunk of 2 GiB", "of zeros, in a file of 2 MB",
            file_of(raw_chunk((1 << 29,), (1 << 29,), deflated_zeros(1 << 31))),
            "(odd: .*|memory)", 0),
    refused("hdf5 deflate bomb", "a chunk that unpacks to more than a chunk has",
            file_of(raw_chunk((256,), (256,), deflated_zeros(1 << 26))), "odd: .*chunk"),
    refused("hdf5 deflate bomb, small", "to a hundred times what it should",
            file_of(raw_chunk((256,), (256,), zlib.compress(bytes(102400)))), "odd: .*", 0),
    refused("hdf5 no deflate", "a chunk of random bytes",
            file_of(raw_chunk((256,), (256,), bytes(range(256)))), "odd: .*", 0),
    refused("hdf5 wrong fletcher32", "a chunk with a wrong checksum",
            file_of(raw_chunk((256,), (256,), bytes(1024) + b"\1\2\3\4", (FLETCHER,))),
            "odd: .*checksum", 0),
    refused("hdf5 lzf out of bounds", "a copy from before the start",
            file_of(raw_chunk((256,), (256,), b"\xff\xff\xff\xff" * 8, (LZF,))), "odd: .*", 0),
    refused("hdf5 chunk of the wrong size", "12 bytes for 1024",
            file_of(raw_chunk((256,), (256,), bytes(12), ())), "odd: .*wrong size"),
    refused("hdf5 unknown filter", "a plugin's: nothing is searched, nothing loaded",
            file_of(raw_chunk((256,), (256,), bytes(12), ((499, (1, 2, 3)),))), "odd: .*499", 0),
    refused("hdf5 100 filter parameters", "of an unknown filter",
            file_of(raw_chunk((256,), (256,), bytes(12), ((65000, tuple(range(100))),))),
            "odd: .*65000", 0),
    refused("hdf5 data over data", "two datasets that share 32 of their bytes", overlapping,
            "overlap"),
    refused("hdf5 data over structure", "averaging would write over the superblock",
            over_structure, "its data lies over the structure"),
    refused("hdf5 data past the end", "beyond the file's last byte",
            lambda folder, k: moved_out(folder, k), "(outside|past|" + DAMAGED + ")"),
    refused("hdf5 cut off", "the first half", changed(lambda data: data[:len(data) // 2]),
            "truncated"),
    refused("hdf5 signature alone", "8 bytes", changed(lambda data: data[:8]), DAMAGED),
    refused("hdf5 superblock alone", "96 bytes", changed(lambda data: data[:96]), DAMAGED),
    refused("hdf5 superblock of version 255", "unknown",
            changed(lambda data: data[:8] + b"\xff" + data[9:]), DAMAGED),
    refused("hdf5 wrong checksum", "of a superblock of version 3",
            changed(lambda data: data[:44] + bytes(4) + data[48:], libver="latest"), DAMAGED),
    refused("hdf5 addresses of ones", "all addresses of the root group undefined",
            changed(lambda data: data[:64] + b"\xff" * 32 + data[96:]), DAMAGED),
    refused("hdf5 bytes of ones", "every byte behind the superblock",
            changed(lambda data: data[:96] + b"\xff" * (len(data) - 96)), DAMAGED),
    accepted("hdf5 soft links", "a loop, one that dangles, one that leads up: not followed",
             file_of(soft_links), assert_means),
    accepted("hdf5 hard-link cycle", "groups that hold themselves", file_of(cycle), assert_means),
    accepted("hdf5 hard link", "one dataset under two names: averaged once", file_of(
        lambda file, k: file.__setitem__("alias", file["w"])), assert_means),
    accepted("hdf5 user-defined link", "of an unknown kind: not followed",
             changed(user_defined, external_link), assert_means),
    accepted("hdf5 never written", "all elements are the fill value", file_of(sometimes_written),
             assert_means),
    accepted("hdf5 variable length", "kept", file_of(typed(
        h5py.vlen_dtype("<f4"), lambda k: numpy.array([numpy.ones(2, "f4"), numpy.ones(3, "f4")],
                                                      object))), assert_means),
    accepted("hdf5 references", "kept", file_of(
        lambda file, k: file.create_dataset("odd", data=file["w"].ref, dtype=h5py.ref_dtype)),
        assert_means),
    accepted("hdf5 compound", "kept where equal", file_of(typed(
        None, lambda k: numpy.array([(1, 2.5)], "i4,f4"))), assert_means),
    accepted("hdf5 opaque", "kept where equal", file_of(typed(
        None, lambda k: numpy.array([b"\1\2\3"]).view("V3"))), assert_means),
    accepted("hdf5 config of 60,000 brackets", "JSON nested deep in an attribute: tells nothing",
             file_of(attribute("model_config", "[" * 60000)), assert_means, warning="too deep"),
    accepted("hdf5 Lambda in the configuration", "CVE-2025-9905: its code is never run", file_of(
        attribute("model_config", '{"class_name": "Lambda", "config": {"function": "x"}}')),
        assert_means),
    accepted("hdf5 name with escapes", "ESC and newline: kept, printed escaped", file_of(
        lambda file, k: file.create_dataset("\x1b[2J\n\x9b", data=array(k))), assert_means),
)


def moved_out(folder, k):
    path = file_of(lambda file, k: None)(folder, k)
    with h5py.File(path, "r") as file:
        place = file["w"].id.get_offset()
    path.write_bytes(with_number(place, 1 << 40)(path.read_bytes()))
    return path
