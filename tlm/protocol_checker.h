// SPDX-License-Identifier: Apache-2.0
// An in-line checker of the TLM base protocol as this project speaks it (IEEE 1666-2011 15.2), bound between
// an initiator and a target.
//
// Models: nothing; it passes every call on unchanged. While a transaction is under way it holds a reference
// to the payload, so a payload cannot be reused unseen. Does not model: DMI (refused). The D2D sockets have
// their own protocol and their own checker (hw/d2d). Time: none; calls pass at the instant they are made.
// Debug: a violation goes to the handler with rule, place, time and values; the default handler panics.
#pragma once

#include <tlm.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "tlm/ports.h"
#include "tlm/train.h"

namespace moesaic {

/// One rule each; sentences and sections of the standard are in protocol_checker.cpp.
enum class ProtocolRule : std::uint8_t {
  forward_phase,
  backward_phase,
  request_exclusion,
  response_exclusion,
  begin_req_repeated,
  end_req_unmatched,
  response_unmatched,
  response_repeated,
  end_resp_unmatched,
  return_value,
  attributes_changed,
  attributes_invalid,
  train_mismatch,
  response_status,
  reference_count,
  delay_not_zero,
  blocking_delay,
  debug_length,
  not_drained,
  count
};
inline constexpr std::size_t kProtocolRuleCount = static_cast<std::size_t>(ProtocolRule::count);
/// The rule as a sentence.
const char* describe(ProtocolRule rule);

struct ProtocolViolation {
  ProtocolRule rule;
  std::string where;  ///< hierarchical name of the checker
  Tick at;
  std::string detail;
  std::string text() const;
};

class ProtocolChecker : public sc_core::sc_module {
 public:
  using Handler = std::function<void(const ProtocolViolation&)>;

  /// Without a handler, a violation is a panic.
  explicit ProtocolChecker(const sc_core::sc_module_name& name, Handler handler = {});

  tlm_utils::simple_target_socket<ProtocolChecker> in;      ///< towards the initiator
  tlm_utils::simple_initiator_socket<ProtocolChecker> out;  ///< towards the target

  /// Reports every transaction that is still under way; for the end of a run that should have drained.
  void check_drained();
  std::size_t under_way() const { return under_way_.size(); }
  std::uint64_t completed() const { return completed_; }

 private:
  enum class State : std::uint8_t { request, accepted, response };
  struct Attributes {
    tlm::tlm_command command;
    std::uint64_t address;
    const unsigned char* data;
    unsigned length;
    const unsigned char* byte_enable;
    unsigned byte_enable_length;
    unsigned streaming_width;
    Train train;
  };
  struct Transaction {
    tlm::tlm_generic_payload* payload;
    State state;
    Attributes attributes;
  };

  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&);
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&);
  void blocking(tlm::tlm_generic_payload&, sc_core::sc_time&);
  unsigned debug(tlm::tlm_generic_payload&);

  void begin_request(tlm::tlm_generic_payload&);
  void begin_response(tlm::tlm_generic_payload&);
  void forward_returned(tlm::tlm_generic_payload&, const tlm::tlm_phase& called, tlm::tlm_sync_enum,
                        const tlm::tlm_phase&);
  void backward_returned(tlm::tlm_generic_payload&, const tlm::tlm_phase& called, tlm::tlm_sync_enum,
                         const tlm::tlm_phase&);
  void end_request(tlm::tlm_generic_payload&);
  void end_response(tlm::tlm_generic_payload&);
  void check_new(const tlm::tlm_generic_payload&);
  void check_unchanged(const tlm::tlm_generic_payload&, const Attributes&);
  void check_references(const tlm::tlm_generic_payload&);
  void check_delay(const sc_core::sc_time&);
  void finish(tlm::tlm_generic_payload&);
  Transaction* find(const tlm::tlm_generic_payload&);
  void violation(ProtocolRule, const tlm::tlm_generic_payload*, const std::string& detail);
  static Attributes attributes_of(const tlm::tlm_generic_payload&);

  Handler handler_;
  std::vector<Transaction> under_way_;  // in order of BEGIN_REQ
  std::uint64_t completed_ = 0;
};

/// Binds `from` to `to`; with `checkers`, through a new checker that is added to them.
void bind_ports(const std::string& name, RequestPort& from, ServicePort& to,
                std::vector<std::unique_ptr<ProtocolChecker>>* checkers = nullptr);

}  // namespace moesaic
