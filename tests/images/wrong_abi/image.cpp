// SPDX-License-Identifier: Apache-2.0
// wrong_abi: an image of a firmware contract that does not exist. The program must refuse it and name both
// versions; it must not call anything of it.
#include "firmware/sdk/abi.h"

namespace {

constexpr moesaic_image kImage = {sizeof(moesaic_image),
                                  999,
                                  "wrong_abi",
                                  "test image: speaks version 999 of the firmware contract",
                                  1u << MOESAIC_AGENT,
                                  0,
                                  nullptr,
                                  nullptr,
                                  nullptr};

}  // namespace

extern "C" __attribute__((visibility("default"))) const moesaic_image* moesaic_image_entry(void) {
  return &kImage;
}
