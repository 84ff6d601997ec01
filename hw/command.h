// SPDX-License-Identifier: Apache-2.0
// Internal commands: what the command processor hands to the units of its die after decoding a descriptor. No
// unit but hw/control knows the descriptor format.
#pragma once

#include <systemc>

#include <cstdint>
#include <variant>

#include "hw/context.h"
#include "tlm/address_map.h"
#include "tlm/causal_log.h"
#include "tlm/tick.h"

namespace moesaic {

enum class CommandKind : std::uint8_t {
  load,
  store,
  send,
  ffn,
  gemm,
  attention,
  vector,
  slot_allocate,
  slot_release,
  fence
};

inline constexpr std::uint32_t kNoOffset = 0xFFFF'FFFF;  ///< an operand that is absent
inline constexpr std::uint16_t kNoEvent = 0xFFFF;

/// Adds `add` to event counter `event` of die `node`.
struct Signal {
  NodeId node = kNoNode;
  std::uint16_t event = kNoEvent;
  std::uint16_t add = 0;
  bool present() const { return event != kNoEvent; }
};

/// One entry of a token list in SRAM (12 bytes, little endian; layout: docs/register-map.md).
struct ListEntry {
  std::uint32_t token;    ///< token id: accounting and traces only
  std::uint16_t in_row;   ///< row of the source (x, or the source of a transfer)
  std::uint16_t out_row;  ///< row of the destination (y, or the destination of a transfer)
  std::uint16_t gate;     ///< gate weight, Q1.15; 32768 is 1.0
  std::uint16_t zero;
};
static_assert(sizeof(ListEntry) == 12, "token list entries are 12 bytes");

/// load (memory -> SRAM), store (SRAM -> memory), send (SRAM -> SRAM of another die). Addresses are global
/// (tlm/address_map.h). Rows i = 0..rows-1 move from source + i*source_stride to destination +
/// i*destination_stride; with a list, row i moves from source + list[i].in_row*source_stride to destination +
/// list[i].out_row*stride.
struct Transfer {
  std::uint64_t source = 0;
  std::uint64_t destination = 0;
  std::uint32_t row_bytes = 0;
  std::uint32_t rows = 0;
  std::uint32_t source_stride = 0;
  std::uint32_t destination_stride = 0;
  std::uint32_t list = kNoOffset;
  bool accumulate = false;         ///< send: int32 elements are added to the destination's on arrival
  std::uint8_t priority = 0;       ///< 0 to kHighestPriority
  std::uint64_t destinations = 0;  ///< multicast: bit n is die n; 0: the destination address alone

