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
    raa_.assign(p.organisation.pseudo_channels, std::vector<unsigned>(p.organisation.banks(), 0));
    // Each access of a train arrives by itself; those of one cycle in the order of their trains.
    std::vector<ReferenceRequest> accesses;
    for (const ReferenceRequest& r : requests) {
      for (std::uint64_t i = 0; i < r.count; ++i)
        accesses.push_back({r.cycle + i * r.period, r.address + i * r.stride, r.bytes, r.write});
    }
    std::stable_sort(accesses.begin(), accesses.end(),
                     [](const ReferenceRequest& a, const ReferenceRequest& b) { return a.cycle < b.cycle; });
    for (const ReferenceRequest& r : accesses) arrive(r);
  }

  ReferenceOutcome run() {
    for (now_ = 0; !sides_[0].empty() || !sides_[1].empty() || !bursts_.empty(); ++now_) {
      fall_asleep();
      while (step()) {
      }
      quiet_ = bursts_.empty() && !refresh_wanted_;
    }
    return {history_, asleep_sum_};
  }

 private:
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  struct Refresh {
    std::int64_t due = 0;
    int owed = 0;
    bool ahead = false;  ///< the last one was done while nothing waited for the rank
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

  // --- power-down -----------------------------------------------------------------------------------------

  // Nothing was wanted for long enough.
  void fall_asleep() {
    const std::int64_t patience = 2 * std::int64_t{c_.power_down_cycles};
    if (patience == 0 || asleep_ || !quiet_ || now_ < idle_since_ + patience) return;
    asleep_ = true;
    asleep_since_ = now_;
  }
  void wake_up() {
    if (!asleep_) return;
    asleep_ = false;
    idle_since_ = std::max(now_, asleep_since_ + 2 * std::int64_t{p_.timing.cke_cycles});
    asleep_sum_ += static_cast<std::uint64_t>(idle_since_ - asleep_since_);
    for (std::int64_t& bus : bus_) bus = std::max(bus, idle_since_ + 2 * std::int64_t{p_.timing.xp_cycles});
  }
  void busy_until(std::int64_t at) { idle_since_ = std::max(idle_since_, at); }

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
    if (asleep_ && (refresh_wanted_ || !bursts_.empty())) {
      wake_up();
      rows.clear();
      refresh_options(rows);  // they wait for the exit
    }
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
      const unsigned pc = r / p_.organisation.ranks, base = r % p_.organisation.ranks * per_rank();
      const bool forced = refreshes_[r].owed > static_cast<int>(c_.refresh_postpone_max);
      if (!forced && !(idle(pc, base) && early(refreshes_[r]))) continue;
      if (!c_.refresh_holds_channel || first) {
        if (per_bank()) {
          refresh_bank(r, pc, base, forced, found);
        } else {
          all_banks(Kind::refresh, pc, base, forced, found);
        }
      }
      first = false;
    }
    refresh_wanted_ = !first;
    if (refresh_wanted_ && c_.refresh_holds_channel) {
      for (auto& pc : blocked_) pc.assign(pc.size(), true);
    } else if (p_.refresh_management.required()) {
      rfm_options(found);
    }
    if (!half_activated_) rows.insert(rows.end(), found.begin(), found.end());
  }
  // Nothing waits for the rank.
  bool idle(unsigned pc, unsigned base) const {
    return std::none_of(bursts_.begin(), bursts_.end(), [&](const Burst& b) {
      return b.pc == pc && b.bank >= base && b.bank < base + per_rank();
    });
  }
  // While nothing waits: what is due, and after that some ahead of time.
  bool early(const Refresh& r) const {
    return r.owed > 0 || (r.ahead && r.owed > -static_cast<int>(c_.refresh_pull_in_max));
  }
  void all_banks(Kind kind, unsigned pc, unsigned base, bool forced, std::vector<Option>& out) {
    bool open = false, wait = false;
    for (unsigned b = base; b < base + per_rank(); ++b) {
      if (forced) blocked_[pc][b] = true;
      open |= open_[pc][b] >= 0;
      wait |= opener_[pc][b] != kNone;
    }
    if (wait) return;
    offer(out, command(open ? Kind::precharge_all : kind, pc, base, 0), 0, 0, kNone);
  }
  // RFM: for banks that have reached their maximum and of which a row command is wanted; while nothing waits
  // for the rank, for those that have reached their initial threshold. Not where a refresh comes first.
  void rfm_options(std::vector<Option>& out) {
    const DramRefreshManagement& m = p_.refresh_management;
    for (unsigned r = 0; r < refreshes_.size(); ++r) {
      const unsigned pc = r / p_.organisation.ranks, base = r % p_.organisation.ranks * per_rank();
      const bool rest = idle(pc, base);
      std::vector<bool> needs(p_.organisation.banks()), wants(p_.organisation.banks());
      for (unsigned b = base; b < base + per_rank(); ++b) {
        if (blocked_[pc][b]) continue;
        needs[b] = raa_[pc][b] >= m.raa_maximum_activates && opener_[pc][b] == kNone &&
                   bank_wants(pc, b).row != nullptr;
        wants[b] = rest && raa_[pc][b] >= m.raa_initial_activates;
      }
      std::vector<unsigned> all;
      for (unsigned b = base; b < base + per_rank(); ++b) all.push_back(b);
      std::vector<bool> seen(p_.organisation.banks());
      for (unsigned b = base; b < base + per_rank(); ++b) {
        if (seen[b] || !(needs[b] || wants[b])) continue;
        const std::vector<unsigned> banks = per_bank() ? together(b) : all;
        for (const unsigned other : banks) seen[other] = true;
        const bool forced =
            std::any_of(banks.begin(), banks.end(), [&](unsigned other) { return needs[other]; });
        refresh_wanted_ = true;
        if (per_bank()) {
          some_banks(Kind::rfm_bank, pc, banks, forced, out);
        } else {
          all_banks(Kind::rfm, pc, base, forced, out);
        }
      }
    }
  }
  // The banks that a per-bank refresh takes with this one: `refresh_banks` of the rank, equally far apart.
  std::vector<unsigned> together(unsigned bank) const {
    std::vector<unsigned> out;
    const unsigned apart = per_rank() / p_.timing.refresh_banks;
    const unsigned first = bank / per_rank() * per_rank() + bank % per_rank() % apart;
    for (unsigned i = 0; i < p_.timing.refresh_banks; ++i) out.push_back(first + i * apart);
    return out;
  }
  bool waits(unsigned pc, unsigned bank) const {
    return std::any_of(bursts_.begin(), bursts_.end(),
                       [&](const Burst& x) { return x.pc == pc && x.bank == bank; });
  }
  void refresh_bank(unsigned r, unsigned pc, unsigned base, bool forced, std::vector<Option>& out) {
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
    some_banks(Kind::refresh_bank, pc, together(static_cast<unsigned>(refresh.chosen)), forced, out);
  }
  void some_banks(Kind kind, unsigned pc, const std::vector<unsigned>& banks, bool forced,
                  std::vector<Option>& out) {
    if (forced) {
      for (const unsigned b : banks) blocked_[pc][b] = true;
    }
    std::vector<Option> all;
    for (const unsigned b : banks) {
      if (opener_[pc][b] != kNone) return;
      if (open_[pc][b] >= 0) {
        offer(out, command(Kind::precharge, pc, b, static_cast<std::uint32_t>(open_[pc][b])), 0, 0, kNone);
        return;
      }
      offer(all, command(kind, pc, b, 0), 0, 0, kNone);
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
    if (bursts_.empty()) return;
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
    const Wants wants = bank_wants(pc, bank);
    if (wants.column != nullptr) offer_column(columns, *wants.column, 2);
    if (wants.row != nullptr) offer_row(rows, *wants.row, open_[pc][bank] < 0);
  }
  /// The bursts for which a bank wants a column command and a row command; null: none.
  struct Wants {
    const Burst *column = nullptr, *row = nullptr;
  };
  Wants bank_wants(unsigned pc, unsigned bank) const {
    const auto bursts = eligible(pc, bank);
    if (bursts.empty()) return {};
    const Burst *hit = nullptr, *miss = nullptr;
    for (const Burst* b : bursts) {
      const bool hits = open_[pc][bank] == static_cast<std::int64_t>(b->row);
      if (hits && hit == nullptr) hit = b;
      if (!hits && miss == nullptr) miss = b;
    }
    const Burst* head = bursts.front();
    if (first_ready()) {
      const bool keeps = c_.scheduler == DramScheduler::first_ready_row_hit && hit != nullptr &&
                         miss != nullptr && hit->order < miss->order;
      return {hit, keeps ? nullptr : miss};
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
      return {hit, nullptr};
    }
    return {nullptr, head};
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
        ++raa_[pc][bank];
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
      case Kind::rfm:
        if (c.kind == Kind::refresh) refreshed(pc, bank);
        for (unsigned b = bank; b < bank + per_rank(); ++b) lower(c.kind, pc, b);
        busy_until(at + rules_.length(c.kind));
        busy_until(at + rules_.length(c.kind) - rules_.length(Kind::activate_1) +
                   2 * std::int64_t{c.kind == Kind::refresh ? p_.timing.rfc_all_cycles
                                                            : p_.refresh_management.rfm_all_cycles});
        break;
      case Kind::refresh_bank:
      case Kind::rfm_bank: {
        if (c.kind == Kind::refresh_bank) {
          Refresh& r = refreshed(pc, bank);
          r.remaining.erase(std::find(r.remaining.begin(), r.remaining.end(), bank));
          r.chosen = -1;
        }
        busy_until(at + rules_.length(c.kind));
        for (const unsigned b : together(bank)) {
          lower(c.kind, pc, b);
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
  Refresh& refreshed(unsigned pc, unsigned bank) {
    const unsigned rank = bank / per_rank();
    Refresh& r = refreshes_[pc * p_.organisation.ranks + rank];
    --r.owed;
    r.ahead = idle(pc, rank * per_rank());
    return r;
  }
  void lower(Kind kind, unsigned pc, unsigned bank) {
    const DramRefreshManagement& m = p_.refresh_management;
    const bool refresh = kind == Kind::refresh || kind == Kind::refresh_bank;
    const unsigned by = refresh ? m.raa_per_refresh_activates : m.raa_per_rfm_activates;
    raa_[pc][bank] -= std::min(raa_[pc][bank], by);
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
    // Latency may count from the last edge of the command.
    const bool late = p_.command_bus.latency_from == LatencyFrom::last_edge;
    const std::int64_t data_end =
        at + (late ? rules_.length(c.kind) - 2 : 0) + latency + 2 * std::int64_t{p_.timing.burst_cycles};
    wck_off_ = std::max(wck_off_, data_end + 2 * std::int64_t{p_.command_bus.wck_postamble_cycles});
    busy_until(data_end);
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
  std::vector<std::vector<unsigned>> raa_;  // rolling accumulated activates
  std::vector<Refresh> refreshes_;
  std::int64_t now_ = 0;
  std::int64_t bus_[2] = {0, 0};  // row, column
  std::int64_t wck_off_ = 0;
  bool writing_ = false;
  std::uint64_t served_ = 0;
  bool refresh_wanted_ = false, quiet_ = true, asleep_ = false;
  std::int64_t idle_since_ = 0, asleep_since_ = 0;
  std::uint64_t asleep_sum_ = 0;
  bool half_activated_ = false;
  std::int64_t half_by_ = 0;
  std::size_t activate_at_ = 0;
  std::vector<DramCommand> history_;
};

}  // namespace

ReferenceOutcome reference_outcome(const MemoryParams& params,
                                   const std::vector<ReferenceRequest>& requests) {
  return Reference(params, requests).run();
}

}  // namespace moesaic::memory_test
