// SPDX-License-Identifier: Apache-2.0
// What every hardware module of a package shares: time, payloads, the causal log, and where faults, finished
// work and test injections go. One object per simulation, passed by reference; there are no globals.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tlm/address_map.h"
#include "tlm/causal_log.h"
#include "tlm/event_wheel.h"
#include "tlm/payload_pool.h"
#include "tlm/trace.h"
#include "tlm/train.h"
#include "tlm/wheel_process.h"

namespace moesaic {

/// A misuse by an image or an uncorrectable error that the modelled hardware has detected.
struct Fault {
  NodeId node;
  UnitId unit;
  std::uint32_t tag;  ///< tag of the command concerned
  Tick at;
  std::string what;  ///< one sentence: what was wrong, with values, and what would have been right
};

/// Contract: hardware reports and goes on in a defined way (the command ends with an error status); the run
/// prints the first fault with image, die, command and time, and stops.
class FaultSink {
 public:
  virtual void report(Fault fault) = 0;

 protected:
  ~FaultSink() = default;
};

/// One retired FFN slice, as its descriptor identifies it; what conservation is counted from.
struct RetiredSlice {
  NodeId node;
  std::uint16_t layer;
  std::uint16_t expert;
  std::uint32_t f_begin;
  std::uint32_t f_count;
  std::vector<std::uint32_t> tokens;  ///< token ids from the token list, in list order
};

/// Bytes that a store has brought to a memory, one train of its DMA engine; what saved outputs are counted
/// from.
struct StoredRows {
  NodeId node;  ///< die of the DMA engine
  std::uint32_t tag;
  Tick at;
  Train rows;  ///< global addresses
};

/// Contract: retired() is called once per compute that changed its output, when it retires; stored() once per
/// train of a store, when the memory has taken it.
class WorkObserver {
 public:
  virtual void retired(const RetiredSlice& slice) = 0;
  virtual void stored(const StoredRows&) {}

 protected:
  ~WorkObserver() = default;
};

/// Where a test or an experiment may corrupt bytes on their way (functional mode).
enum class InjectionPoint : std::uint8_t { link, sram_write };

/// 64-bit words of one read from memory that have one wrong bit, and more than one.
struct WordErrors {
  std::uint64_t single = 0;
  std::uint64_t multiple = 0;
};

class Injector {
 public:
  /// Contract: called for every passing transaction of functional mode; may change the bytes, nothing else.
  virtual void pass(InjectionPoint point, NodeId node, std::uint8_t* data, std::uint64_t bytes) = 0;
  /// Contract: called once for every read of a die's memory, in both modes, in the order in which the device
  /// returns them. Says what is wrong with it and, where there are bytes (`data` is not null), does it.
  virtual WordErrors memory_read(NodeId node, std::uint8_t* data, std::uint64_t bytes) = 0;
  /// A load is about to start; may change its source address.
  virtual void load(NodeId node, std::uint64_t& source) = 0;

 protected:
  ~Injector() = default;
};

struct HwContext {
  EventWheel& wheel;
  WheelProcess& process;
  PayloadPool& pool;
  CausalLog& log;
  FaultSink& faults;
  WorkObserver& work;
  Injector* injector = nullptr;  ///< null: nothing is injected
  TraceSink* trace = nullptr;    ///< null: nothing is recorded
};

}  // namespace moesaic
