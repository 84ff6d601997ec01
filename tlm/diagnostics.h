// SPDX-License-Identifier: Apache-2.0
// The kinds of failure: the user's mistake (exit 2), our bug (exit 70), a hang (exit 3), a failed check (exit
// 1). Hardware events (ECC, link errors, misuse by an image) are modelled responses (hw/context.h,
// FaultSink), never exceptions.
#pragma once

#include <stdexcept>
#include <string>

#include "tlm/tick.h"

namespace moesaic {

inline constexpr int kExitOk = 0;
inline constexpr int kExitRunFailed =
    1;  ///< a check of the run failed: conservation, functional equality, fault
inline constexpr int kExitUserError = 2;
inline constexpr int kExitHang = 3;
inline constexpr int kExitPanic = 70;

/// The user's mistake: the message says place, value and remedy. The program prints it and exits with 2.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Our bug. Prints `where` (hierarchical name) and the simulated time, and exits with 70.
[[noreturn]] void panic(const std::string& where, Tick now, const std::string& what);

/// "12.345 us": simulated time for messages, three digits after the point, unit by magnitude.
std::string format_time(Tick t);

}  // namespace moesaic
