"""Golden tests: commands and, word for word, what comes of them. One text file per case in golden/:

    # What this shows; as many lines as it takes.
    $ polyak average ep11.onnx ep12.onnx -o out.onnx
    --- stdout
    ...
    --- stderr
    ...
    --- status 0
    $ polyak inspect out.onnx
    ...

Commands are the shell's; they run one after the other in a folder of the case's own, which holds
the files that make_inputs makes. An empty stream has no section. A line that begins like a part of
this form, or with a backslash, has a backslash before it, and a last line without its end is
followed by "\\ no newline". What varies from run to run is masked: MASKS.

    golden_test.py --rewrite [CASE...]     write what comes now into all cases, or into these

A new case needs only its commands: --rewrite adds the rest. Read what it writes before you commit.
"""
import os
import pathlib
import re
import struct
import subprocess
import sys
import unittest

from command_runner import FLOAT32, model, onnx_models
from onnx import helper
from polyak_runner import POLYAK, FolderTest, digits

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
NO_NEWLINE = "\\ no newline\n"

NUMBER = r"\d+(?:\.\d+)?"
SIZE = NUMBER + r" (?:bytes|[KMGTPE]iB)"
MASKS = [  # what varies, and what stands for it
    (r"\b" + NUMBER + r" s\b", "[SECONDS] s"),
    (r"\b\d+ threads?\b", "[THREADS]"),
    (r"(peak memory:? +(?:up to )?)" + SIZE, r"\1[MEMORY]"),
    (SIZE + r"/s", "[RATE]"),
    (SIZE + r" (free|left)\b", r"[SIZE] \1"),
    (r"(?m)\bpolyak \d+\.\d+\.\d+(?=:|$)", "polyak [VERSION]"),
    (r'("version": ?")\d+\.\d+\.\d+"', r'\1[VERSION]"'),
    (r'("(?:open|plan|compare|average|commit|total)":)[\d.e-]+', r"\1[SECONDS]"),
    (r'("(?:threads|free_bytes|planned_bytes|peak_bytes)":)\d+', r"\1[NUMBER]"),
]

ONE = 0x3F800000
NAN = 0x7FC00000


def make_inputs(folder):
    """The files that every case finds."""
    for suffix in ("onnx", "h5"):
        for epoch in (9, 10, 11, 12):
            (folder / f"ep{epoch:02d}.{suffix}").write_bytes(digits(epoch, suffix).read_bytes())
    layers = {"body.weight": [ONE] * 4, "head.bias": [ONE, ONE]}
    model(folder / "small.onnx", layers)
    model(folder / "wide.onnx", {**layers, "head.bias": [ONE] * 3})          # another shape
    model(folder / "renamed.onnx", {"body.weights": [ONE] * 4, "head.bias": [ONE, ONE]})
    model(folder / "larger.onnx", {**layers, "tail.weight": [ONE]})          # one more
    model(folder / "parallel.onnx", {"module." + name: layers[name] for name in layers})
    half = onnx_models.raw_tensor("head.bias", onnx_models.FLOAT16, [0x3C00, 0x3C01])
    onnx_models.save(onnx_models.model_of(
        [onnx_models.raw_tensor("body.weight", FLOAT32, [ONE] * 4), half]), folder / "half.onnx")
    model(folder / "nan.onnx", {**layers, "head.bias": [ONE, NAN]})
    model(folder / "evil.onnx", {"\x1b]0;owned\x07\x1b[2J": [ONE], "two\nlines\\": [ONE]})
    for k in (1, 2):                                                         # kept, and differ
        steps = helper.make_tensor("global_step", 7, [1], [1000 * k])
        weight = onnx_models.raw_tensor("w", FLOAT32, [ONE])
        onnx_models.save(onnx_models.model_of([weight, steps]), folder / f"step{k}000.onnx")
    onnx_models.save(onnx_models.model_of([helper.make_tensor("ids", 7, [2], [1, 2])]),
                     folder / "integers.onnx")
    (folder / "empty.onnx").touch()
    (folder / "text.onnx").write_text("weights: yes\n" * 100)
    (folder / "cut.onnx").write_bytes(digits(9).read_bytes()[:20000])
    (folder / "cut.h5").write_bytes(digits(9, "h5").read_bytes()[:20000])
    (folder / "model.pt").write_bytes(b"PK\3\4" + bytes(100))
    (folder / "m.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{\"a\":{}}       ")
    (folder / "folder").mkdir()


