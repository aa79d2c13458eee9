// What a file's structure becomes when its chunks change their sizes and other things are added.
#pragma once

#include "descriptor_driver.h"
#include "polyak_socket.h"

namespace polyak::hdf5 {

// Throws Failure. Of the answer, all but its end is sent then.
void AnswerRewrite(const Image& image, const wire::Rewrite& rewrite, Answer& answer);

}  // namespace polyak::hdf5
