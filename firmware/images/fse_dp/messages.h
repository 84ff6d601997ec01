// SPDX-License-Identifier: Apache-2.0
// The messages of FSE-DP, each complete in itself, so that they may arrive in any order. Words of a body are
// little-endian, 16 bits.
//
//   counts      agent -> scheduler  word 0 first expert, word 1 wave; then a byte per expert: own tokens that
//                                   chose it, at most 255 (the result needs only whether there are any)
//   table       scheduler -> agent  word 0 number of the first entry, word 1 entries in all, a byte how many
//                                   are here; then per entry a word for the expert, a byte for the place of
//                                   entry and one for the place after this die where the options ask for
//                                   them, and a bit per place of the ring for the dies of its trajectory
//   finished    agent -> scheduler  expert: all its visits here are over
//   ask         die -> next die     expert, slice, place of entry, own slot, level: "I have this for you"
//   grant       next die -> die     own slot of the asker, granted slot, lane, words 3..4 number of the
//                                   grant: "send"
//   room        agent -> memories   word 0 free slots
//   enter       memory -> agent     expert, slice: "load this from me"
//   entered     agent -> memory     that load is done
// With token buffering (token_buffer.h), before the first wave of a layer:
//   layer counts agent -> scheduler as counts, of all waves together
//   cold        scheduler -> agent  word 0 first expert; then a bit per expert
//   candidates  agent -> scheduler  word 0 how many in all, a byte how many here; then 4 bytes request, 2
//                                   passes
//   defer       scheduler -> agent  the same with requests alone
#pragma once

#include <optional>
#include <vector>

#include "firmware/images/fse_dp/settings.h"
#include "firmware/lib/outbox.h"
#include "firmware/lib/ring.h"
#include "firmware/sdk/address.h"

namespace moesaic::firmware::fse_dp {

enum MailKind : std::uint16_t {
  kCountsMail = 1,
  kTableMail = 2,
  kAskMail = 3,
  kGrantMail = 4,
  kFinishedMail = 5,
  kRoomMail = 6,
  kEnterMail = 7,
  kEnteredMail = 8,
  kLayerCountsMail = 9,
  kColdMail = 10,
  kCandidatesMail = 11,
  kDeferMail = 12,
};

/// Slices enter where their memory says, not all at one place.
inline constexpr RingPlace kByMemory = 0xFF;

/// A trajectory: the dies that hold tokens for an expert, and their order as one of them sees it.
struct Trajectory {
  std::uint16_t expert = 0;
  DieSet dies = 0;
  RingPlace entry = kByMemory;
  RingPlace next = 0;  ///< after the die that is told; only with RingOrder::shortest
};

struct CountsMail {
  static constexpr std::uint32_t kRoom = sizeof(moesaic_mail::body) - 4;
  static constexpr std::uint8_t kMost = 255;
  static std::uint32_t mails(std::uint32_t experts) { return divide_up(experts, kRoom); }
  std::uint16_t first, wave;
  std::vector<std::uint8_t> counts;  ///< kRoom of them, or up to the last expert
};
void send_counts(Outbox& outbox, std::uint16_t scheduler, MailKind kind, std::uint32_t wave,
                 const std::vector<std::uint32_t>& counts);
CountsMail read_counts(const moesaic_mail& mail, std::uint32_t experts);

void send_cold(Outbox& outbox, std::uint16_t die, const std::vector<bool>& cold);
/// Fills in the experts of a message; how many they are.
std::uint32_t read_cold(const moesaic_mail& mail, std::vector<bool>& cold);

/// A request that needs an expert with few tokens, and the forward passes it has behind it.
struct Candidate {
  std::uint32_t request, pass;
};
struct CandidatesMail {
  std::uint32_t total;  ///< that the die names
  std::vector<Candidate> entries;
};
void send_candidates(Outbox& outbox, std::uint16_t scheduler, const std::vector<Candidate>& named);
CandidatesMail read_candidates(const moesaic_mail& mail);

struct DeferMail {
  std::uint32_t total;
  std::vector<std::uint32_t> requests;
};
void send_deferrals(Outbox& outbox, std::uint16_t die, const std::vector<std::uint32_t>& requests);
DeferMail read_deferrals(const moesaic_mail& mail);

struct TableMail {
  std::uint16_t first = 0, total = 0;
  std::vector<Trajectory> entries;
};
/// How entries are written: which parts, and how many dies there are.
struct TableFormat {
  TableFormat(std::uint32_t dies, const Settings& settings)
      : set_bytes((dies + 7) / 8), entry(settings.entry_in_table()), next(settings.next_in_table()) {}
  std::uint32_t entry_bytes() const { return 2u + (entry ? 1 : 0) + (next ? 1 : 0) + set_bytes; }
  /// Entries that one message holds.
  std::uint32_t room() const;
  std::uint32_t set_bytes;
  bool entry, next;
};
/// The message with the entries from `first` on, of `total` that the die will get.
moesaic_mail table_mail(std::uint16_t die, const std::vector<Trajectory>& table, std::uint32_t first,
                        std::uint32_t total, const TableFormat& format);
TableMail read_table(const moesaic_mail& mail, const TableFormat& format);

struct Ask {
  std::uint16_t expert, slice, entry, slot, level;
  std::uint16_t from;  ///< die
};
moesaic_mail ask_mail(std::uint16_t to, const Ask& ask);
Ask read_ask(const moesaic_mail& mail);

struct Grant {
  std::uint16_t asker_slot, slot, lane;
  std::uint32_t number;  ///< of the grants by this die to that one
  std::uint16_t from;    ///< die
};
moesaic_mail grant_mail(std::uint16_t to, const Grant& grant);
Grant read_grant(const moesaic_mail& mail);

/// Messages of one or two words: finished, room, enter, entered.
moesaic_mail words_mail(std::uint16_t to, moesaic_role role, MailKind kind, std::uint16_t first,
                        std::uint16_t second = 0);
std::uint16_t mail_word(const moesaic_mail& mail, std::uint32_t number);

}  // namespace moesaic::firmware::fse_dp
