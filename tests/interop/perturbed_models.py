"""A second checkpoint out of a first one, and the average of the two checked element by element."""
import json
import random

import model_tensors
from float_rounding import mean_of_columns
from polyak_runner import run

AVERAGED_ROLES = ("parameter", "running statistic")


def averaged_names(path):
    """The float tensors that polyak takes for weights."""
    result = run("inspect", path, "--json")
    assert result.status == 0, result.stderr
    floats = ("float16", "bfloat16", "float32", "float64")
    return {tensor["name"] for tensor in json.loads(result.stdout)["tensors"]
            if tensor["role"] in AVERAGED_ROLES and tensor["dtype"] in floats
            and tensor["readable"]}


def _moved(bits, number, source, flipped):
    """Finite bits near these: some steps up or down, and a share with the other sign."""
    if not number.is_finite(bits):
        return bits
    magnitude = bits & (number.sign_bit - 1)
    magnitude = min(max(magnitude + source.randrange(-1000, 1001), 0), number.largest)
    sign = number.sign_bit if source.random() < flipped else 0
    return magnitude | (bits & number.sign_bit ^ sign)


def perturb(model, names, seed, flipped=0.01):
    """Changes the elements of the tensors with these names. Returns the names that were found."""
    source = random.Random(seed)
    found = set()
    for floats in model_tensors.all_floats(model):
        if floats.name not in names:
            continue
        found.add(floats.name)
        floats.change([_moved(bits, floats.number, source, flipped) for bits in floats.bits])
    return found


def assert_mean(test, inputs, output, averaged, folders=None):
    """`output` (a model) has the mean of `inputs` in the tensors named in `averaged`, and what the
    last input has in all others; folders hold external data, the output's last."""
    folders = folders or [None] * (len(inputs) + 1)
    given = [model_tensors.floats_by_name(model, folder)
             for model, folder in zip(inputs, folders)]
    found = model_tensors.floats_by_name(output, folders[-1])
    test.assertEqual(found.keys(), given[-1].keys())
    test.assertLessEqual(set(averaged), found.keys())
    for name, floats in found.items():
        expected = given[-1][name].bits
        if name in averaged:
            rows = [tensors[name].bits for tensors in given]
            expected = mean_of_distinct(rows, floats.number)
        test.assertEqual(floats.bits == expected, True, f"{name} isn't the mean")


def mean_of_distinct(rows, number):
    """mean_of_columns with equal weights; a column that occurs again isn't computed again."""
    columns = list(zip(*rows))
    distinct = sorted(set(columns))
    means = mean_of_columns(list(zip(*distinct)), [1] * len(rows), number) if distinct else []
    by_column = dict(zip(distinct, means))
    return [by_column[column] for column in columns]
