// SPDX-License-Identifier: Apache-2.0
// What the commands so far forbid the next ones: the earliest start of each kind of command, per bank, bank
// group, rank and pseudo channel. All in half cycles of CK.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "hw/memory/burst_queue.h"
#include "hw/memory/dram_limits.h"

namespace moesaic {

struct DramState {
  struct Bank {
    std::uint64_t row = BurstQueue::kNoRow;
    HalfCycle activate = 0, precharge = 0;
    std::array<HalfCycle, 2> column{};  ///< read, write
    HalfCycle masked = 0;
    std::uint16_t opener = BurstQueue::kNone;  ///< burst that the row was opened for and that goes first
    std::uint8_t opener_queue = 0;
    std::uint8_t group = 0;  ///< over all ranks and stack ids of the channel
    std::uint8_t rank = 0;   ///< over all pseudo channels
    std::uint8_t stack = 0;
    std::uint32_t activates = 0;  ///< rolling accumulated, where the device requires RFM
    bool fresh = false;           ///< no column command since its activate
    bool conflicted = false;      ///< it was precharged for another row
  };
  struct Group {
    HalfCycle activate = 0;
    std::array<HalfCycle, 2> column{};
  };
  struct Rank {
    HalfCycle activate = 0;  ///< tRRD_S, refresh of another bank
    std::array<HalfCycle, 2> column{};
    std::array<HalfCycle, 4> last_activates{};  ///< plus tFAW: when the window opens
    unsigned activates = 0;
    HalfCycle bank_refresh = 0;
    std::uint64_t banks = 0;                     ///< as bits of the pseudo channel
    std::uint64_t open = 0;                      ///< of these, those with an open row
    std::uint64_t wants_rfm = 0, needs_rfm = 0;  ///< of these, those at their initial, maximum threshold
    HalfCycle rfm_since = kNoHalfCycle;          ///< from when on an RFM keeps all banks
    std::uint8_t pseudo_channel = 0;
    std::uint32_t pending = 0;  ///< bursts in the queues
  };
  struct PseudoChannel {
    HalfCycle precharge = 0;  ///< tPPD
    HalfCycle other_stack = 0;
    HalfCycle data_end = 0;
    std::uint8_t last_stack = 0, last_rank = 0;
    std::uint64_t openers = 0;  ///< banks whose opener has not been served
  };

  explicit DramState(const MemoryParams& p)
      : limits(p),
        switching(p.organisation.ranks > 1 ||
                  (p.organisation.stack_ids > 1 && p.timing.ccd_stack_cycles > 0)) {
    const DramOrganisation& o = p.organisation;
    const unsigned per_stack = o.bank_groups * o.banks_per_group;
    pseudo_channels.resize(o.pseudo_channels);
    ranks.resize(o.pseudo_channels * o.ranks);
    groups.resize(o.pseudo_channels * o.banks() / o.banks_per_group);
    for (unsigned pc = 0; pc < o.pseudo_channels; ++pc) {
      for (unsigned b = 0; b < o.banks(); ++b) {
        Bank& bank = banks[pc * BurstQueue::kBanks + b];
        bank.group = static_cast<std::uint8_t>((pc * o.banks() + b) / o.banks_per_group);
        bank.stack = static_cast<std::uint8_t>(b / per_stack % o.stack_ids);
        bank.rank = static_cast<std::uint8_t>(pc * o.ranks + b / (per_stack * o.stack_ids));
        ranks[bank.rank].banks |= std::uint64_t{1} << b;
        ranks[bank.rank].pseudo_channel = static_cast<std::uint8_t>(pc);
      }
    }
  }

  /// Device constraints only; a command bus has its own.
  HalfCycle activate_from(const Bank& bank) const {
    const Rank& rank = ranks[bank.rank];
    return std::max(
        {bank.activate, rank.activate, groups[bank.group].activate, rank.last_activates[rank.activates % 4]});
  }
  HalfCycle precharge_from(const Bank& bank, unsigned pc) const {
    return std::max(bank.precharge, pseudo_channels[pc].precharge);
  }
  HalfCycle column_from(const Bank& bank, unsigned pc, bool write) const {
    const HalfCycle at =
        std::max({bank.column[write], ranks[bank.rank].column[write], groups[bank.group].column[write]});
    return switching ? std::max(at, switch_from(bank, pc, write)) : at;
  }

  DramLimits limits;
  bool switching;  ///< other ranks or stack ids of a pseudo channel cost
  std::array<Bank, BurstQueue::kPseudoChannels * BurstQueue::kBanks> banks{};
  std::vector<Group> groups;
  std::vector<Rank> ranks;
  std::vector<PseudoChannel> pseudo_channels;

 private:
  HalfCycle switch_from(const Bank& bank, unsigned pc, bool write) const {
    const PseudoChannel& p = pseudo_channels[pc];
    HalfCycle at = bank.stack == p.last_stack ? 0 : p.other_stack;
    if (bank.rank != p.last_rank) at = std::max(at, p.data_end + limits.rank_switch - limits.data[write]);
    return at;
  }
};

}  // namespace moesaic
