// SPDX-License-Identifier: Apache-2.0
// The one place where failures become exit codes.
#pragma once

#include <functional>

namespace moesaic {

/// Runs `work`. A UserError is printed and gives 2; any other exception is our bug and gives 70.
int guarded(const std::function<int()>& work);

}  // namespace moesaic
