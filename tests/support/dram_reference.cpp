// SPDX-License-Identifier: Apache-2.0
#include "tests/support/dram_reference.h"

#include <algorithm>
#include <deque>

#include "tests/support/dram_rules.h"

namespace moesaic::memory_test {

using Kind = DramCommandKind;

namespace {

struct Burst {
  std::uint64_t order;
  std::int64_t visible;
  unsigned pc, bank;
  std::uint32_t row;
  bool write, masked;
  bool counted = true;  ///< holds a place in its queue
};

/// Something that could be issued: smaller (time + weight, urgency, order) first.
struct Option {
  std::int64_t at, key;
  int urgency;
  std::uint64_t order;
  DramCommand command;
  std::uint64_t burst;  ///< order of the burst it serves; ~0: none
};

bool less(const Option& a, const Option& b) {
  if (a.key != b.key) return a.key < b.key;
  return a.urgency != b.urgency ? a.urgency < b.urgency : a.order < b.order;
}

class Reference {
 public:
  Reference(const MemoryParams& p, const std::vector<ReferenceRequest>& requests)
      : p_(p), c_(p.controller), rules_(p), decoder_(p.address_map, p.organisation) {
    open_.assign(p.organisation.pseudo_channels, std::vector<std::int64_t>(p.organisation.banks(), -1));
    for (auto& queue : overtaken_)
      queue.assign(p.organisation.pseudo_channels, std::vector<unsigned>(p.organisation.banks(), 0));
    opener_.assign(p.organisation.pseudo_channels, std::vector<std::uint64_t>(p.organisation.banks(), kNone));
    const unsigned ranks = p.organisation.pseudo_channels * p.organisation.ranks;
    refreshes_.resize(ranks);
    const std::int64_t interval =
        2 * std::int64_t{per_bank() ? p.timing.refi_bank_cycles : p.timing.refi_cycles};
    for (unsigned r = 0; r < ranks; ++r)
      refreshes_[r].due = interval - 2 * std::int64_t{c_.refresh_stagger_cycles} * r % interval;
    for (const ReferenceRequest& r : requests) arrive(r);
  }

  std::vector<DramCommand> run() {
    for (now_ = 0; !sides_[0].empty() || !sides_[1].empty() || !bursts_.empty(); ++now_) {
      while (step()) {
      }
    }
    return history_;
  }

 private:
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  struct Refresh {
    std::int64_t due = 0;
    int owed = 0;
    std::vector<unsigned> remaining;
    int chosen = -1;
  };

  bool per_bank() const { return c_.refresh_policy == RefreshPolicy::per_bank; }
  bool split() const {
    return c_.write_drain == WriteDrain::watermarks || c_.scheduler == DramScheduler::grp_fr_fcfs;
  }
  bool first_ready() const {
    return c_.scheduler == DramScheduler::first_ready || c_.scheduler == DramScheduler::first_ready_row_hit;
  }
  unsigned per_rank() const { return p_.organisation.banks() / p_.organisation.ranks; }
  std::int64_t weight(Kind kind) const { return first_ready() ? 0 : rules_.length(kind); }

  void arrive(const ReferenceRequest& r) {
    const std::uint64_t size = p_.organisation.burst_bytes;
    for (std::uint64_t a = r.address / size * size; a < r.address + r.bytes; a += size) {
      const auto place = decoder_.decode(a);
      const bool masked = r.write && p_.timing.ccd_masked_write_cycles > 0 &&
                          (a < r.address || a + size > r.address + r.bytes);
      sides_[r.write].push_back({0, static_cast<std::int64_t>(2 * r.cycle), place.pseudo_channel,
                                 index_of(place.bank), place.row, r.write, masked});
    }
  }

