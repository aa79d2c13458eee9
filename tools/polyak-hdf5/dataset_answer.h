// A dataset's part of the answer to Index.
#pragma once

#include <hdf5.h>

#include <string>

#include "data_places.h"
#include "known_headers.h"
#include "polyak_socket.h"

namespace polyak::hdf5 {

// Sends what the dataset is, its chunks, its values where it is compact; notes where its elements
// lie, and its header where others may be alike. Throws Failure.
void AnswerDataset(hid_t dataset, const std::string& path, haddr_t address, Answer& answer,
                   DataPlaces& data, KnownHeaders& headers);

// The same for a dataset whose header was known.
void AnswerKnown(wire::Dataset&& described, Answer& answer, DataPlaces& data);

}  // namespace polyak::hdf5
