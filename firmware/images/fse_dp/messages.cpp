// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/messages.h"

#include <algorithm>

namespace moesaic::firmware::fse_dp {

namespace {

constexpr std::uint32_t kBody = sizeof(moesaic_mail::body);
constexpr std::uint32_t kTableHead = 4;

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

std::uint32_t set_bytes(std::uint32_t dies) {
  return (dies + 7) / 8;
}

}  // namespace

void send_counts(Outbox& outbox, std::uint16_t scheduler, const std::vector<std::uint32_t>& counts) {
  for (std::size_t first = 0; first < counts.size(); first += CountsMail::kRoom) {
    moesaic_mail mail = empty_mail(scheduler, MOESAIC_SCHEDULER, kCountsMail);
    put_word(mail, 0, static_cast<std::uint16_t>(first));
    const std::size_t end = std::min<std::size_t>(counts.size(), first + CountsMail::kRoom);
    for (std::size_t e = first; e < end; ++e)
      mail.body[2 + e - first] =
          static_cast<std::uint8_t>(std::min<std::uint32_t>(counts[e], CountsMail::kMost));
    outbox.send(mail);
  }
}

CountsMail read_counts(const moesaic_mail& mail, std::uint32_t experts) {
  CountsMail out;
  out.first = word(mail, 0);
  const std::uint32_t n = std::min(CountsMail::kRoom, experts - out.first);
  out.counts.assign(mail.body + 2, mail.body + 2 + n);
  return out;
}

std::uint32_t table_room(std::uint32_t dies) {
  return (kBody - kTableHead) / (2 + set_bytes(dies));
}

moesaic_mail table_mail(std::uint16_t die, const std::vector<Trajectory>& table, std::uint32_t first,
                        std::uint32_t dies) {
  moesaic_mail mail = empty_mail(die, MOESAIC_AGENT, kTableMail);
  put_word(mail, 0, static_cast<std::uint16_t>(first));
  put_word(mail, 1, static_cast<std::uint16_t>(table.size()));
  const std::uint32_t end = std::min(static_cast<std::uint32_t>(table.size()), first + table_room(dies));
  std::uint32_t at = kTableHead;
  for (std::uint32_t i = first; i < end; ++i, at += 2 + set_bytes(dies)) {
    put(mail, at, table[i].expert, 2);
    put(mail, at + 2, table[i].dies, set_bytes(dies));
  }
  return mail;
}

TableMail read_table(const moesaic_mail& mail, std::uint32_t dies) {
  TableMail out{word(mail, 0), word(mail, 1), {}};
  const std::uint32_t end = std::min<std::uint32_t>(out.total, out.first + table_room(dies));
  std::uint32_t at = kTableHead;
  for (std::uint32_t i = out.first; i < end; ++i, at += 2 + set_bytes(dies))
    out.entries.push_back({static_cast<std::uint16_t>(get(mail, at, 2)), get(mail, at + 2, set_bytes(dies))});
  return out;
}

moesaic_mail ask_mail(std::uint16_t to, const Ask& ask) {
  moesaic_mail mail = empty_mail(to, MOESAIC_AGENT, kAskMail);
  put_word(mail, 0, ask.expert);
  put_word(mail, 1, ask.slice);
  put_word(mail, 2, ask.entry);
  put_word(mail, 3, ask.slot);
  return mail;
}

Ask read_ask(const moesaic_mail& mail) {
  return {word(mail, 0), word(mail, 1), word(mail, 2), word(mail, 3), mail.source_node};
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

}  // namespace moesaic::firmware::fse_dp
