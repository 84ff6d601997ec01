// SPDX-License-Identifier: Apache-2.0
// The sink of a run: hands what blocks report to the waveform, the timeline, or both.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sc_main/report/timeline_writer.h"
#include "sc_main/report/vcd_writer.h"
#include "sc_main/run/run_result.h"
#include "tlm/trace.h"

namespace moesaic {

/// What the user asked for.
struct RecordOptions {
  std::optional<VcdOptions> vcd;
  std::filesystem::path timeline;  ///< empty: none
  bool any() const { return vcd.has_value() || !timeline.empty(); }
};

class Recorder : public TraceSink {
 public:
  /// Throws UserError when a file could not be written. REQUIRES: options.any().
  explicit Recorder(const RecordOptions& options);

  /// Writes the files. Once, after the simulation. Throws UserError.
  void write(const RunResult& result);

  SignalId signal(NodeId node, const std::string& scope, const TraceSignal& what) override;
  TrackId track(NodeId node, const std::string& name) override;
  void ready() override;
  void change(Tick at, SignalId signal, std::uint64_t value) override;
  void add(Tick at, SignalId signal, std::int64_t amount) override;
  SpanId begin(TrackId track, Tick at, std::string name, TraceArgs args) override;
  void end(SpanId span, Tick at, TraceArgs args) override;
  void shows(SpanId span, ActivityId activity) override;
  void flow(ActivityId from, ActivityId to) override;
  void place_marks(NodeId node, unsigned role, SignalId signal, TrackId track) override;
  void mark(NodeId node, unsigned role, Tick at, std::string_view text) override;

 private:
  static constexpr std::size_t kNoCounter = ~std::size_t{0};
  struct Entry {
    SignalId in_vcd;
    std::size_t counter;
  };
  const Entry* entry(SignalId signal) const;

  std::unique_ptr<VcdWriter> vcd_;
  std::unique_ptr<TimelineWriter> timeline_;
  TrackId layers_{};
  std::vector<Entry> signals_;
  std::map<std::pair<NodeId, unsigned>, std::pair<SignalId, TrackId>> marks_;
};

}  // namespace moesaic