  unsigned held(int write) const {  // 2: both
    unsigned n = 0;
    for (const Burst& b : bursts_) n += b.counted && (write == 2 || b.write == (write == 1));
    return n;
  }
  bool room(bool write) const {
    if (c_.queue_layout == QueueLayout::read_write)
      return held(write) < (write ? c_.write_queue_bursts : c_.read_queue_bursts);
    if (c_.queue_layout == QueueLayout::shared) return held(2) < c_.shared_queue_bursts;
    unsigned n = 0;
    for (const Burst& b : bursts_) n += b.counted && b.pc == last_.pc && b.bank == last_.bank;
    return n < c_.bank_queue_bursts;
  }
  void refill() {
    for (const bool write : {false, true}) {
      auto& side = sides_[write];
      while (!side.empty() && side.front().visible <= now_ && room(write)) {
        last_ = side.front();
        side.pop_front();
        last_.order = next_order_++;
        bursts_.push_back(last_);
      }
    }
  }

  // One decision; true: a command went out at this half cycle.
  bool step() {
    refill();
    if (c_.refresh_policy != RefreshPolicy::none) {
      for (Refresh& r : refreshes_) {
        for (; now_ >= r.due; ++r.owed)
          r.due += 2 * std::int64_t{per_bank() ? p_.timing.refi_bank_cycles : p_.timing.refi_cycles};
      }
    }
    if (c_.write_drain == WriteDrain::watermarks) turn();
    std::vector<Option> rows, columns;
    refresh_options(rows);
    burst_options(rows, columns);
    const auto best = [](std::vector<Option>& options) {
      return options.empty() ? nullptr : &*std::min_element(options.begin(), options.end(), less);
    };
    if (half_activated_) return between_halves(best(rows), best(columns));
    if (p_.command_bus.bus == CommandBus::row_column) {
      if (const Option* o = best(columns); o != nullptr && o->at == now_) return issue(*o);
      if (const Option* o = best(rows); o != nullptr && o->at == now_) return issue(*o);
      return false;
    }
    rows.insert(rows.end(), columns.begin(), columns.end());
    const Option* o = best(rows);
    return o != nullptr && o->at == now_ && issue(*o);
  }

  bool between_halves(const Option* row, const Option* column) {
    const Option* o = column == nullptr || (row != nullptr && less(*row, *column)) ? row : column;
    if (o != nullptr && o->at == now_) {
      const bool cas = o == column && p_.command_bus.wck_sync && now_ >= wck_off_;
      if (now_ + (cas ? 2 : 0) < half_by_) return issue(*o);
    }
    if (now_ < bus_[0]) return false;
    half_activated_ = false;
    DramCommand second = history_[activate_at_];
    second.kind = Kind::activate_2;
    second.half_cycle = static_cast<std::uint64_t>(now_);
    history_.push_back(second);
    bus_[0] = bus_[1] = now_ + rules_.length(Kind::activate_2);
    return true;
  }

  void turn() {
    unsigned reads = held(0), writes = held(1);
    const unsigned counted = writes;
    if (!first_ready()) {
      reads = writes = 0;
      for (const Burst& b : bursts_) ++(b.write ? writes : reads);
    }
    if (reads == 0 && writes == 0) return;
    std::int64_t oldest = std::int64_t{1} << 60;
    for (const Burst& b : bursts_) {
      if (b.write) {
        oldest = b.visible;
        break;
      }
    }
    const bool old = oldest + 2 * std::int64_t{c_.write_patience_cycles} <= now_;
    bool leave = false;
    if (!writing_) {
      leave = reads == 0 ||
              (writes > 0 && served_ >= c_.read_batch_bursts && (counted >= c_.write_high_bursts || old));
    } else {
      leave = writes == 0 ||
              (reads > 0 && (served_ >= c_.write_batch_bursts || (counted <= c_.write_low_bursts && !old)));
    }
    if (!leave) return;
    writing_ = !writing_;
    served_ = 0;
  }

  DramCommand command(Kind kind, unsigned pc, unsigned bank, std::uint32_t row) const {
    return {0, kind, static_cast<std::uint8_t>(pc), BankId(static_cast<std::uint8_t>(bank)), row};
  }
  void offer(std::vector<Option>& to, DramCommand c, int urgency, std::uint64_t order,
             std::uint64_t burst) const {
    const bool column = c.kind == Kind::read || c.kind == Kind::write;
    std::int64_t at = std::max({now_, bus_[column], rules_.earliest(history_, c)});
    const bool falling = (c.kind == Kind::precharge || c.kind == Kind::precharge_all) &&
                         p_.command_bus.precharge_half_cycles % 2 != 0;
    if (!falling) at += at % 2;
    c.half_cycle = static_cast<std::uint64_t>(at);
    to.push_back({at, at + weight(c.kind), urgency, order, c, burst});
  }

