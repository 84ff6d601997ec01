// SPDX-License-Identifier: Apache-2.0
// The timeline of a run as Chrome trace events (JSON object format), which Perfetto opens: a process per die,
// a track per unit, spans with arguments, flows between spans, counters, and marks of the firmware.
//
// Times in the file are microseconds, cut to whole nanoseconds (what the viewers keep); spans that nest or
// follow each other still do. Everything is kept in memory until the end, some hundred bytes a span.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sc_main/report/change_store.h"
#include "tlm/trace.h"

namespace moesaic {

class TimelineWriter {
 public:
  /// Throws UserError when the file could not be written.
  explicit TimelineWriter(std::filesystem::path file);

  TrackId track(NodeId node, const std::string& name);
  /// A track of the package instead of a die.
  TrackId package_track(const std::string& name);
  SpanId begin(TrackId track, Tick at, std::string name, const TraceArgs& args);
  void end(SpanId span, Tick at, const TraceArgs& args);
  void shows(SpanId span, ActivityId activity);
  void flow(ActivityId from, ActivityId to);
  void mark(TrackId track, Tick at, std::string_view text);

  /// A counter, by its place below the die; its number.
  std::size_t counter(NodeId node, const std::string& name, const TraceSignal& what);
  void count(std::size_t counter, const Change& change);

  /// Writes the file of a run that ended at `end`. Once.
  void write(Tick end);

 private:
  struct Track {
    unsigned process;  // 0: the package; die n is n + 1
    unsigned thread;   // from 1, in order of declaration below the process
    std::string name;
    bool used = false;
  };
  struct Span {
    TrackId track;
    Tick begin;
    Tick end;  // kNever: not ended
    std::string name;
    std::string args;      // JSON members
    std::string end_args;  // the same
  };
  struct Mark {
    TrackId track;
    Tick at;
    std::string text;
  };
  struct Counter {
    unsigned process;
    std::string name;
    TraceSignal what;
    std::vector<Change> changes;
  };

  TrackId add_track(unsigned process, const std::string& name);
  void write_names(class EventList& events) const;
  void write_spans(EventList& events, Tick end);
  void write_flows(EventList& events) const;
  void write_counters(EventList& events, Tick end);

  std::filesystem::path file_;
  std::vector<Track> tracks_;
  std::map<unsigned, unsigned> threads_;  // by process, how many
  std::vector<Span> spans_;
  std::map<ActivityId, SpanId> shown_;
  std::vector<std::pair<ActivityId, ActivityId>> flows_;
  std::vector<Mark> marks_;
  std::vector<Counter> counters_;
};

}  // namespace moesaic
