#!/usr/bin/env bash
# Sets up, builds, and runs the tests. --full adds the long ones: formatting, clang-tidy, clang and
# debug builds, sanitizers, and the whole fault sweeps.
set -euo pipefail
cd "$(dirname "$0")/.."

full=no
if [[ "${1:-}" == "--full" ]]; then full=yes; fi

build_and_test() { # preset, then options for cmake
  local preset=$1
  shift
  echo "== $preset $*"
  cmake --preset "$preset" "$@" >/dev/null
  cmake --build --preset "$preset"
  ctest --preset "$preset" -j 2 --timeout 1800
}

# For a minute, from the seeds and what earlier runs found on.
fuzz() { # target without _fuzzer, dictionary, the largest input
  echo "== fuzz $1"
  local folder=build/fuzz/tests/fuzz
  TMPDIR=/dev/shm "$folder/$1_fuzzer" -max_total_time=60 -timeout=60 -max_len="$3" \
    -dict="tests/fuzz/$2.dict" -artifact_prefix="$folder/" "$folder/corpus/$1"
}

fuzz_all() {
  local corpus=build/fuzz/tests/fuzz/corpus
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz
  mkdir -p "$corpus/model"
  build/fuzz/tests/fuzz/write_seeds "$corpus/model"
  /usr/bin/python3 tests/fuzz/write_corpora.py "$corpus"
  fuzz model onnx 4096
  fuzz archive keras 65536
  fuzz index reply 4096
  fuzz chunk chunk 4096
  fuzz program hdf5 65536
}

tools/setup.sh --tests
if [[ $full == no ]]; then
  build_and_test release -DPOLYAK_FULL_TESTS=OFF
  exit 0
fi

echo "== format"
git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
build_and_test release -DPOLYAK_FULL_TESTS=ON
build_and_test debug
build_and_test asan
build_and_test tsan
build_and_test clang
fuzz_all
echo "== clang-tidy"
git ls-files 'src/*.cc' 'formats/*.cc' 'tools/*.cc' |
  xargs -P 2 -n 4 clang-tidy -p build/clang --quiet --warnings-as-errors='*'
