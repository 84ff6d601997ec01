// SPDX-License-Identifier: Apache-2.0
#include "tlm/diagnostics.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace moesaic {

void panic(const std::string& where, Tick now, const std::string& what) {
  std::fprintf(stderr, "moesaic: panic: %s at %s: %s\n  This is a bug in moesaic, not in your input.\n",
               where.c_str(), format_time(now).c_str(), what.c_str());
  std::fflush(nullptr);
  std::_Exit(kExitPanic);
}

std::string format_time(Tick t) {
  struct Unit {
    Tick size;
    const char* name;
  };
  static constexpr std::array<Unit, 5> kUnits{
      {{kSecond, "s"}, {kMillisecond, "ms"}, {kMicrosecond, "us"}, {kNanosecond, "ns"}, {kPicosecond, "ps"}}};
  for (const Unit& unit : kUnits) {
    if (t < unit.size) continue;
    char text[48];
    const Tick thousandths = t % unit.size / (unit.size / 1000);
    std::snprintf(text, sizeof text, "%llu.%03llu %s", static_cast<unsigned long long>(t / unit.size),
                  static_cast<unsigned long long>(thousandths), unit.name);
    return text;
  }
  return std::to_string(t) + " fs";
}

}  // namespace moesaic
