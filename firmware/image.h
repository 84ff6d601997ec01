// SPDX-License-Identifier: Apache-2.0
// The firmware SDK under its public name. An installed include/moesaic/ is this folder: sdk/ is what an image
// needs, lib/ are parts that images share. Inside, headers include each other relatively, so that they work
// in both places. Contract: sdk/image.h.
#pragma once

#include "sdk/image.h"
