"""Small checkpoints that between them use what polyak knows of each format: for mutants to start
from. write_seeds(folder) makes FORMAT/SEED/a and b, two of the same tensors, with m.* in each.
"""
import json
import pathlib
import shutil
import sys

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import keras_files  # noqa: E402
import onnx_models  # noqa: E402
from float_rounding import BFLOAT16, FLOAT16, FLOAT32, FLOAT64  # noqa: E402

LIBVERS = {"old": "earliest", "new": ("latest", "latest")}


def array(k, *shape, dtype="<f4"):
    return (numpy.arange(numpy.prod(shape), dtype="f8").reshape(shape) * 0.5 + k).astype(dtype)


def storages(file, k):
    """Every way in which a payload may lie."""
    file["net/contiguous"] = array(k, 5, 4)
    file["net/big"] = array(k, 7, dtype=">f8")
    file["net/half"] = array(k, 3, dtype="<f2")
    file["alias"] = file["net/contiguous"]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    made = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE,
                           h5py.h5s.create_simple((6,)), plist)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, array(k, 6))
    file.create_dataset("unwritten", (4,), "<f4")
    for i, options in enumerate(({}, {"compression": 6, "shuffle": True}, {"fletcher32": True},
                                 {"compression": "lzf"})):
        file.create_dataset(f"chunked/{i}", data=array(k, 9, 10), chunks=(4, 4), **options)
    file.create_dataset("grows", data=array(k, 6, 6), chunks=(2, 3), maxshape=(None, None),
                        compression=1)
    file.create_dataset("grows in one", data=array(k, 40), chunks=(8,), maxshape=(None,))
    file["text"] = "words"
    file["step"] = numpy.int64(100)
    file["net"].attrs["name"] = "net"
    file["soft"] = h5py.SoftLink("/net/half")


def by_library(file, k):
    """Filters that only the library has, which the helper codes."""
    file["w"] = array(k, 8)
    file.create_dataset("scaled", data=array(k, 16, 4), chunks=(8, 4), scaleoffset=4)
    if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
        file.create_dataset("szip", data=array(k, 32, 8), chunks=(16, 8), compression="szip")
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((8,))
    plist.set_filter(h5py.h5z.FILTER_NBIT, 0)
    made = h5py.h5d.create(file.id, b"nbit", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((16,)),
                           plist)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, array(k, 16))


def hdf5(fill, **options):
    def make(folder, k):
        with h5py.File(folder / "m.h5", "w", **options) as file:
            fill(file, k)
    return make


CONFIG = keras_files.model_config(keras_files.layer_config("Dense", "dense", units=3),
                                  keras_files.layer_config("BatchNormalization", "bn"))


def variables(k):
    return {"layers/dense": [array(k, 4, 3), array(k, 3)],
            "layers/batch_normalization": [array(k, 3) for _ in range(4)],
            "layers/seed_generator": [numpy.uint32([1, 2])],
            "optimizer": [numpy.int64(k), array(k, 3)]}


def legacy(folder, k):
    layers = [("dense", [("dense/kernel:0", array(k, 4, 3)), ("dense/bias:0", array(k, 3))]),
              ("bn", [(f"bn/{name}:0", array(k, 3)) for name in ("gamma", "moving_mean")])]
    keras_files.write_legacy(folder / "m.h5", layers, at="model_weights", config=CONFIG, split=1,
                             optimizer=[("iter:0", numpy.int64(k)), ("m:0", array(k, 3))])


def weights(folder, k):
    keras_files.write_weights(folder / "m.weights.h5", variables(k), chunks=(2, 2),
                              compression="gzip")


def archive(**options):
    def make(folder, k):
        plain = keras_files.write_weights(folder / "w.h5", variables(k), **options)
        keras_files.pack(folder / "m.keras", plain, CONFIG)
        plain.unlink()
    return make


def archive_of(fill):
    def make(folder, k):
        hdf5(fill)(folder, k)
        keras_files.pack(folder / "m.keras", folder / "m.h5", CONFIG,
                         extra=[("assets/behind.bin", array(7, 9000).tobytes())])
        (folder / "m.h5").unlink()
    return make


def sharded(folder, k):
    parts = [{"layers/dense": variables(k)["layers/dense"]},
             {"layers/batch_normalization": variables(k)["layers/batch_normalization"]}]
    keras_files.write_shards(folder, "m", parts, {
        "/layers/dense/vars": "m_00000.weights.h5",
        "/layers/batch_normalization/vars": ["m_00001.weights.h5"]})


def onnx(folder, k):
    tensors = [onnx_models.raw_tensor(f"w{i}", number, [0x3C00 + k * 8 + j for j in range(6)])
               for i, number in enumerate((FLOAT16, BFLOAT16, FLOAT32, FLOAT64))]
    for name, values in (("typed", array(k, 4)), ("none", [])):
        tensors.append(onnx_models.helper.make_tensor(
            name, onnx_models.TensorProto.FLOAT, [len(values)], values))
    onnx_models.save(onnx_models.model_of(tensors, metadata={"author": "x"}), folder / "m.onnx")


def onnx_external(folder, k):
    tensors = []
    for i in range(3):
        tensor = onnx_models.raw_tensor(f"w{i}", FLOAT32, [0] * 16)
        tensor.ClearField("raw_data")
        tensor.data_location = tensor.EXTERNAL
        for key, value in (("location", "m.onnx.data"), ("offset", str(64 * i)), ("length", "64")):
            tensor.external_data.add(key=key, value=value)
        tensors.append(tensor)
    onnx_models.save(onnx_models.model_of(tensors), folder / "m.onnx")
    (folder / "m.onnx.data").write_bytes(array(k, 48).tobytes())


SEEDS = {
    "onnx": {"inside": onnx, "external": onnx_external},
    "hdf5": {**{f"storages {name}": hdf5(storages, libver=libver)
                for name, libver in LIBVERS.items()},
             "by library": hdf5(by_library), "user block": hdf5(storages, userblock_size=512)},
    "legacy": {"legacy": legacy, "weights": weights},
    "archive": {"stored": archive(), "chunked": archive(chunks=(2, 2), compression="gzip"),
                "storages": archive_of(storages)},
    "sharded": {"sharded": sharded},
    "answers": {"storages": hdf5(storages, libver="latest"), "by library": hdf5(by_library),
                "archive": archive_of(storages), "legacy": legacy},
}


def write_seeds(folder, formats=tuple(SEEDS)):
    for kind in formats:
        for name, make in SEEDS[kind].items():
            for k, letter in enumerate("ab"):
                place = folder / kind / name / letter
                place.mkdir(parents=True)
                make(place, k)
    return folder


if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    write_seeds(pathlib.Path(sys.argv[1]))
    print(json.dumps(sorted(SEEDS)))
