#!/usr/bin/env bash
# Makes a bare Debian 12 machine ready to build and test polyak. Installs packages only if one is
# missing; needs root for that. With --tests also what only the tests use, with --bench what only
# tools/bench.sh does (torch, which it measures where it is there, is left to you: python3-torch).
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
  g++ cmake ninja-build pkg-config
  libonnx-dev libprotobuf-dev protobuf-compiler libhdf5-dev libcli11-dev libfmt-dev
  nlohmann-json3-dev libhwy-dev libxxhash-dev libmpfr-dev zlib1g-dev libdeflate-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
test_packages=(
  python3-onnx libonnx-testdata python3-h5py python3-numpy python3-jsonschema python3-pyte
  hdf5-tools strace valgrind xfsprogs git groff-base man-db zsh fish
  clang clang-format clang-tidy libclang-rt-14-dev universal-ctags
)
bench_packages=(python3-onnx python3-h5py python3-numpy python3-matplotlib)

wanted=("${build_packages[@]}")
case "${1:-}" in
  --tests) wanted+=("${test_packages[@]}") ;;
  --bench) wanted+=("${bench_packages[@]}") ;;
esac

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  if [[ "$state" != installed ]]; then missing+=("$package"); fi
done

# Node.js runs the averaged models in ONNX Runtime. A Node.js that is there is good enough.
if [[ "${1:-}" == "--tests" ]]; then
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
fi

if ((${#missing[@]})); then
  echo "setup: installing ${missing[*]}"
  as_root=()
  if ((EUID != 0)); then as_root=(sudo); fi
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [[ "${1:-}" == "--tests" && -f tests/interop/onnxruntime/package.json ]]; then
  tools/setup_onnxruntime.sh
fi
