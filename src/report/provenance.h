// The provenance record: what an averaged checkpoint says about how it was made. JSON:
//   {"version": "0.1.0", "method": "ema", "options": {"decay": 0.5}, "template": "ep12.onnx",
//    "inputs": [{"name": "ep09.onnx", "bytes": 40377, "weight": 0.125, "hash": "…"}, …]}
// Base names only, no times, users, hosts or folders: the same inputs give the same record.
// `weight` is the effective weight; `hash` that of payload_hashes.h, null for an input of weight
// 0.
#pragma once

#include <string>

#include "report/report.h"

namespace polyak {

// The record's length doesn't depend on the hashes: before they are known an empty one of an
// input with weight stands as zeros.
std::string ProvenanceRecord(const Report& report);

}  // namespace polyak
