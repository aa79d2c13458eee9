"""Runs scripts that use ONNX Runtime, which Node.js brings. Skips the test where it isn't there:
tools/setup_onnxruntime.sh installs it, POLYAK_NODE_MODULES says where.
"""
import os
import pathlib
import subprocess
import unittest

from polyak_runner import REPOSITORY, need_program

NODE_MODULES = pathlib.Path(
    os.environ.get("POLYAK_NODE_MODULES") or REPOSITORY / "build/node/node_modules")
SCRIPTS = pathlib.Path(__file__).resolve().parent / "onnxruntime"


def output_lines(script, *arguments):
    need_program("node")
    if not (NODE_MODULES / "onnxruntime-node").is_dir():
        raise unittest.SkipTest(f"ONNX Runtime is not in {NODE_MODULES}: "
                                "tools/setup_onnxruntime.sh installs it")
    done = subprocess.run(["node", SCRIPTS / script, *arguments],
                          env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
                          capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.splitlines()
