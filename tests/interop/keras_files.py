"""Keras files as its source says that it writes them: for what no real file was found of."""
import json
import zipfile

import h5py
import numpy

WEIGHTS_MEMBER = "model.weights.h5"


def values(k, name, shape, kind="f4"):
    """Weights of the checkpoint number `k`: others for every one."""
    source = numpy.random.default_rng([k, *name.encode()])
    return source.standard_normal(shape).astype(kind)


def layer_config(class_name, name, policy="float32", **config):
    return {"module": "keras.layers", "class_name": class_name,
            "config": {"name": name, "dtype": policy, **config}, "registered_name": None}


def quantized_policy(mode, source="float32"):
    return {"module": "keras", "class_name": "QuantizedDTypePolicy",
            "config": {"mode": mode, "source_name": source}, "registered_name": None}


def model_config(*layers, name="sequential"):
    return {"module": "keras", "class_name": "Sequential",
            "config": {"name": name, "trainable": True, "layers": list(layers)},
            "registered_name": None}


def put(group, path, value, dtype=None, **options):
    """A variable; bfloat16 is two opaque bytes and an attribute, as Keras does it."""
    dataset = group.create_dataset(path, data=value, **options)
    if dtype is not None:
        dataset.attrs["dtype"] = dtype
    return dataset


def write_weights(path, variables, **options):
    """A .weights.h5: {"layers/dense": [values of vars/0, vars/1, ...]}. An empty list is a layer
    without variables."""
    with h5py.File(path, "w") as file:
        for layer, arrays in variables.items():
            group = file.create_group(f"{layer}/vars")
            group.attrs["name"] = layer.rpartition("/")[2]
            for i, value in enumerate(arrays):
                if isinstance(value, numpy.ndarray) and value.dtype.kind == "V":
                    put(group, str(i), value, "bfloat16")
                else:
                    put(group, str(i), value, **(options if numpy.ndim(value) == 2 else {}))
    return path


def bfloat16(array):
    """The upper halves of float32."""
    return (array.astype("f4").view("u4") >> 16).astype("u2").view("V2")


def pack(path, weights, config, compression=zipfile.ZIP_STORED, force_zip64=False, extra=(),
         member=WEIGHTS_MEMBER):
    """A .keras archive of a .weights.h5."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        metadata = {"keras_version": "3.9.0", "date_saved": "2025-03-07@18:13:27"}
        for name, text in (("metadata.json", json.dumps(metadata)),
                           ("config.json", json.dumps(config))):
            archive.writestr(name, text)
        with archive.open(member, "w", force_zip64=force_zip64) as out:
            out.write(weights.read_bytes())
        for name, data in extra:
            archive.writestr(name, data)
    return path


def unpack(path, to):
    """The HDF5 member, in a file of its own."""
    with zipfile.ZipFile(path) as archive:
        to.write_bytes(archive.read(WEIGHTS_MEMBER))
    return to


def write_legacy(path, layers, at="", optimizer=None, split=0, config=None, keras_version="2.15.0"):
    """A legacy .h5: `layers` are (name, [(weight's name, values)]); `at` is "model_weights" in a
    whole model. With `split`, lists of names come in parts of so many, as Keras does where they
    don't fit into one attribute."""
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        if keras_version:
            file.attrs["keras_version"] = keras_version
            file.attrs["backend"] = "tensorflow"
        group = file.create_group(at) if at else file
        write_legacy_group(group, layers, split)
        if keras_version and at:
            group.attrs["keras_version"] = keras_version
            group.attrs["backend"] = "tensorflow"
        if optimizer is not None:
            place = file.create_group("optimizer_weights")
            save_names(place, "weight_names", [name for name, _ in optimizer], split)
            for name, value in optimizer:
                place[name] = value
    return path


def write_legacy_group(group, layers, split=0):
    save_names(group, "layer_names", [name for name, _ in layers], split)
    for name, weights in layers:
        place = group.create_group(name)
        save_names(place, "weight_names", [weight for weight, _ in weights], split)
        for weight, value in weights:
            place[weight] = value


def save_names(group, attribute, names, split):
    encoded = numpy.array([name.encode() for name in names]) if names else numpy.zeros(0)
    if not split:
        group.attrs[attribute] = encoded
        return
    for i in range(0, max(1, len(names)), split):
        group.attrs[f"{attribute}{i // split}"] = encoded[i:i + split]


def load_names(group, attribute):
    """As Keras's load_attributes_from_hdf5_group does."""
    if attribute in group.attrs:
        found = list(group.attrs[attribute])
    else:
        found, i = [], 0
        while f"{attribute}{i}" in group.attrs:
            found += list(group.attrs[f"{attribute}{i}"])
            i += 1
    return [name.decode() if isinstance(name, bytes) else name for name in found]


def legacy_order(file):
    """Paths of all weights in the order in which Keras's legacy loader takes them."""
    group = file["model_weights"] if "model_weights" in file else file
    paths = []
    for layer in load_names(group, "layer_names"):
        paths += [f"{group.name}/{layer}/{weight}".lstrip("/")
                  for weight in load_names(group[layer], "weight_names")]
    if "top_level_model_weights" in group:
        place = group["top_level_model_weights"]
        paths += [f"{place.name}/{weight}".lstrip("/")
                  for weight in load_names(place, "weight_names")]
    return paths


def write_shards(folder, name, shards, weight_map):
    """A .weights.json and its files: `shards` are dictionaries for write_weights."""
    folder.mkdir(exist_ok=True)
    total = 0
    for i, variables in enumerate(shards):
        write_weights(folder / f"{name}_{i:05}.weights.h5", variables)
        total += sum(numpy.asarray(value).nbytes for arrays in variables.values()
                     for value in arrays)
    document = {"metadata": {"total_size": total}, "weight_map": weight_map}
    path = folder / f"{name}.weights.json"
    path.write_text(json.dumps(document, indent=4))
    return path
