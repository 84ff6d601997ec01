// SPDX-License-Identifier: Apache-2.0
// What a memory controller decides by: queues, scheduler, pages, refresh, power-down. The peers' controllers
// are points in this space; docs/validation.md names them.
#pragma once

#include <array>
#include <cstdint>

#include "tlm/field.h"

namespace moesaic {

/// Which command goes next. A bank's *hit* is a burst of its open row.
enum class DramScheduler : std::uint8_t {
  fcfs,         ///< the bursts of a bank in order of arrival; between banks as fr_fcfs
  fr_fcfs,      ///< hits of a bank first; between banks the command that can end first, then the oldest
  fr_fcfs_grp,  ///< as fr_fcfs, among hits of a bank those of the direction served last
  grp_fr_fcfs,  ///< as fr_fcfs, but a bank first serves the direction served last
  first_ready,  ///< the oldest burst whose next command is allowed, be it a precharge
  first_ready_row_hit,  ///< the same, but no precharge before an older hit of its bank
};
constexpr std::array<const char*, 6> enum_names(DramScheduler) {
  return {"fcfs", "fr_fcfs", "fr_fcfs_grp", "grp_fr_fcfs", "first_ready", "first_ready_row_hit"};
}

enum class PagePolicy : std::uint8_t { open, closed, open_adaptive, closed_adaptive };
constexpr std::array<const char*, 4> enum_names(PagePolicy) {
  return {"open", "closed", "open_adaptive", "closed_adaptive"};
}

enum class QueueLayout : std::uint8_t { read_write, bankwise, shared };
constexpr std::array<const char*, 3> enum_names(QueueLayout) {
  return {"read_write", "bankwise", "shared"};
}

/// `watermarks`: one direction is served until the queues say otherwise. `mixed`: directions are not told
/// apart.
enum class WriteDrain : std::uint8_t { watermarks, mixed };
constexpr std::array<const char*, 2> enum_names(WriteDrain) {
  return {"watermarks", "mixed"};
}

enum class RefreshPolicy : std::uint8_t { none, all_bank, per_bank };
constexpr std::array<const char*, 3> enum_names(RefreshPolicy) {
  return {"none", "all_bank", "per_bank"};
}

/// Queues and policy of the controller, per channel unless the name says otherwise.
struct DramControllerParams {
  std::uint32_t port_requests = 16;
  DramScheduler scheduler = DramScheduler::fr_fcfs;
  PagePolicy page_policy = PagePolicy::open;
  QueueLayout queue_layout = QueueLayout::read_write;
  std::uint32_t read_queue_bursts = 32;
  std::uint32_t write_queue_bursts = 32;
  std::uint32_t bank_queue_bursts = 8;
  std::uint32_t shared_queue_bursts = 64;
  bool release_at_activate = false;
  WriteDrain write_drain = WriteDrain::watermarks;
  std::uint32_t write_high_bursts = 26;
  std::uint32_t write_low_bursts = 6;
  std::uint32_t read_batch_bursts = 32;
  std::uint32_t write_batch_bursts = 64;
  std::uint32_t write_patience_cycles = 800;
  std::uint32_t starvation_limit_bursts = 64;
  std::uint32_t request_latency_cycles = 8;
  std::uint32_t response_latency_cycles = 8;
  RefreshPolicy refresh_policy = RefreshPolicy::all_bank;
  bool refresh_holds_channel = false;
  std::uint32_t refresh_postpone_max = 0;
  std::uint32_t refresh_pull_in_max = 0;
  std::uint32_t refresh_stagger_cycles = 0;
  std::uint32_t channel_stagger_cycles = 0;
  std::uint32_t power_down_cycles = 0;
};

template <class V>
void describe_fields(V& v, DramControllerParams& p) {
  v(Field{"port_requests", "count", "transactions of one port in the controller at once", 1, 4096},
    p.port_requests);
  v(Field{"scheduler", "", "which command goes next"}, p.scheduler);
  v(Field{"page_policy", "",
          "when a row is closed: open: for another row; closed: after one burst; open_adaptive: when others "
          "wait and none hits; closed_adaptive: when none hits"},
    p.page_policy);
  v(Field{"queue_layout", "", "queues: one for reads and one for writes, one per bank, or one for all"},
    p.queue_layout);
  v(Field{"read_queue_bursts", "count", "bursts a scheduler chooses among (read_write)", 1, 512},
    p.read_queue_bursts);
  v(Field{"write_queue_bursts", "count", "the same for writes (read_write)", 1, 512}, p.write_queue_bursts);
  v(Field{"bank_queue_bursts", "count", "bursts of one bank at which arrivals are stopped (bankwise)", 1, 64},
    p.bank_queue_bursts);
  v(Field{"shared_queue_bursts", "count", "bursts of both directions (shared)", 1, 1024},
    p.shared_queue_bursts);
  v(Field{"release_at_activate", "",
          "a burst leaves its queue when its row is opened, not when it is served"},
    p.release_at_activate);
  v(Field{"write_drain", "",
          "watermarks: writes in batches; mixed: the scheduler sees both directions at once"},
    p.write_drain);
  v(Field{"write_high_bursts", "count", "waiting writes at which reads are interrupted", 1, 512},
    p.write_high_bursts);
  v(Field{"write_low_bursts", "count", "waiting writes at which waiting reads go first again", 0, 512},
    p.write_low_bursts);
  v(Field{"read_batch_bursts", "count", "reads served before full write queues may interrupt them", 1, 4096},
    p.read_batch_bursts);
  v(Field{"write_batch_bursts", "count", "writes served before waiting reads go first again", 1, 4096},
    p.write_batch_bursts);
  v(Field{"write_patience_cycles", "cycles", "age at which a write goes before reads", 1, 1e9},
    p.write_patience_cycles);
  v(Field{"starvation_limit_bursts", "count", "row hits that may overtake an older request of their bank", 1,
          1e6},
    p.starvation_limit_bursts);
  v(Field{"request_latency_cycles", "cycles", "controller and PHY, from request to scheduler", 0, 1000},
    p.request_latency_cycles);
  v(Field{"response_latency_cycles", "cycles", "PHY and controller, from last data to response", 0, 1000},
    p.response_latency_cycles);
  v(Field{"refresh_policy", "", "which refresh command keeps the data"}, p.refresh_policy);
  v(Field{"refresh_holds_channel", "",
          "true: from when a refresh is due until it starts the whole channel serves nothing else, and banks "
          "take "
          "turns; false: its banks only, and idle banks are refreshed first"},
    p.refresh_holds_channel);
  v(Field{"refresh_postpone_max", "count", "refreshes put off while requests wait", 0, 8},
    p.refresh_postpone_max);
  v(Field{"refresh_pull_in_max", "count", "refreshes done early while nothing waits", 0, 8},
    p.refresh_pull_in_max);
  v(Field{"refresh_stagger_cycles", "cycles",
          "refresh of a pseudo channel or rank before that of the one before it; 0: together", 0, 1e6},
    p.refresh_stagger_cycles);
  v(Field{"channel_stagger_cycles", "cycles",
          "refresh of a channel after that of the channel before it; 0: together", 0, 1e6},
    p.channel_stagger_cycles);
  v(Field{"power_down_cycles", "cycles", "idle time after which a channel powers down; 0: never", 0, 1e6},
    p.power_down_cycles);
}

}  // namespace moesaic
