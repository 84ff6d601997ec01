// SPDX-License-Identifier: Apache-2.0
// The messages by which agents tell the package scheduler what their tokens need, and by which it tells them
// who takes which expert. Bodies are little-endian 16-bit words, words 0..1 the number of the layer in the
// run. Every message stands for itself: they may arrive in any order.
//
//   counts  agent -> scheduler   word 2 first expert; then a word per expert: own tokens that chose it
//   owners  scheduler -> agent   word 2 number of the first entry, word 3 entries in all; then per entry, in
//   load
//                                order, a word for the expert and one for its die
#pragma once

#include <cstdint>
#include <vector>

#include "outbox.h"

namespace moesaic::firmware {

enum PlacementMail : std::uint16_t { kCountsMail = 0x11, kOwnersMail = 0x12 };

struct OwnedExpert {
  std::uint16_t expert, die;
};

/// Messages in which the counts of one die travel.
std::uint32_t counts_mails(std::uint32_t experts);
void send_counts(Outbox& outbox, std::uint16_t scheduler, std::uint32_t layer,
                 const std::vector<std::uint32_t>& counts);
struct Counts {
  std::uint32_t layer;
  std::uint16_t first;
  std::vector<std::uint16_t> counts;
};
Counts read_counts(const moesaic_mail& mail, std::uint32_t experts);

/// One message at least, so that a layer without active experts is known too.
void send_owners(Outbox& outbox, std::uint16_t die, std::uint32_t layer,
                 const std::vector<OwnedExpert>& entries);
struct Owners {
  std::uint32_t layer;
  std::uint16_t first, total;
  std::vector<OwnedExpert> entries;
};
Owners read_owners(const moesaic_mail& mail);

}  // namespace moesaic::firmware
