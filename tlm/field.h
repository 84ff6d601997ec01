// SPDX-License-Identifier: Apache-2.0
// How a parameter is declared: once, beside the struct that holds it, by a template that any visitor can
// walk:
//
//   template <class V> void describe_fields(V& v, DmaParams& p) {
//     v(Field{"channels", "count", "transfers in progress at once", 1, 16}, p.channels);
//     v.group("buffer", "staging buffer", p.buffer);          // nested struct, has its own describe_fields
//   }
//
// The default is the member's initial value. The YAML reader, its errors, `show`, the JSON schema and the
// documentation are visitors (sc_main/config). Enumerations give their names by `enum_names(E)`, found by
// ADL.
#pragma once

#include <limits>

namespace moesaic {

struct Field {
  const char* name;
  const char* unit;  ///< "bytes", "Hz", "cycles", "ns", "pJ/bit", "count", "" for names and switches
  const char* help;  ///< one sentence, without a full stop
  double min = 0.0;
  double max = std::numeric_limits<double>::infinity();
  bool power_of_two = false;
};

}  // namespace moesaic