  // --- refresh --------------------------------------------------------------------------------------------

  void refresh_options(std::vector<Option>& rows) {
    blocked_.assign(p_.organisation.pseudo_channels, std::vector<bool>(p_.organisation.banks(), false));
    std::vector<Option> found;
    bool first = true;
    for (unsigned r = 0; r < refreshes_.size(); ++r) {
      if (refreshes_[r].owed <= 0) continue;
      const unsigned pc = r / p_.organisation.ranks, base = r % p_.organisation.ranks * per_rank();
      if (!c_.refresh_holds_channel || first) {
        per_bank() ? refresh_bank(r, pc, base, found) : refresh_rank(pc, base, found);
      }
      first = false;
    }
    if (!first && c_.refresh_holds_channel) {
      for (auto& pc : blocked_) pc.assign(pc.size(), true);
    }
    if (!half_activated_) rows.insert(rows.end(), found.begin(), found.end());
  }
  void refresh_rank(unsigned pc, unsigned base, std::vector<Option>& out) {
    bool open = false, wait = false;
    for (unsigned b = base; b < base + per_rank(); ++b) {
      blocked_[pc][b] = true;
      open |= open_[pc][b] >= 0;
      wait |= opener_[pc][b] != kNone;
    }
    if (wait) return;
    offer(out, command(open ? Kind::precharge_all : Kind::refresh, pc, base, 0), 0, 0, kNone);
  }
  // The banks that a per-bank refresh takes with this one: `refresh_banks` of the rank, equally far apart.
  std::vector<unsigned> together(unsigned bank) const {
    std::vector<unsigned> out;
    const unsigned apart = per_rank() / p_.timing.refresh_banks;
    for (unsigned i = 0; i < p_.timing.refresh_banks; ++i) out.push_back(bank + i * apart);
    return out;
  }
  bool waits(unsigned pc, unsigned bank) const {
    return std::any_of(bursts_.begin(), bursts_.end(),
                       [&](const Burst& x) { return x.pc == pc && x.bank == bank; });
  }
  void refresh_bank(unsigned r, unsigned pc, unsigned base, std::vector<Option>& out) {
    Refresh& refresh = refreshes_[r];
    if (refresh.chosen < 0) {
      if (refresh.remaining.empty())
        for (unsigned b = base; b < base + per_rank() / p_.timing.refresh_banks; ++b)
          refresh.remaining.push_back(b);
      std::size_t pick = 0;
      for (std::size_t i = 0; !c_.refresh_holds_channel && i < refresh.remaining.size(); ++i) {
        const auto banks = together(refresh.remaining[i]);
        if (std::any_of(banks.begin(), banks.end(), [&](unsigned b) { return waits(pc, b); })) continue;
        pick = i;
        break;
      }
      refresh.chosen = static_cast<int>(refresh.remaining[pick]);
    }
    const auto banks = together(static_cast<unsigned>(refresh.chosen));
    for (const unsigned b : banks) blocked_[pc][b] = true;
    std::vector<Option> all;
    for (const unsigned b : banks) {
      if (opener_[pc][b] != kNone) return;
      if (open_[pc][b] >= 0) {
        offer(out, command(Kind::precharge, pc, b, static_cast<std::uint32_t>(open_[pc][b])), 0, 0, kNone);
        return;
      }
      offer(all, command(Kind::refresh_bank, pc, b, 0), 0, 0, kNone);
    }
    // When the last of them may be refreshed, under the number of the first.
    Option last = *std::max_element(all.begin(), all.end(),
                                    [](const Option& x, const Option& y) { return x.at < y.at; });
    last.command.bank = all.front().command.bank;
    out.push_back(last);
  }

  // --- bursts ---------------------------------------------------------------------------------------------

