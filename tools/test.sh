#!/usr/bin/env bash
# Sets up, builds, and runs the tests. --full adds the long ones: formatting, the whole fault
# sweeps, sanitizers, clang, a minute of each fuzz target, and clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."

full=no
if [[ "${1:-}" == "--full" ]]; then full=yes; fi

told() { echo "== $* ($((SECONDS / 60)) min)"; }

build_and_test() { # preset, then options for cmake
  local preset=$1
  shift
  told "$preset $*"
  cmake --preset "$preset" "$@" >/dev/null
  cmake --build --preset "$preset"
  told "$preset: tests"
  ctest --preset "$preset" -j "$(nproc)" --timeout 1800
}

tools/setup.sh --tests
if [[ $full == no ]]; then
  build_and_test release -DPOLYAK_FULL_TESTS=OFF
  exit 0
fi

told "format"
git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
# A debug build by g++ is what the sanitizers are, one by clang the fuzz targets.
build_and_test release -DPOLYAK_FULL_TESTS=ON
build_and_test asan
build_and_test tsan
build_and_test clang
tools/fuzz.sh
told "clang-tidy"
git ls-files 'src/*.cc' 'formats/*.cc' 'tools/*.cc' |
  xargs -P "$(nproc)" -n 4 clang-tidy -p build/clang --quiet --warnings-as-errors='*'
told "done"
