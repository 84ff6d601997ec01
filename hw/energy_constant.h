// SPDX-License-Identifier: Apache-2.0
// One energy or power constant with where it comes from. Evidence classes: V the source's text was read, Q
// quoted by a public repository that cites the primary source, S a secondary table without a primary, D
// arithmetic from such numbers, assumed: nobody has sourced it.
#pragma once

#include <string>

#include "tlm/field.h"

namespace moesaic {

struct EnergyConstant {
  double value = 0.0;
  std::string evidence;
  std::string source;
};

template <class V>
void describe_fields(V& v, EnergyConstant& c) {
  v(Field{"value", "", "the constant, in the unit its name says", 0.0, 1e9}, c.value);
  v(Field{"evidence", "", "V, Q, S, D or assumed; printed beside every result that uses it"}, c.evidence);
  v(Field{"source", "", "where the number comes from"}, c.source);
}

}  // namespace moesaic
