#!/usr/bin/env python3
"""Which folder may include which (the include rule), checked over every #include of ours.

core <- io, arithmetic <- methods <- plan <- engine <- polyak.cc <- tools
core, confinement, io <- formats <- polyak.cc; core, io <- inputs <- tools.
Report includes core and plan.
A format may include another format's one public header, FORMAT/FORMAT_format.h.
Arithmetic and methods know no format and no file.
"""
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

MAY_INCLUDE = {
    "core": {"core"},
    "confinement": {"core", "confinement"},
    "io": {"core", "io"},
    "inputs": {"core", "io", "inputs"},
    "arithmetic": {"core", "arithmetic"},
    "methods": {"core", "arithmetic", "methods"},
    "plan": {"core", "io", "arithmetic", "methods", "plan"},
    "engine": {"core", "io", "arithmetic", "methods", "plan", "engine"},
    "report": {"core", "plan", "report"},
    "formats": {"core", "confinement", "io", "formats"},
}


def area_of(path: pathlib.PurePath) -> str | None:
    """The area a file of the tree belongs to: a folder of src, formats, front (polyak.h), tools."""
    parts = path.parts
    if parts[0] == "formats":
        return "formats"
    if parts[0] == "src":
        return parts[1] if len(parts) > 2 else "front"
    return "tools" if parts[0] == "tools" else None


def resolve(root: pathlib.Path, file: pathlib.Path, name: str) -> pathlib.PurePath | None:
    for base in (root / "src", root, file.parent):
        target = (base / name).resolve()
        if target.exists() and target.is_relative_to(root.resolve()):
            return target.relative_to(root.resolve())
    return None  # generated, or not ours


def is_public_header(path: pathlib.PurePath) -> bool:
    return len(path.parts) == 3 and path.name == f"{path.parts[1]}_format.h"


def fault(source: pathlib.PurePath, target: pathlib.PurePath) -> bool:
    """True where `source` may not include `target`."""
    source_area, target_area = area_of(source), area_of(target)
    if source_area == "formats" and target_area == "formats" and len(target.parts) == 3:
        other = len(source.parts) < 3 or source.parts[1] != target.parts[1]
        return other and not is_public_header(target)
    if source_area == "tools":
        # The helper shares one protocol with the format that starts it.
        return source.parts[1] != "polyak-hdf5" and target_area == "formats"
    if source_area == "front":
        return target_area == "tools" or (target_area == "formats" and len(target.parts) == 3)
    return target_area not in MAY_INCLUDE[source_area]


def faults(root: pathlib.Path) -> list[str]:
    found = []
    for folder in ("src", "formats", "tools"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            source = file.relative_to(root)
            for name in INCLUDE.findall(file.read_text()):
                target = resolve(root, file, name)
                if target is not None and fault(source, target):
                    found.append(f"{source} includes {target}")
    return found


class IncludeRule(unittest.TestCase):
    def test_no_file_includes_what_it_must_not(self):
        self.assertEqual(faults(ROOT), [])

    def test_looks_at_the_whole_tree(self):
        self.assertGreater(len(list((ROOT / "src").rglob("*.cc"))), 20)

    def test_libhdf5_and_printing_stay_out_of_the_library(self):
        forbidden = re.compile(
            r'#include <(hdf5|H5|iostream|cstdio|CLI/)|\bgetenv\b|\babort\(|\bexit\(')
        found = []
        for folder in ("src", "formats"):
            for file in (root_file for root_file in (ROOT / folder).rglob("*")
                         if root_file.suffix in (".h", ".cc")):
                for line in file.read_text().splitlines():
                    if forbidden.search(line) and "_exit(" not in line:
                        found.append(f"{file.relative_to(ROOT)}: {line.strip()}")
        self.assertEqual([f for f in found if "<cstdio>" not in f or "pending_file" not in f], [])

    def test_sees_an_include_that_is_forbidden(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in ("src/core", "src/io", "formats/a", "formats/b", "tools/polyak"):
                (root / name).mkdir(parents=True)
            (root / "src/io/file.h").write_text("")
            (root / "src/core/box.h").write_text('#include "io/file.h"\n')
            (root / "formats/a/secret.h").write_text("")
            (root / "formats/b/b.cc").write_text('#include "formats/a/secret.h"\n')
            self.assertEqual(faults(root), [
                "src/core/box.h includes src/io/file.h",
                "formats/b/b.cc includes formats/a/secret.h",
            ])


if __name__ == "__main__":
    unittest.main()
