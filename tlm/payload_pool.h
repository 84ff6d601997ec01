// SPDX-License-Identifier: Apache-2.0
// Pooled generic payloads with their TrainExtension, and the data buffers they point to.
//
// In timing mode no bytes are carried: every payload points to one shared scratch buffer, whose contents are
// never read. In functional mode a payload owns a buffer of its own while it lives. Ownership: acquire()
// returns a payload with one reference; IEEE 1666 14.5 rules from there on.
#pragma once

#include <tlm.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "tlm/train.h"

namespace moesaic {

enum class RunMode : std::uint8_t { timing, functional };

class PayloadPool : public tlm::tlm_mm_interface {
 public:
  explicit PayloadPool(RunMode mode) : mode_(mode) {}
  ~PayloadPool() override;
  PayloadPool(const PayloadPool&) = delete;
  PayloadPool& operator=(const PayloadPool&) = delete;

  /// A payload for `train`, with a data buffer of train.bytes() bytes and all attributes set; one reference
  /// held.
  tlm::tlm_generic_payload& acquire(tlm::tlm_command command, const Train& train);
  void free(tlm::tlm_generic_payload* payload) override;

  RunMode mode() const { return mode_; }
  bool functional() const { return mode_ == RunMode::functional; }
  /// Payloads handed out and not yet returned; 0 when a run has drained.
  std::size_t live() const { return live_; }

  static constexpr std::uint64_t kScratchBytes = std::uint64_t{1} << 20;  ///< largest train, either mode

 private:
  RunMode mode_;
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> all_;
  std::vector<tlm::tlm_generic_payload*> idle_;
  std::unique_ptr<std::uint8_t[]> scratch_;  // timing mode; REQUIRES: trains of at most kScratchBytes
  std::size_t live_ = 0;
};

}  // namespace moesaic