  // The bursts of a bank that the scheduler looks at, oldest first.
  std::vector<const Burst*> eligible(unsigned pc, unsigned bank) const {
    std::vector<const Burst*> all, mine;
    for (const Burst& b : bursts_) {
      if (b.pc == pc && b.bank == bank) all.push_back(&b);
    }
    if (split()) {
      for (const Burst* b : all) {
        if (b->write == writing_) mine.push_back(b);
      }
      if (!mine.empty() || c_.write_drain == WriteDrain::watermarks) return mine;
    }
    return all;
  }

  void burst_options(std::vector<Option>& rows, std::vector<Option>& columns) const {
    for (unsigned pc = 0; pc < open_.size(); ++pc) {
      for (unsigned bank = 0; bank < open_[pc].size(); ++bank) {
        if (opener_[pc][bank] != kNone) {
          for (const Burst& b : bursts_) {
            if (b.order == opener_[pc][bank]) offer_column(columns, b, 1);
          }
        } else if (!blocked_[pc][bank]) {
          bank_options(rows, columns, pc, bank);
        }
      }
    }
  }
  void offer_column(std::vector<Option>& columns, const Burst& b, int urgency) const {
    DramCommand c = command(b.write ? Kind::write : Kind::read, b.pc, b.bank, b.row);
    c.masked = b.masked;
    offer(columns, c, urgency, b.order, b.order);
  }
  void bank_options(std::vector<Option>& rows, std::vector<Option>& columns, unsigned pc,
                    unsigned bank) const {
    const auto bursts = eligible(pc, bank);
    if (bursts.empty()) return;
    const Burst *hit = nullptr, *miss = nullptr;
    for (const Burst* b : bursts) {
      const bool hits = open_[pc][bank] == static_cast<std::int64_t>(b->row);
      if (hits && hit == nullptr) hit = b;
      if (!hits && miss == nullptr) miss = b;
    }
    const Burst* head = bursts.front();
    const bool closed = open_[pc][bank] < 0;
    if (first_ready()) {
      if (hit != nullptr) offer_column(columns, *hit, 2);
      if (miss == nullptr) return;
      if (c_.scheduler == DramScheduler::first_ready_row_hit && hit != nullptr && hit->order < miss->order)
        return;
      offer_row(rows, *miss, closed);
      return;
    }
    const unsigned limit = c_.scheduler == DramScheduler::fcfs ? 0 : c_.starvation_limit_bursts;
    if (hit != nullptr && (hit == head || overtaken_[split() && head->write][pc][bank] < limit)) {
      if (c_.scheduler == DramScheduler::fr_fcfs_grp) {
        for (const Burst* b : bursts) {
          if (open_[pc][bank] == static_cast<std::int64_t>(b->row) && b->write == writing_) {
            hit = b;
            break;
          }
        }
      }
      offer_column(columns, *hit, 2);
    } else {
      offer_row(rows, *head, closed);
    }
  }
  void offer_row(std::vector<Option>& rows, const Burst& b, bool closed) const {
    if (closed && half_activated_) return;
    const auto open = static_cast<std::uint32_t>(open_[b.pc][b.bank]);
    offer(rows, command(closed ? Kind::activate_1 : Kind::precharge, b.pc, b.bank, closed ? b.row : open), 2,
          b.order, b.order);
  }

  // --- issue ----------------------------------------------------------------------------------------------

