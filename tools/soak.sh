#!/usr/bin/env bash
# Runs for hours what the tests do for seconds: means of random elements of every dtype, by every
# instruction set that this machine has, against exact arithmetic. Ends at the first difference.
#
#     tools/soak.sh [ELEMENTS, default 1e9]
set -euo pipefail
cd "$(dirname "$0")/.."

elements=${1:-1e9}
tools/setup.sh --tests
cmake --preset release >/dev/null
cmake --build --preset release --target exactness_soak
exec build/release/tests/arithmetic/exactness_soak --elements "$elements" --seed "$RANDOM" \
  --threads "$(nproc)"
