// SPDX-License-Identifier: Apache-2.0
// What one memory channel counts. Declared once: describe_metrics() gives name, unit and sentence.
#pragma once

#include <cstdint>

#include "tlm/field.h"
#include "tlm/latency_histogram.h"
#include "tlm/tick.h"

namespace moesaic {

struct MemoryStats {
  // Traffic.
  std::uint64_t read_bytes = 0;      ///< bytes
  std::uint64_t write_bytes = 0;     ///< bytes
  std::uint64_t read_requests = 0;   ///< trains served
  std::uint64_t write_requests = 0;  ///< trains served
  // Commands; energy is counted from these.
  std::uint64_t read_bursts = 0;
  std::uint64_t write_bursts = 0;
  std::uint64_t activates = 0;
  std::uint64_t precharges = 0;  ///< of single banks
  std::uint64_t precharges_all = 0;
  std::uint64_t refreshes = 0;
  std::uint64_t bank_refreshes = 0;
  std::uint64_t rfms = 0;
  std::uint64_t bank_rfms = 0;
  std::uint64_t wck_syncs = 0;
  std::uint64_t turns = 0;  ///< column commands of another direction than the one before
  Tick power_down = 0;      ///< ticks
  // Rows, one count per burst.
  std::uint64_t row_hits = 0;
  std::uint64_t row_misses = 0;     ///< bank was precharged
  std::uint64_t row_conflicts = 0;  ///< another row was open
  // What the data bus did, ticks. The rest of the time it was idle for lack of requests.
  Tick busy = 0;
  Tick lost_to_column = 0;
  Tick lost_to_row = 0;
  Tick lost_to_turnaround = 0;
  Tick lost_to_refresh = 0;
  // Queue and latency (arrival to last data and through the controller), ticks.
  std::uint64_t queue_peak = 0;  ///< trains
  Tick read_latency_sum = 0;
  Tick read_latency_max = 0;
  Tick write_latency_sum = 0;
  Tick write_latency_max = 0;
  LatencyHistogram latency;  ///< of reads and writes
  double peak_bytes_per_second = 0.0;
};

/// What one port of a memory controller counts.
struct MemoryPortStats {
  std::uint64_t requests = 0;  ///< transactions accepted
  std::uint64_t peak = 0;      ///< most transactions in the controller at once
  Tick withheld = 0;           ///< sum of the times from first offer to acceptance, ticks
  Tick latency = 0;            ///< sum of the times from first offer to response, ticks
};

/// What error correction of one memory site has met.
struct MemoryErrorStats {
  std::uint64_t corrected_words = 0;
  std::uint64_t uncorrectable_words = 0;
};

template <class V>
void describe_metrics(V& v, const MemoryErrorStats& s) {
  v(Field{"corrected_words", "count", "64-bit words whose one wrong bit was repaired"}, s.corrected_words);
  v(Field{"uncorrectable_words", "count", "64-bit words with more; their reads were answered as poisoned"},
    s.uncorrectable_words);
}

template <class V>
void describe_metrics(V& v, const MemoryPortStats& s) {
  v(Field{"requests", "count", "transactions accepted"}, s.requests);
  v(Field{"peak", "count", "most transactions in the controller at once"}, s.peak);
  v(Field{"withheld", "ticks", "sum of the times from first offer to acceptance"}, s.withheld);
  v(Field{"latency", "ticks", "sum of the times from first offer to response"}, s.latency);
}

template <class V>
void describe_metrics(V& v, const MemoryStats& s) {
  v(Field{"read_bytes", "bytes", "bytes read"}, s.read_bytes);
  v(Field{"write_bytes", "bytes", "bytes written"}, s.write_bytes);
  v(Field{"read_requests", "count", "read trains served"}, s.read_requests);
  v(Field{"write_requests", "count", "write trains served"}, s.write_requests);
  v(Field{"read_bursts", "count", "read commands"}, s.read_bursts);
  v(Field{"write_bursts", "count", "write commands"}, s.write_bursts);
  v(Field{"activates", "count", "activate commands"}, s.activates);
  v(Field{"precharges", "count", "precharge commands of single banks"}, s.precharges);
  v(Field{"precharges_all", "count", "precharge-all commands, before a refresh"}, s.precharges_all);
  v(Field{"refreshes", "count", "all-bank refresh commands"}, s.refreshes);
  v(Field{"bank_refreshes", "count", "per-bank refresh commands"}, s.bank_refreshes);
  v(Field{"rfms", "count", "refresh management commands of all banks"}, s.rfms);
  v(Field{"bank_rfms", "count", "refresh management commands of one bank or a few"}, s.bank_rfms);
  v(Field{"wck_syncs", "count", "CAS commands that restart the data clock"}, s.wck_syncs);
  v(Field{"turns", "count", "column commands of another direction than the one before"}, s.turns);
  v(Field{"power_down", "ticks", "channel was powered down"}, s.power_down);
  v(Field{"row_hits", "count", "bursts that found their row open"}, s.row_hits);
  v(Field{"row_misses", "count", "bursts that opened a row in a precharged bank"}, s.row_misses);
  v(Field{"row_conflicts", "count", "bursts that had to close another row first"}, s.row_conflicts);
  v(Field{"busy", "ticks", "data bus moved data"}, s.busy);
  v(Field{"lost_to_column", "ticks", "data bus waited for tCCD_L, WCK or a command slot"}, s.lost_to_column);
  v(Field{"lost_to_row", "ticks", "data bus waited for activate or precharge"}, s.lost_to_row);
  v(Field{"lost_to_turnaround", "ticks", "data bus waited between reads and writes"}, s.lost_to_turnaround);
  v(Field{"lost_to_refresh", "ticks", "channel was refreshed or prepared for it"}, s.lost_to_refresh);
  v(Field{"queue_peak", "count", "most trains in the channel at once"}, s.queue_peak);
  v(Field{"read_latency_sum", "ticks", "sum over read trains of arrival to response"}, s.read_latency_sum);
  v(Field{"read_latency_max", "ticks", "longest arrival to response of a read train"}, s.read_latency_max);
  v(Field{"write_latency_sum", "ticks", "sum over write trains of arrival to last data"},
    s.write_latency_sum);
  v(Field{"write_latency_max", "ticks", "longest arrival to last data of a write train"},
    s.write_latency_max);
  v(Field{"peak_bytes_per_second", "bytes/s", "data bus always busy"}, s.peak_bytes_per_second);
  v.group("latency", s.latency);
}

}  // namespace moesaic
