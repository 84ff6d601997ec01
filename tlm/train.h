// SPDX-License-Identifier: Apache-2.0
// A train: the run-length encoding of equal accesses. Access i touches [address + i*stride, +size) and
// becomes known to the target at arrival + i*period. Every data-plane transaction is a train; a plain access
// has count 1.
//
// How a stream is cut into trains does not change when its accesses happen, given equal per-access arrival
// times. The TLM generic payload carries it: address = first access, data_length = count * size (the bytes
// lie packed in the data buffer), and the TrainExtension says the rest. The extension never changes a base
// attribute.
#pragma once

#include <tlm.h>

#include <cstdint>

#include "tlm/address_map.h"
#include "tlm/causal_log.h"
#include "tlm/tick.h"

namespace moesaic {

struct Train {
  std::uint64_t address = 0;  ///< of access 0
  std::uint32_t size = 0;     ///< bytes of one access
  std::uint32_t count = 1;
  std::uint64_t stride = 0;  ///< bytes from one access to the next; == size when contiguous
  Tick period = 0;           ///< time between the arrivals of two accesses; 0: all arrive together

  std::uint64_t bytes() const { return std::uint64_t{size} * count; }
  std::uint64_t address_of(std::uint32_t i) const { return address + std::uint64_t{i} * stride; }
  bool contiguous() const { return count <= 1 || stride == size; }
  /// One contiguous access of `bytes` bytes.
  static Train block(std::uint64_t address, std::uint32_t bytes) { return {address, bytes, 1, bytes, 0}; }
};

/// Typed extension of every data-plane payload. Fields marked (in) are set by the initiator, (out) by the
/// target.
class TrainExtension : public tlm::tlm_extension<TrainExtension> {
 public:
  Train train;                             ///< (in)
  NodeId requester = kNoNode;              ///< (in) die on whose behalf the access is made
  bool accumulate = false;                 ///< (in) writes add to what is there, element type int32
  std::uint64_t destinations = 0;          ///< (in) multicast by the network: bit n is die n; 0: the address
  bool list = false;                       ///< (in) reads of token lists: bytes must come from a core
  std::uint64_t cookie = 0;                ///< (in) private to the initiator
  ActivityId activity = kRootActivity;     ///< (in) the command this access belongs to
  std::uint16_t signal_event = kNoSignal;  ///< (in) writes: event counter at the target die, after the data
  std::uint16_t signal_add = 0;            ///< (in)
  CauseTimes causes{};                     ///< (out) what the time from BEGIN_REQ to BEGIN_RESP was spent on
  bool poisoned = false;                   ///< (out) uncorrectable error: data must not be used

  static constexpr std::uint16_t kNoSignal = 0xFFFF;

  void reset() { *this = TrainExtension(); }
  tlm::tlm_extension_base* clone() const override { return new TrainExtension(*this); }
  void copy_from(const tlm::tlm_extension_base& other) override {
    *this = static_cast<const TrainExtension&>(other);
  }
};

/// The extension of a pooled payload. REQUIRES: the payload came from a PayloadPool.
inline TrainExtension& train_of(tlm::tlm_generic_payload& payload) {
  return *payload.get_extension<TrainExtension>();
}

}  // namespace moesaic