  bool multicast() const { return destinations != 0; }
  bool goes_to(unsigned node) const {
    return multicast() ? ((destinations >> node) & 1) != 0 : index_of(Address::node(destination)) == node;
  }
};
inline constexpr std::uint8_t kHighestPriority = 7;
inline constexpr unsigned kMostNodes = 64;  ///< of a package: the bits of Transfer::destinations

/// y[out_row] (+)= ((act(x[in_row] . Wg) * (x[in_row] . Wu)) * gate) . Wd for every list entry, over F
/// columns f_begin..f_begin+f_count-1. x: rows of `hidden` int8; Wg, Wu, Wd: f_count rows of `hidden` int8
/// each (row f holds column f of gate and up, and row f of down); y: rows of `hidden` int32. All offsets are
/// in this die's SRAM.
struct FfnSlice {
  std::uint32_t x = 0, y = 0;
  std::uint32_t gate_weights = 0, up_weights = kNoOffset,
                down_weights = 0;  ///< no up_weights: act(x.Wg) alone
  std::uint32_t gate_bias = kNoOffset, up_bias = kNoOffset,
                down_bias = kNoOffset;  ///< int32, f_count/f_count/hidden
  std::uint32_t list = 0;
  std::uint32_t list_count = 0;
  std::uint32_t hidden = 0;
  std::uint32_t f_count = 0;
  std::uint8_t activation = 0;  ///< numerics.h: Activation
  std::uint8_t shift_pre = 0;   ///< requantisation of x.W to int8
  std::uint8_t shift_post = 0;  ///< requantisation of act*up*gate (Q1.15 included) to int8
  bool accumulate = false;      ///< false: y rows are overwritten
  std::uint16_t layer = 0, expert = 0;
  std::uint32_t f_begin = 0;  ///< identity, for accounting and traces; the engine does not compute with it
};

/// y[m][n] (+)= x[m][k] . w[n][k], int8 operands, int32 result; w is stored row per output column.
struct Gemm {
  std::uint32_t x = 0, w = 0, y = 0;
  std::uint32_t m = 0, k = 0, n = 0;
  bool accumulate = false;
};

/// One head, integer softmax (docs/numerics.md): q [m][d], keys and values [n][d], out [m][d]; int8
/// throughout.
struct AttentionStep {
  std::uint32_t q = 0, keys = 0, values = 0, out = 0;
  std::uint32_t m = 0, n = 0, d = 0;
  std::uint8_t shift_score = 0;
};

enum class VectorOp : std::uint8_t { fill, add };
/// fill: rows of int32 set to `value`. add (reduce): y[out_row] += x[in_row], rows of `width` int32; with a
/// list as in FfnSlice, else rows 0..rows-1 in order.
struct Vector {
  VectorOp op = VectorOp::fill;
  std::uint32_t x = kNoOffset, y = 0;
  std::uint32_t width = 0;
  std::uint32_t rows = 0;
  std::uint32_t list = kNoOffset;
  std::int32_t value = 0;
};

/// Declares or retires the SRAM region of a slot. A region must be covered by an allocated slot to be written
/// by DMA, fabric or engine; from another die only by the granted one.
struct SlotOp {
  std::uint16_t slot = 0;
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
  NodeId granted = kNoNode;  ///< die that may write it over the fabric; kNoNode: none; kAnyNode: every die
};
inline constexpr NodeId kAnyNode{0xFFFE};

enum class CommandStatus : std::uint8_t { ok = 0, misuse = 1, poisoned = 2 };

struct Command {
  CommandKind kind = CommandKind::fence;
  std::uint32_t tag = 0;
  std::uint8_t context = 0;  ///< control core it belongs to: 0 agent, 1 scheduler
  std::uint8_t queue = 0;
  bool interrupt = false;  ///< writes a completion entry
  std::uint16_t wait_event = kNoEvent;
  std::uint32_t wait_value = 0;
  Signal signal;        ///< send: applied at the destination behind the data; else when the command is done
  Signal local_signal;  ///< applied at this die when the command is done
  std::variant<std::monostate, Transfer, FfnSlice, Gemm, AttentionStep, Vector, SlotOp> body;

  // Filled on the way.
  std::uint64_t number = 0;                ///< order of issue in this die
  Tick ready = 0;                          ///< all dependencies but the unit have arrived
  ActivityId ready_cause = kRootActivity;  ///< the last of them
  ActivityId activity = kRootActivity;     ///< begun by the unit when it starts
};

/// Begins the command's activity at `start`: caused by what made it ready, or, if the unit became free only
/// later, by the command that had occupied the unit (`previous`, which ended at `unit_free`).
inline void start_activity(CausalLog& log, Command& command, Tick start, NodeId node, UnitId unit,
                           Tick unit_free, ActivityId previous) {
  const bool waited_for_unit = unit_free > command.ready;
  command.activity = log.begin(waited_for_unit ? previous : command.ready_cause,
                               waited_for_unit ? unit_free : command.ready, node, unit, command.tag);
  log.extend(command.activity, Cause::command, start);
}

/// Contract: a unit that executes commands (DMA engine, tensor engine). Called by the command processor.
class CommandUnit : public virtual sc_core::sc_interface {
 public:
  virtual bool can_issue() const = 0;
  /// REQUIRES: can_issue(). The unit owns the command until it calls CommandDone::done with it.
  virtual void issue(Command command) = 0;
};

/// Contract: the command processor's side. Called once per issued command, at the instant it is done.
class CommandDone : public virtual sc_core::sc_interface {
 public:
  virtual void done(const Command& command, CommandStatus status) = 0;
};

}  // namespace moesaic
