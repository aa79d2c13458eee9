#!/usr/bin/env bash
# Installs ONNX Runtime for Node.js, as tests/interop/onnxruntime pins it, into build/node. Without
# a registry the tests that need it skip.
set -euo pipefail
cd "$(dirname "$0")/.."
source=tests/interop/onnxruntime
target=build/node

if cmp -s "$source/package-lock.json" "$target/installed-lock.json"; then exit 0; fi
mkdir -p "$target"
cp "$source/package.json" "$source/package-lock.json" "$target/"
# Its install script would download other builds; the one in the package is what we use.
if ! npm ci --prefix "$target" --ignore-scripts --no-audit --no-fund --loglevel=error; then
  echo "setup: ONNX Runtime could not be installed; tests that need it will skip" >&2
  exit 0
fi
binaries=$target/node_modules/onnxruntime-node/bin
rm -rf "$binaries"/*/darwin "$binaries"/*/win32
cp "$source/package-lock.json" "$target/installed-lock.json"
