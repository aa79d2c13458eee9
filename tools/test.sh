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
tools/fuzz.sh
echo "== clang-tidy"
git ls-files 'src/*.cc' 'formats/*.cc' 'tools/*.cc' |
  xargs -P 2 -n 4 clang-tidy -p build/clang --quiet --warnings-as-errors='*'
