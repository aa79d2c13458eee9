"""Elements of HDF5 datasets as bits, written and read in the file's own type: the library converts
nothing, so every type, byte order and bit pattern is what the test says.
"""
import functools
import zlib
from dataclasses import dataclass

import h5py
import numpy
from h5py import h5s, h5t

from element_samples import samples
from float_rounding import (BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FloatFormat, mean_of_columns)

INPUTS = 3


def _bfloat16_type(order):
    made = h5t.IEEE_F16LE.copy()
    made.set_fields(15, 7, 8, 0, 7)
    made.set_ebias(127)
    made.set_order(order)
    return made


def _complex_type(part):
    made = h5t.create(h5t.COMPOUND, 2 * part.get_size())
    made.insert(b"r", 0, part)
    made.insert(b"i", part.get_size(), part)
    return made


def _opaque_type():
    return h5t.py_create(numpy.dtype("V2"))


@dataclass(frozen=True)
class Element:
    """An element type: `parts` numbers of a format, in a byte order, in a type of the file."""
    name: str
    number: FloatFormat
    order: str
    parts: int
    make_type: object
    keras_dtype: str = ""  # the attribute that says what the opaque bytes are

    @property
    def bits_type(self):
        return numpy.dtype(f"{self.order}u{self.number.bytes}")


FLOAT_ELEMENTS = tuple(
    Element(f"{number.name}{suffix}", number, order, 1,
            lambda name=f"IEEE_F{number.bits}{suffix.upper()}": getattr(h5t, name))
    for number in (FLOAT16, FLOAT32, FLOAT64) for order, suffix in (("<", "le"), (">", "be")))
ELEMENTS = {element.name: element for element in (
    *FLOAT_ELEMENTS,
    Element("bfloat16le", BFLOAT16, "<", 1, lambda: _bfloat16_type(h5t.ORDER_LE)),
    Element("bfloat16be", BFLOAT16, ">", 1, lambda: _bfloat16_type(h5t.ORDER_BE)),
    Element("bfloat16keras", BFLOAT16, "<", 1, _opaque_type, "bfloat16"),
    Element("complex64", FLOAT32, "<", 2, lambda: _complex_type(h5t.IEEE_F32LE)),
    Element("complex128be", FLOAT64, ">", 2, lambda: _complex_type(h5t.IEEE_F64BE)))}


@functools.lru_cache(maxsize=None)
def pool(number):
    """Columns of hard elements: an array of bits, one row per input."""
    kinds = samples(number, INPUTS, 40, "hdf5").values()
    rows = [sum((kind[k] for kind in kinds), []) for k in range(INPUTS)]
    return numpy.array(rows, f"u{number.bytes}")


def bits_for(element, shape, name):
    """Bits for each input, in native order, the same for one name; a complex element's parts are
    a last dimension."""
    columns = pool(element.number)
    full = (*shape, element.parts) if element.parts > 1 else shape
    source = numpy.random.default_rng(zlib.crc32(name.encode()))
    chosen = source.integers(0, columns.shape[1], full)
    return [row[chosen] for row in columns]


def write(dataset, element, bits):
    """`bits` of all of an h5py dataset; no conversion."""
    stored = numpy.ascontiguousarray(bits, element.bits_type)
    if stored.size:
        dataset.id.write(h5s.ALL, h5s.ALL, _in_memory(stored, dataset), dataset.id.get_type())


def _in_memory(stored, dataset):
    """h5py wants as many elements as the dataset has; the bytes are what counts."""
    flat = stored.reshape(-1).view(f"V{dataset.id.get_type().get_size()}")
    return flat.reshape(dataset.shape)


def stored_bytes(dataset):
    """All elements as the file has them, an array of bytes: (elements, bytes of one)."""
    if dataset.shape is None or dataset.size == 0:
        return numpy.zeros((0, 1), "u1")
    found = numpy.zeros(dataset.shape, f"V{dataset.id.get_type().get_size()}")
    dataset.id.read(h5s.ALL, h5s.ALL, found, dataset.id.get_type())
    return found.reshape(-1).view("u1").reshape(dataset.size, -1)


