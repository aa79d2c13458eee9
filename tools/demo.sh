#!/usr/bin/env bash
# Sets up, builds, and does the main job on real checkpoints: averages the last four of a training
# run, once as ONNX and once as Keras HDF5.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh
[[ -f build/release/build.ninja ]] || cmake --preset release >/dev/null
cmake --build --preset release --target polyak_command polyak-hdf5

run() { echo; echo "\$ $*"; "$@"; }
polyak=build/release/polyak
digits=tests/data/digits
mkdir -p build/demo
for format in onnx h5; do
  run $polyak average $digits/ep{09,10,11,12}.$format -o build/demo/average.$format --force
done
run $polyak interpolate $digits/ep12.onnx $digits/ep09.onnx -p 0.3 \
  -o build/demo/blend.onnx --force
run $polyak inspect build/demo/average.onnx
echo
echo "The averaged checkpoints lie in build/demo."
