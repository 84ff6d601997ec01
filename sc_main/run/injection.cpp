// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/injection.h"

#include <algorithm>
#include <set>

namespace moesaic {

namespace {

bool applies_to(InjectKind kind, InjectionPoint point) {
  return kind == (point == InjectionPoint::link ? InjectKind::link_flip : InjectKind::sram_flip);
}

}  // namespace

bool swaps_loads(const std::vector<InjectParams>& script) {
  return std::any_of(script.begin(), script.end(),
                     [](const InjectParams& p) { return p.kind == InjectKind::swap_loads; });
}

void ScriptedInjector::pass(InjectionPoint point, NodeId node, std::uint8_t* data, std::uint64_t bytes) {
  const std::uint64_t number = passed_[{point, node}]++;
  for (const InjectParams& p : script_) {
    if (!applies_to(p.kind, point) || NodeId(p.node) != node || p.nth != number || bytes == 0) continue;
    data[p.byte % bytes] ^= static_cast<std::uint8_t>(1u << p.bit);
    ++done_;
  }
}

WordErrors ScriptedInjector::memory_read(NodeId node, std::uint8_t* data, std::uint64_t bytes) {
  const std::uint64_t number = reads_[node]++;
  std::map<std::uint64_t, std::set<std::uint64_t>> wrong;  // bits by word
  for (const InjectParams& p : script_) {
    if (p.kind != InjectKind::memory_flip || NodeId(p.node) != node || p.nth != number || bytes == 0)
      continue;
    const std::uint64_t byte = p.byte % bytes;
    if (data != nullptr) data[byte] ^= static_cast<std::uint8_t>(1u << p.bit);
    const auto bit = wrong[byte / 8].insert(byte % 8 * 8 + p.bit);
    if (!bit.second) wrong[byte / 8].erase(bit.first);  // flipped back
    ++done_;
  }
  WordErrors errors;
  for (const auto& word : wrong) {
    errors.single += word.second.size() == 1;
    errors.multiple += word.second.size() > 1;
  }
  return errors;
}

void ScriptedInjector::load(NodeId node, std::uint64_t& source) {
  const std::uint64_t number = loads_[node]++;
  const std::vector<std::uint64_t>& sources = recorded_[node];
  for (const InjectParams& p : script_) {
    if (p.kind != InjectKind::swap_loads || NodeId(p.node) != node || p.nth + 1 >= sources.size()) continue;
    if (number != p.nth && number != p.nth + 1) continue;
    source = sources[number == p.nth ? p.nth + 1 : p.nth];
    ++done_;
  }
}

}  // namespace moesaic