def _float_format(type_id):
    """(format, order) of a float type, or None where polyak has no name for it."""
    if type_id.get_class() != h5t.FLOAT:
        return None
    order = {h5t.ORDER_LE: "<", h5t.ORDER_BE: ">"}.get(type_id.get_order())
    shape = (type_id.get_size(), type_id.get_fields()[1:], type_id.get_ebias())
    for number in (FLOAT16, BFLOAT16, FLOAT32, FLOAT64):
        mantissa = number.precision - 1
        exponent = number.bits - number.precision
        if shape == (number.bytes, (mantissa, exponent, 0, mantissa), (1 << exponent - 1) - 1):
            return number, order
    return None


def number_of(dataset):
    """(format, order) of what an average of this dataset averages; None: it is kept."""
    type_id = dataset.id.get_type()
    kind = type_id.get_class()
    if kind == h5t.COMPOUND and type_id.get_nmembers() == 2:
        names = [type_id.get_member_name(i) for i in range(2)]
        return _float_format(type_id.get_member_type(0)) if names == [b"r", b"i"] else None
    if kind == h5t.OPAQUE:
        is_keras = dataset.attrs.get("dtype") == "bfloat16" and type_id.get_size() == 2
        return (BFLOAT16, "<") if is_keras else None
    return _float_format(type_id)


def bits_of(dataset):
    """The bits of all numbers, in native order, in a row."""
    number, order = number_of(dataset)
    stored = stored_bytes(dataset).reshape(-1)
    return stored.view(f"{order}u{number.bytes}").astype(f"u{number.bytes}")


EXACT_COLUMNS = 6000


def exact_mean(rows, number, weights=None):
    """(places, bits): the exact mean of rows of bits. Where there are very many different columns,
    of a choice of places only."""
    table = numpy.stack(rows, axis=1)
    columns, places = numpy.unique(table, axis=0, return_inverse=True)
    if len(columns) > EXACT_COLUMNS:
        chosen = numpy.random.default_rng(1).choice(len(table), EXACT_COLUMNS, replace=False)
        _, bits = exact_mean([row[chosen] for row in rows], number, weights)
        return chosen, bits
    weights = tuple(weights or [1] * len(rows))
    means = [_mean(tuple(column), weights, number) for column in columns.tolist()]
    bits = numpy.array(means, f"u{number.bytes}")
    return numpy.arange(len(table)), bits[places.reshape(-1)] if len(table) else bits


@functools.lru_cache(maxsize=200000)
def _mean(column, weights, number):
    return mean_of_columns([[bits] for bits in column], weights, number)[0]


def datasets_of(group):
    """{path: dataset}: each under the first of its names only, as visititems gives it."""
    found = {}
    group.visititems(lambda name, item: found.update({name: item})
                     if isinstance(item, h5py.Dataset) else None)
    return found


def assert_mean(test, datasets, found, label, weights=None):
    """That an h5py dataset holds the exact mean of others."""
    number, _ = number_of(found)
    rows = [bits_of(dataset) for dataset in datasets]
    places, expected = exact_mean(rows, number, weights)
    actual = bits_of(found)
    test.assertEqual(len(actual), len(rows[0]), label)
    wrong = numpy.flatnonzero(actual[places] != expected)
    if wrong.size:
        place = places[wrong[0]]
        given = [hex(row[place]) for row in rows]
        test.fail(f"{label}[{place}] ({number.name}) of {given}: found {actual[place]:#x}, exactly "
                  f"{expected[wrong[0]]:#x}; {wrong.size} of {len(places)} are wrong")


def assert_same(test, expected, found, label):
    """Of a kept dataset. What a reference leads to, and lists, by what h5py makes of them."""
    test.assertEqual(found.shape, expected.shape, label)
    if found.dtype.kind != "O" or not found.size:
        numpy.testing.assert_array_equal(stored_bytes(found), stored_bytes(expected), label)
        return
    is_reference = h5py.check_ref_dtype(found.dtype) is not None

    def readable(dataset):
        return [dataset.file[item].name if is_reference else
                item if isinstance(item, bytes) else list(item)
                for item in dataset[()].reshape(-1)] if dataset.shape else dataset[()]
    test.assertEqual(readable(found), readable(expected), label)