  bool issue(const Option& o) {
    DramCommand c = o.command;
    const unsigned pc = c.pseudo_channel, bank = index_of(c.bank);
    std::int64_t at = now_;
    const bool column = c.kind == Kind::read || c.kind == Kind::write;
    if (column && p_.command_bus.wck_sync && at >= wck_off_) {
      history_.push_back({static_cast<std::uint64_t>(at), Kind::wck_sync, c.pseudo_channel, c.bank, c.row});
      at += 2;
      now_ = at;
    }
    c.half_cycle = static_cast<std::uint64_t>(at);
    bus_[column] = at + rules_.length(c.kind);
    if (p_.command_bus.bus == CommandBus::shared) bus_[0] = bus_[1] = bus_[column];
    switch (c.kind) {
      case Kind::activate_1:
        open_[pc][bank] = c.row;
        if (first_ready()) opener_[pc][bank] = o.burst;
        if (c_.release_at_activate) find(o.burst)->counted = false;
        if (p_.command_bus.split_activate) {
          half_activated_ = true;
          half_by_ = at + 2 * std::int64_t{p_.command_bus.aad_cycles};
          activate_at_ = history_.size();
        }
        break;
      case Kind::precharge:
        open_[pc][bank] = -1;
        break;
      case Kind::precharge_all:
        for (unsigned b = bank; b < bank + per_rank(); ++b) open_[pc][b] = -1;
        break;
      case Kind::refresh:
        --refreshes_[pc * p_.organisation.ranks + bank / per_rank()].owed;
        break;
      case Kind::refresh_bank: {
        Refresh& r = refreshes_[pc * p_.organisation.ranks + bank / per_rank()];
        --r.owed;
        r.remaining.erase(std::find(r.remaining.begin(), r.remaining.end(), bank));
        r.chosen = -1;
        for (const unsigned b : together(bank)) {
          c.bank = BankId(static_cast<std::uint8_t>(b));
          history_.push_back(c);
        }
        return true;
      }
      default:
        serve(c, o.burst, at);
    }
    history_.push_back(c);
    return true;
  }
  std::vector<Burst>::iterator find(std::uint64_t order) {
    return std::find_if(bursts_.begin(), bursts_.end(), [&](const Burst& b) { return b.order == order; });
  }
  void serve(DramCommand& c, std::uint64_t order, std::int64_t at) {
    const auto burst = find(order);
    const unsigned pc = burst->pc, bank = burst->bank;
    bool others = false, hits = false, oldest = true;
    for (const Burst& b : bursts_) {
      if (b.pc != pc || b.bank != bank || b.order == order || (split() && b.write != burst->write)) continue;
      others = true;
      hits |= b.row == burst->row;
      oldest &= b.order > order;
    }
    unsigned& overtaken = overtaken_[split() && burst->write][pc][bank];
    overtaken = oldest ? 0 : overtaken + 1;
    switch (c_.page_policy) {
      case PagePolicy::open:
        break;
      case PagePolicy::closed:
        c.auto_precharge = true;
        break;
      case PagePolicy::open_adaptive:
        c.auto_precharge = others && !hits;
        break;
      case PagePolicy::closed_adaptive:
        c.auto_precharge = !hits;
        break;
    }
    if (c.auto_precharge) open_[pc][bank] = -1;
    opener_[pc][bank] = kNone;
    const std::int64_t latency =
        2 * (burst->write ? std::int64_t{p_.timing.write_latency_cycles} + p_.timing.write_strobe_cycles
                          : std::int64_t{p_.timing.read_latency_cycles} + p_.timing.read_strobe_cycles);
    wck_off_ = std::max(wck_off_, at + latency + 2 * std::int64_t{p_.timing.burst_cycles} +
                                      2 * std::int64_t{p_.command_bus.wck_postamble_cycles});
    if (c_.write_drain == WriteDrain::mixed) writing_ = burst->write;
    served_ += burst->write == writing_;
    bursts_.erase(burst);
  }

  MemoryParams p_;
  DramControllerParams c_;
  DramRules rules_;
  DramAddressDecoder decoder_;
  std::deque<Burst> sides_[2];
  std::vector<Burst> bursts_;  // in order
  Burst last_{0, 0, 0, 0, 0, false, false};
  std::uint64_t next_order_ = 0;
  std::vector<std::vector<std::int64_t>> open_;
  std::vector<std::vector<unsigned>> overtaken_[2];  // of the read or only queue, of the write queue
  std::vector<std::vector<std::uint64_t>> opener_;
  std::vector<std::vector<bool>> blocked_;
  std::vector<Refresh> refreshes_;
  std::int64_t now_ = 0;
  std::int64_t bus_[2] = {0, 0};  // row, column
  std::int64_t wck_off_ = 0;
  bool writing_ = false;
  std::uint64_t served_ = 0;
  bool half_activated_ = false;
  std::int64_t half_by_ = 0;
  std::size_t activate_at_ = 0;
  std::vector<DramCommand> history_;
};

}  // namespace

std::vector<DramCommand> reference_commands(const MemoryParams& params,
                                            const std::vector<ReferenceRequest>& requests) {
  return Reference(params, requests).run();
}

}  // namespace moesaic::memory_test
