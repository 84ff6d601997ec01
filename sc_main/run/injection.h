// SPDX-License-Identifier: Apache-2.0
// Corrupts bytes on purpose, as the experiment's `run.inject` list says: one flipped bit in what memory
// returns, on a link or on its way into SRAM, or two loads whose sources are exchanged. Functional mode must
// notice each, unless the memory's ECC repairs or reports it (several flips of one 64-bit word).
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "hw/context.h"
#include "sc_main/config/experiment.h"

namespace moesaic {

/// Source addresses of the loads of every die, in the order in which they start.
using LoadSources = std::map<NodeId, std::vector<std::uint64_t>>;

/// Notes the sources and changes nothing. Two loads can be exchanged only when both sources are known before
/// the first of them starts: a recording run comes first.
class LoadRecorder : public Injector {
 public:
  void pass(InjectionPoint, NodeId, std::uint8_t*, std::uint64_t) override {}
  WordErrors memory_read(NodeId, std::uint8_t*, std::uint64_t) override { return {}; }
  void load(NodeId node, std::uint64_t& source) override { sources_[node].push_back(source); }
  const LoadSources& sources() const { return sources_; }

 private:
  LoadSources sources_;
};

class ScriptedInjector : public Injector {
 public:
  /// `recorded`: sources of a run of the same experiment without injections; needed by swap_loads only.
  explicit ScriptedInjector(std::vector<InjectParams> script, LoadSources recorded = {})
      : script_(std::move(script)), recorded_(std::move(recorded)) {}

  void pass(InjectionPoint point, NodeId node, std::uint8_t* data, std::uint64_t bytes) override;
  WordErrors memory_read(NodeId node, std::uint8_t* data, std::uint64_t bytes) override;
  void load(NodeId node, std::uint64_t& source) override;
  /// Injections that have happened (an exchange counts for both loads); 0 when no place was reached.
  std::size_t done() const { return done_; }

 private:
  std::vector<InjectParams> script_;
  LoadSources recorded_;
  std::map<std::pair<InjectionPoint, NodeId>, std::uint64_t> passed_;
  std::map<NodeId, std::uint64_t> reads_;
  std::map<NodeId, std::uint64_t> loads_;
  std::size_t done_ = 0;
};

bool swaps_loads(const std::vector<InjectParams>& script);

}  // namespace moesaic
