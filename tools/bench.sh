#!/usr/bin/env bash
# Sets up, builds, and measures polyak against the work that nobody can avoid and against its peers:
#
#     tools/bench.sh             everything: a quarter of an hour, 10 GiB of disk
#     tools/bench.sh --quick     small files: under two minutes
#     tools/bench.sh --growth    how time and memory grow with bytes, checkpoints and tensors
#     tools/bench.sh --cold      files that aren't in the page cache
#
# --help has all options, --list the cases. Nothing else should run meanwhile. Results go to
# build/bench.
set -euo pipefail
cd "$(dirname "$0")/.."

needs_build=yes
for option in "$@"; do
  case "$option" in
    --polyak | --polyak=* | --list | --help | -h) needs_build=no ;;
  esac
done
if [[ $needs_build == yes ]]; then
  tools/setup.sh --bench
  [[ -f build/release/build.ninja ]] || cmake --preset release >/dev/null
  cmake --build --preset release --target polyak_command polyak-hdf5
fi
exec /usr/bin/python3 -B tools/bench/suite.py "$@"