def make_onnx_inputs(folder):
    """Models whose graphs say what their tensors are."""
    weight = onnx_models.raw_tensor("w", FLOAT32, [ONE] * 2, [1, 2])
    for k, names in ((1, ("fc.weight", "fc.bias")), (2, ("onnx::MatMul_7", "onnx::Add_8"))):
        tensors = [onnx_models.raw_tensor(names[0], FLOAT32, [ONE] * 2, [1, 2]),
                   onnx_models.raw_tensor(names[1], FLOAT32, [ONE] * 2)]
        nodes = [helper.make_node("MatMul", ["x", names[0]], [f"y{k}"]),
                 helper.make_node("Add", [f"y{k}", names[1]], ["out"])]
        onnx_models.save(onnx_models.model_of(tensors, nodes), folder / f"export{k}.onnx")
        (folder / f"run{k}").mkdir()
        (folder / f"run{k}/weights.bin").write_bytes(struct.pack("<6f", 0, 0, k, k, 0, 0))
        outside = onnx_models.raw_tensor("outside", FLOAT32, [ONE] * 2)
        outside.ClearField("raw_data")
        outside.data_location = outside.EXTERNAL
        for key, value in (("location", "weights.bin"), ("offset", "8"), ("length", "8")):
            outside.external_data.add(key=key, value=value)
        onnx_models.save(onnx_models.model_of([weight, outside]), folder / f"run{k}/model.onnx")
        outside.external_data[0].value = "../weights.bin"
        onnx_models.save(onnx_models.model_of([outside]), folder / f"run{k}/escape.onnx")
        integers = [helper.make_tensor("q", 3, [2], [k, 2]),
                    onnx_models.raw_tensor("q_scale", FLOAT32, [ONE], []), weight]
        nodes = [helper.make_node("DequantizeLinear", ["q", "q_scale"], ["a"]),
                 helper.make_node("MatMul", ["x", "w"], ["b"])]
        onnx_models.save(onnx_models.model_of(integers, nodes), folder / f"quantized{k}.onnx")


def masked(text, folder):
    text = text.replace(str(folder), "[FOLDER]")
    for pattern, stands_for in MASKS:
        text = re.sub(pattern, stands_for, text)
    return text


def section(title, text):
    """A stream of a result, as the form has it."""
    if not text:
        return ""
    lines = [("\\" if line.startswith(("$ ", "--- ", "\\", "#")) else "") + line
             for line in text.splitlines(keepends=True)]
    end = "" if text.endswith("\n") else "\n" + NO_NEWLINE
    return f"--- {title}\n{''.join(lines)}{end}"


def result_of(command, folder):
    """What comes of a command, as the form has it."""
    environment = {"PATH": f"{POLYAK.parent}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    streams = [masked(stream.decode("utf-8", "backslashreplace"), folder)
               for stream in (done.stdout, done.stderr)]
    # What -v says where the kernel, or a sanitized build, has no confinement.
    streams[1] = re.sub(r"(?m)^polyak: note: there is no .*: polyak is not confined by it\n", "",
                        streams[1])
    return (section("stdout", streams[0]) + section("stderr", streams[1]) +
            f"--- status {done.returncode}\n")


def played(case, folder):
    """The text of a case with what comes of its commands now."""
    text = ""
    for line in case.splitlines(keepends=True):
        if line.startswith("$ "):
            text += line + result_of(line[2:], folder)
        elif line.startswith("# "):
            text += line
    return text


class Golden(FolderTest):
    """Each file of golden/ is a test."""
    maxDiff = None

    def check(self, path):
        make_inputs(self.folder)
        make_onnx_inputs(self.folder)
        expected = path.read_text()
        self.assertIn("\n--- status ", expected, f"{path.name}: --rewrite adds what comes of it")
        self.assertEqual(played(expected, self.folder), expected,
                         f"\n{path.name}: golden_test.py --rewrite {path.stem} takes it as it is")


def rewrite(names):
    for path in sorted(GOLDEN.glob("*.txt")):
        if names and path.stem not in names:
            continue
        test = Golden("check")
        test.setUp()
        make_inputs(test.folder)
        make_onnx_inputs(test.folder)
        text = path.read_text()
        new = played(text, test.folder)
        test.doCleanups()
        print(f"{path.stem}: {'the same' if new == text else 'rewritten'}")
        path.write_text(new)


def add_tests():
    for path in sorted(GOLDEN.glob("*.txt")):
        name = "test_" + re.sub(r"\W", "_", path.stem)
        setattr(Golden, name, lambda self, path=path: self.check(path))


if __name__ == "__main__":
    if "--rewrite" in sys.argv[1:]:
        rewrite([name for name in sys.argv[1:] if not name.startswith("-")])
    else:
        add_tests()
        unittest.main()
