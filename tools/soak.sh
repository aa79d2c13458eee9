#!/usr/bin/env bash
# Runs for hours what the tests do for seconds. Ends at the first thing that is wrong.
#
#     tools/soak.sh [PART...]
#
# exactness  means of random elements of every dtype, by every instruction set that this machine
#            has, against exact arithmetic: ELEMENTS of them (default 1e9)
# faults     every system call failing and killed at, random kills, power cuts, full disks, failing
#            allocations, in every format: the whole sweeps
# hostile    MUTANTS damaged files (default 100000) of each format, from a random seed on, and the
#            fixed ones of the tests
# fuzz       each fuzz target for SECONDS_EACH (default 3600)
#
# Without a part, all of them.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release

exactness() {
  "$build/tests/arithmetic/exactness_soak" --elements "${ELEMENTS:-1e9}" --seed "$RANDOM" \
    --threads "$(nproc)"
}

faults() {
  local test
  for test in tests/faults/*_test.py; do
    echo "== $test"
    POLYAK_FULL=1 POLYAK_SOAK=1 POLYAK="$build/polyak" /usr/bin/python3 "$test"
  done
}

# In pieces, so that it is told how far they are. Those that are wrong stay in build/soak.
mutants() { # folder of a format's seeds
  local first=$((RANDOM * 1000000)) piece=500 kept="build/soak/$(basename "$1")" tried counts
  mkdir -p "$kept"
  for ((tried = 0; tried < ${MUTANTS:-100000}; tried += piece)); do
    counts=$(TMPDIR=/dev/shm "$build/tests/fuzz/mutated_files" "$1" "$PWD/$build/polyak-hdf5" \
      $((first + tried)) "$piece" "$kept") || { echo "$counts"; return 1; }
    echo "$(basename "$1") from $((first + tried)): $counts"
  done
}

hostile() {
  local format
  seeds=$(mktemp -d -p /dev/shm)
  trap 'rm -rf "$seeds"' EXIT
  /usr/bin/python3 tests/hostile/seeds.py "$seeds"
  for format in onnx hdf5 legacy archive sharded; do mutants "$seeds/$format"; done
  POLYAK_FULL=1 POLYAK="$build/polyak" /usr/bin/python3 tests/hostile/mutants_test.py
}

fuzz() {
  tools/fuzz.sh "${SECONDS_EACH:-3600}"
}

parts=("$@")
if [[ $# == 0 ]]; then parts=(exactness faults hostile fuzz); fi
for part in "${parts[@]}"; do
  case $part in
    exactness | faults | hostile | fuzz) ;;
    *) echo "tools/soak.sh: no such part: $part" >&2; exit 2 ;;
  esac
done
tools/setup.sh --tests
cmake --preset release >/dev/null
cmake --build --preset release
for part in "${parts[@]}"; do "$part"; done
