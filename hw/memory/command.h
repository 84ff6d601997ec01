// SPDX-License-Identifier: Apache-2.0
// One command on the pins of a channel, for traces, tests and energy.
#pragma once

#include <cstdint>

#include "hw/memory/address_decoder.h"

namespace moesaic {

enum class DramCommandKind : std::uint8_t {
  activate_1,  ///< the activate, or its first half where it is split
  activate_2,
  read,
  write,
  precharge,
  precharge_all,  ///< of a rank of a pseudo channel
  refresh,        ///< all banks of a rank of a pseudo channel
  refresh_bank,
  rfm,  ///< all banks of a rank of a pseudo channel
  rfm_bank,
  wck_sync
};

struct DramCommand {
  std::uint64_t half_cycle;  ///< first edge, counted in half cycles of CK
  DramCommandKind kind;
  std::uint8_t pseudo_channel;
  BankId bank;
  std::uint32_t row;
  bool auto_precharge = false;
  bool masked = false;

  std::uint64_t cycle() const { return half_cycle / 2; }
  bool operator==(const DramCommand& other) const {
    return half_cycle == other.half_cycle && kind == other.kind && pseudo_channel == other.pseudo_channel &&
           bank == other.bank && row == other.row && auto_precharge == other.auto_precharge &&
           masked == other.masked;
  }
};

}  // namespace moesaic
