#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs each, from the seeds and what earlier runs found on.
# Ends at the first crash, hang or excess, with the input in build/fuzz/tests/fuzz.
#
#     tools/fuzz.sh [SECONDS FOR EACH, default 60]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
folder=build/fuzz/tests/fuzz

fuzz() { # target without _fuzzer, dictionary, the largest input
  echo "== fuzz $1"
  TMPDIR=/dev/shm "$folder/$1_fuzzer" -max_total_time="$seconds" -timeout=60 -max_len="$3" \
    -dict="tests/fuzz/$2.dict" -artifact_prefix="$folder/" -print_final_stats=1 "$folder/corpus/$1"
}

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz
mkdir -p "$folder/corpus/model"
"$folder/write_seeds" "$folder/corpus/model"
/usr/bin/python3 tests/fuzz/write_corpora.py "$folder/corpus"
fuzz model onnx 4096
fuzz archive keras 65536
fuzz index reply 4096
fuzz chunk chunk 4096
fuzz program hdf5 65536
