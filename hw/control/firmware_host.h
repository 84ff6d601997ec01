// SPDX-License-Identifier: Apache-2.0
// What a control core needs from the world outside the package: the image's objects, the workload's gate
// results, and where placements, deviations, logs and endings go. Implemented by sc_main/run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/sdk/abi.h"
#include "tlm/address_map.h"
#include "tlm/causal_log.h"
#include "tlm/tick.h"

namespace moesaic {

/// A control core of the package: the agent of a die, or the scheduler.
struct CoreId {
  NodeId node;
  moesaic_role role;
};

/// Contract: called from a core's firmware thread, at the instant up to which the core has waited out its
/// cost.
class FirmwareHost {
 public:
  /// Choices of a token; false when this core may not know them (docs/firmware.md, knowledge).
  virtual bool gate_results(CoreId core, std::uint32_t layer, std::uint32_t token,
                            std::vector<moesaic_choice>& out) = 0;
  /// Tokens in the running layer that this core may know of, by place.
  virtual void tokens(CoreId core, std::vector<moesaic_token>& out) = 0;
  virtual void defer(CoreId core, Tick now, std::uint32_t request) = 0;
  virtual std::uint64_t memory_bytes(std::uint32_t node) = 0;
  virtual void place(CoreId core, const moesaic_tensor& tensor) = 0;
  virtual void deviate(CoreId core, const moesaic_deviation& deviation) = 0;
  virtual void log(CoreId core, Tick now, std::uint32_t level, std::string_view text) = 0;
  virtual void statistic(CoreId core, Tick now, std::string_view name, std::string_view unit,
                         double value) = 0;
  virtual void mark(CoreId core, Tick now, std::string_view text) = 0;
  virtual void boot_done(CoreId core, Tick now, ActivityId by) = 0;
  virtual void layer_done(CoreId core, Tick now, ActivityId by) = 0;
  virtual void fail(CoreId core, Tick now, std::string_view text) = 0;

 protected:
  ~FirmwareHost() = default;
};

}  // namespace moesaic
