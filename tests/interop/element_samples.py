"""Elements that are hard to average: one column per element, one row per checkpoint."""
import random


def _finite(random_source, number):
    while True:
        bits = random_source.getrandbits(number.bits)
        if number.is_finite(bits):
            return bits


def _neighbours(random_source, number, inputs):
    """Two values next to each other: with an even split their mean is a tie."""
    low = random_source.randrange(number.largest)
    sign = random_source.choice((0, number.sign_bit))
    return [(low + k % 2) | sign for k in range(inputs)]


def _almost_ties(random_source, number, inputs):
    """A tie that something tiny in another input decides."""
    column = _neighbours(random_source, number, inputs)
    column[-1] = random_source.choice((1, number.sign_bit | 1, 2, number.sign_bit))
    return column


def _cancelling(random_source, number, inputs):
    """Pairs x, -x, and a rest that only exact sums keep."""
    column = []
    for _ in range(inputs // 2):
        large = random_source.randrange(number.largest // 2, number.largest + 1)
        column += [large, large | number.sign_bit]
    column += [_finite(random_source, number)] * (inputs - len(column))
    if inputs > 3:
        column[0] = (column[0] - 1) if random_source.random() < 0.5 else column[0]
    random_source.shuffle(column)
    return column


def _subnormals(random_source, number, inputs):
    least_normal = 1 << (number.precision - 1)
    return [random_source.randrange(least_normal + 2) |
            random_source.choice((0, number.sign_bit)) for _ in range(inputs)]


def _zeros(random_source, number, inputs):
    return [random_source.choice((0, number.sign_bit, number.sign_bit, number.sign_bit, 1))
            for _ in range(inputs)]


def _wide(random_source, number, inputs):
    """From the smallest number to the largest in one column."""
    ends = (1, 2, number.largest, number.largest - 1, 1 << (number.precision - 1))
    return [random_source.choice(ends) | random_source.choice((0, number.sign_bit))
            for _ in range(inputs)]


def _overflowing(random_source, number, inputs):
    """The sum passes the range, the mean doesn't."""
    sign = random_source.choice((0, number.sign_bit))
    return [(number.largest - random_source.randrange(4)) | sign for _ in range(inputs)]


def _close(random_source, number, inputs):
    """Like weights of one run: the same sign and about the same size."""
    centre = random_source.randrange(64, number.largest - 64)
    return [centre + random_source.randrange(-64, 64) for _ in range(inputs)]


def _equal(random_source, number, inputs):
    return [_finite(random_source, number)] * inputs


KINDS = {
    "any bits": lambda source, number, inputs: [_finite(source, number) for _ in range(inputs)],
    "neighbours": _neighbours,
    "almost ties": _almost_ties,
    "cancelling": _cancelling,
    "subnormals": _subnormals,
    "zeros": _zeros,
    "wide": _wide,
    "overflowing": _overflowing,
    "close": _close,
    "equal": _equal,
}


def samples(number, inputs, per_kind, seed):
    """{kind: [row of bits per checkpoint]}: finite bits only."""
    source = random.Random(f"{seed} {number.name} {inputs}")
    rows = {}
    for kind, column in KINDS.items():
        columns = [column(source, number, inputs) for _ in range(per_kind)]
        rows[kind] = [list(row) for row in zip(*columns)]
    return rows
