// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/guard.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "tlm/diagnostics.h"

namespace moesaic {

int guarded(const std::function<int()>& work) {
  try {
    return work();
  } catch (const UserError& error) {
    std::fflush(stdout);
    const std::string text = error.what();
    const bool placed = text.find("error: ") != std::string::npos;
    fmt::print(stderr, "{}{}{}", placed ? "" : "moesaic: error: ", text,
               !text.empty() && text.back() == '\n' ? "" : "\n");
    return kExitUserError;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    fmt::print(stderr, "moesaic: {}\n  This is a bug in moesaic, not in your input.\n", error.what());
    return kExitPanic;
  }
}

}  // namespace moesaic
