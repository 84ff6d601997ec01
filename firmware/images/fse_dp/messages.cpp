// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/messages.h"

#include <algorithm>

namespace moesaic::firmware::fse_dp {

namespace {

constexpr std::uint32_t kBody = sizeof(moesaic_mail::body);
constexpr std::uint32_t kTableHead = 5;
constexpr std::uint32_t kListHead = 4;  // of candidates and deferrals

moesaic_mail empty_mail(std::uint16_t to, moesaic_role role, MailKind kind) {
  moesaic_mail mail{};
  mail.node = to;
  mail.context = role;
  mail.kind = kind;
  return mail;
}

void put(moesaic_mail& mail, std::uint32_t at, std::uint64_t value, std::uint32_t bytes) {
  for (std::uint32_t i = 0; i < bytes; ++i) mail.body[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}
std::uint64_t get(const moesaic_mail& mail, std::uint32_t at, std::uint32_t bytes) {
  std::uint64_t value = 0;
  for (std::uint32_t i = 0; i < bytes; ++i) value |= std::uint64_t{mail.body[at + i]} << (8 * i);
  return value;
}
std::uint16_t word(const moesaic_mail& mail, std::uint32_t number) {
  return static_cast<std::uint16_t>(get(mail, 2 * number, 2));
}
void put_word(moesaic_mail& mail, std::uint32_t number, std::uint16_t value) {
  put(mail, 2 * number, value, 2);
}

}  // namespace

void send_counts(Outbox& outbox, std::uint16_t scheduler, MailKind kind, std::uint32_t wave,
                 const std::vector<std::uint32_t>& counts) {
  for (std::size_t first = 0; first < counts.size(); first += CountsMail::kRoom) {
    moesaic_mail mail = empty_mail(scheduler, MOESAIC_SCHEDULER, kind);
    put_word(mail, 0, static_cast<std::uint16_t>(first));
    put_word(mail, 1, static_cast<std::uint16_t>(wave));
    const std::size_t end = std::min<std::size_t>(counts.size(), first + CountsMail::kRoom);
    for (std::size_t e = first; e < end; ++e)
      mail.body[4 + e - first] =
          static_cast<std::uint8_t>(std::min<std::uint32_t>(counts[e], CountsMail::kMost));
    outbox.send(mail);
  }
}

CountsMail read_counts(const moesaic_mail& mail, std::uint32_t experts) {
  CountsMail out;
  out.first = word(mail, 0);
  out.wave = word(mail, 1);
  const std::uint32_t n = std::min(CountsMail::kRoom, experts - out.first);
  out.counts.assign(mail.body + 4, mail.body + 4 + n);
  return out;
}

void send_cold(Outbox& outbox, std::uint16_t die, const std::vector<bool>& cold) {
  constexpr std::size_t kBits = 8 * (kBody - 2);
  for (std::size_t first = 0; first < cold.size(); first += kBits) {
    moesaic_mail mail = empty_mail(die, MOESAIC_AGENT, kColdMail);
    put_word(mail, 0, static_cast<std::uint16_t>(first));
    for (std::size_t e = first; e < std::min(cold.size(), first + kBits); ++e)
      if (cold[e]) mail.body[2 + (e - first) / 8] |= static_cast<std::uint8_t>(1u << (e - first) % 8);
    outbox.send(mail);
  }
}

std::uint32_t read_cold(const moesaic_mail& mail, std::vector<bool>& cold) {
  constexpr std::size_t kBits = 8 * (kBody - 2);
  const std::size_t first = word(mail, 0), end = std::min(cold.size(), first + kBits);
  for (std::size_t e = first; e < end; ++e)
    cold[e] = (mail.body[2 + (e - first) / 8] >> (e - first) % 8 & 1) != 0;
  return static_cast<std::uint32_t>(end - first);
}

void send_candidates(Outbox& outbox, std::uint16_t scheduler, const std::vector<Candidate>& named) {
  std::size_t first = 0;
  do {
    moesaic_mail mail = empty_mail(scheduler, MOESAIC_SCHEDULER, kCandidatesMail);
    const std::size_t end = std::min<std::size_t>(named.size(), first + (kBody - kListHead) / 6);
    put_word(mail, 0, static_cast<std::uint16_t>(named.size()));
    mail.body[2] = static_cast<std::uint8_t>(end - first);
    for (std::uint32_t at = kListHead; first < end; ++first, at += 6) {
      put(mail, at, named[first].request, 4);
      put(mail, at + 4, std::min<std::uint32_t>(named[first].pass, 0xFFFF), 2);
    }
    outbox.send(mail);
  } while (first < named.size());
}

CandidatesMail read_candidates(const moesaic_mail& mail) {
  CandidatesMail out{word(mail, 0), {}};
  for (std::uint32_t i = 0, at = kListHead; i < mail.body[2]; ++i, at += 6)
    out.entries.push_back(
        {static_cast<std::uint32_t>(get(mail, at, 4)), static_cast<std::uint32_t>(get(mail, at + 4, 2))});
  return out;
}

void send_deferrals(Outbox& outbox, std::uint16_t die, const std::vector<std::uint32_t>& requests) {
  std::size_t first = 0;
  do {
    moesaic_mail mail = empty_mail(die, MOESAIC_AGENT, kDeferMail);
    const std::size_t end = std::min<std::size_t>(requests.size(), first + (kBody - kListHead) / 4);
    put_word(mail, 0, static_cast<std::uint16_t>(requests.size()));
    mail.body[2] = static_cast<std::uint8_t>(end - first);
    for (std::uint32_t at = kListHead; first < end; ++first, at += 4) put(mail, at, requests[first], 4);
    outbox.send(mail);
  } while (first < requests.size());
}

DeferMail read_deferrals(const moesaic_mail& mail) {
  DeferMail out{word(mail, 0), {}};
  for (std::uint32_t i = 0, at = kListHead; i < mail.body[2]; ++i, at += 4)
    out.requests.push_back(static_cast<std::uint32_t>(get(mail, at, 4)));
  return out;
}

std::uint32_t TableFormat::room() const {
  return (kBody - kTableHead) / entry_bytes();
}

moesaic_mail table_mail(std::uint16_t die, const std::vector<Trajectory>& table, std::uint32_t first,
                        std::uint32_t total, const TableFormat& format) {
  moesaic_mail mail = empty_mail(die, MOESAIC_AGENT, kTableMail);
  put_word(mail, 0, static_cast<std::uint16_t>(first));
  put_word(mail, 1, static_cast<std::uint16_t>(total));
  const std::uint32_t end = std::min(static_cast<std::uint32_t>(table.size()), first + format.room());
  mail.body[4] = static_cast<std::uint8_t>(end - first);
  std::uint32_t at = kTableHead;
  const auto add = [&](std::uint64_t value, std::uint32_t bytes) {
    put(mail, at, value, bytes), at += bytes;
  };
  for (std::uint32_t i = first; i < end; ++i) {
    add(table[i].expert, 2);
    if (format.entry) add(table[i].entry, 1);
    if (format.next) add(table[i].next, 1);
    add(table[i].dies, format.set_bytes);
  }
  return mail;
}

TableMail read_table(const moesaic_mail& mail, const TableFormat& format) {
  TableMail out{word(mail, 0), word(mail, 1), {}};
  std::uint32_t at = kTableHead;
  const auto take = [&](std::uint32_t bytes) { return at += bytes, get(mail, at - bytes, bytes); };
  for (std::uint32_t i = 0; i < mail.body[4]; ++i) {
    Trajectory t;
    t.expert = static_cast<std::uint16_t>(take(2));
    if (format.entry) t.entry = static_cast<RingPlace>(take(1));
    if (format.next) t.next = static_cast<RingPlace>(take(1));
    t.dies = take(format.set_bytes);
    out.entries.push_back(t);
  }
  return out;
}

moesaic_mail ask_mail(std::uint16_t to, const Ask& ask) {
  moesaic_mail mail = empty_mail(to, MOESAIC_AGENT, kAskMail);
  put_word(mail, 0, ask.expert);
  put_word(mail, 1, ask.slice);
  put_word(mail, 2, ask.entry);
  put_word(mail, 3, ask.slot);
  put_word(mail, 4, ask.level);
  return mail;
}

Ask read_ask(const moesaic_mail& mail) {
  return {word(mail, 0), word(mail, 1), word(mail, 2), word(mail, 3), word(mail, 4), mail.source_node};
}

moesaic_mail grant_mail(std::uint16_t to, const Grant& grant) {
  moesaic_mail mail = empty_mail(to, MOESAIC_AGENT, kGrantMail);
  put_word(mail, 0, grant.asker_slot);
  put_word(mail, 1, grant.slot);
  put_word(mail, 2, grant.lane);
  put(mail, 6, grant.number, 4);
  return mail;
}

Grant read_grant(const moesaic_mail& mail) {
  return {word(mail, 0), word(mail, 1), word(mail, 2), static_cast<std::uint32_t>(get(mail, 6, 4)),
          mail.source_node};
}

moesaic_mail words_mail(std::uint16_t to, moesaic_role role, MailKind kind, std::uint16_t first,
                        std::uint16_t second) {
  moesaic_mail mail = empty_mail(to, role, kind);
  put_word(mail, 0, first);
  put_word(mail, 1, second);
  return mail;
}

std::uint16_t mail_word(const moesaic_mail& mail, std::uint32_t number) {
  return word(mail, number);
}

}  // namespace moesaic::firmware::fse_dp
