// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/timeline_writer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "sc_main/report/atomic_file.h"

namespace moesaic {

namespace {

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::uint64_t nanoseconds(Tick at) {
  return at / kNanosecond;
}

// Microseconds with three digits.
std::string us(std::uint64_t ns) {
  return fmt::format("{}.{:03}", ns / 1000, ns % 1000);
}

struct ArgText {
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const { return json_text(value); }
  // Femtoseconds are exact here: they sum to the length of the activity.
  std::string operator()(const CauseTimes& times) const {
    std::string text;
    for (std::size_t i = 0; i < kCauseCount; ++i) {
      if (times[i] == 0) continue;
      text += fmt::format("{}\"{}_fs\":{}", text.empty() ? "" : ",", describe(static_cast<Cause>(i)).name,
                          times[i]);
    }
    return "{" + text + "}";
  }
};

std::string members(const TraceArgs& args) {
  std::string text;
  for (const TraceArg& arg : args)
    text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", arg.name, std::visit(ArgText{}, arg.value));
  return text;
}

}  // namespace

// The array of events, one a line.
class EventList {
 public:
  explicit EventList(AtomicFile& file) : file_(file) {}
  void add(const std::string& event) {
    file_.write(first_ ? "\n" : ",\n");
    file_.write(event);
    first_ = false;
  }

 private:
  AtomicFile& file_;
  bool first_ = true;
};

// --- recording

TimelineWriter::TimelineWriter(std::filesystem::path file) : file_(std::move(file)) {
  check_writable(file_, "the timeline", "--timeline");
}

TrackId TimelineWriter::add_track(unsigned process, const std::string& name) {
  tracks_.push_back({process, ++threads_[process], name});
  return TrackId(tracks_.size() - 1);
}

TrackId TimelineWriter::track(NodeId node, const std::string& name) {
  return add_track(index_of(node) + 1u, name);
}

TrackId TimelineWriter::package_track(const std::string& name) {
  return add_track(0, name);
}

SpanId TimelineWriter::begin(TrackId track, Tick at, std::string name, const TraceArgs& args) {
  spans_.push_back({track, at, kNever, std::move(name), members(args), ""});
  return SpanId(spans_.size() - 1);
}

void TimelineWriter::end(SpanId span, Tick at, const TraceArgs& args) {
  Span& ended = spans_[static_cast<std::size_t>(span)];
  ended.end = at;
  ended.end_args = members(args);
}

void TimelineWriter::shows(SpanId span, ActivityId activity) {
  shown_[activity] = span;
}

void TimelineWriter::flow(ActivityId from, ActivityId to) {
  flows_.emplace_back(from, to);
}

void TimelineWriter::mark(TrackId track, Tick at, std::string_view text) {
  marks_.push_back({track, at, std::string(text)});
}

std::size_t TimelineWriter::counter(NodeId node, const std::string& name, const TraceSignal& what) {
  counters_.push_back({index_of(node) + 1u, name, what, {}});
  return counters_.size() - 1;
}

void TimelineWriter::count(std::size_t counter, const Change& change) {
  counters_[counter].changes.push_back(change);
}

// --- the file

void TimelineWriter::write_names(EventList& events) const {
  std::set<unsigned> processes;
  for (const auto& [process, threads] : threads_) processes.insert(process);
  for (const Counter& counter : counters_) processes.insert(counter.process);
  for (const unsigned process : processes) {
    const std::string name = process == 0 ? "package" : fmt::format("die {}", process - 1);
    events.add(
        fmt::format(R"({{"ph":"M","pid":{},"name":"process_name","args":{{"name":"{}"}}}})", process, name));
    events.add(fmt::format(R"({{"ph":"M","pid":{},"name":"process_sort_index","args":{{"sort_index":{}}}}})",
                           process, process));
  }
  std::vector<const Track*> used;
  for (const Track& track : tracks_) {
    if (track.used) used.push_back(&track);
  }
  std::sort(used.begin(), used.end(), [](const Track* a, const Track* b) {
    return std::tie(a->process, a->thread) < std::tie(b->process, b->thread);
  });
  for (const Track* track : used) {
    events.add(fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":{}}}}})",
                           track->process, track->thread, json_text(track->name)));
    events.add(
        fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}})",
                    track->process, track->thread, track->thread));
  }
}

// By track and time, the outer span before the inner.
void TimelineWriter::write_spans(EventList& events, Tick end) {
  std::vector<std::size_t> order(spans_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [this](std::size_t i) {
    const Span& span = spans_[i];
    const Track& track = tracks_[static_cast<std::size_t>(span.track)];
    return std::make_tuple(track.process, track.thread, span.begin, ~span.end, i);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  for (const std::size_t i : order) {
    const Span& span = spans_[i];
    const Track& track = tracks_[static_cast<std::size_t>(span.track)];
    std::string args = span.args;
    if (!span.end_args.empty()) args += (args.empty() ? "" : ",") + span.end_args;
    const std::uint64_t begin = nanoseconds(span.begin);
    events.add(fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":{},"args":{{{}}}}})",
                           track.process, track.thread, us(begin), us(nanoseconds(span.end) - begin),
                           json_text(span.name), args));
  }
  for (const Mark& mark : marks_) {
    const Track& track = tracks_[static_cast<std::size_t>(mark.track)];
    events.add(fmt::format(R"({{"ph":"i","s":"t","pid":{},"tid":{},"ts":{},"name":{}}})", track.process,
                           track.thread, us(nanoseconds(std::min(mark.at, end))), json_text(mark.text)));
  }
}

// An arrow starts and ends inside of its spans, and never points back in time.
void TimelineWriter::write_flows(EventList& events) const {
  std::size_t id = 0;
  for (const auto& [from, to] : flows_) {
    const auto source = shown_.find(from);
    const auto target = shown_.find(to);
    if (source == shown_.end() || target == shown_.end()) continue;
    const Span& s = spans_[static_cast<std::size_t>(source->second)];
    const Span& t = spans_[static_cast<std::size_t>(target->second)];
    const std::uint64_t s_begin = nanoseconds(s.begin);
    const std::uint64_t s_end = nanoseconds(s.end);
    std::uint64_t arrives = nanoseconds(t.begin);
    std::uint64_t leaves = std::max(s_begin, std::min(s_end > 0 ? s_end - 1 : 0, arrives));
    arrives = std::max(arrives, leaves);
    if (arrives > nanoseconds(t.end)) continue;
    const Track& st = tracks_[static_cast<std::size_t>(s.track)];
    const Track& tt = tracks_[static_cast<std::size_t>(t.track)];
    ++id;
    events.add(fmt::format(R"({{"ph":"s","id":{},"cat":"flow","name":"causes","pid":{},"tid":{},"ts":{}}})",
                           id, st.process, st.thread, us(leaves)));
    events.add(
        fmt::format(R"({{"ph":"f","bp":"e","id":{},"cat":"flow","name":"causes","pid":{},"tid":{},"ts":{}}})",
                    id, tt.process, tt.thread, us(arrives)));
  }
}

void TimelineWriter::write_counters(EventList& events, Tick end) {
  std::vector<Counter*> order;
  for (Counter& counter : counters_) order.push_back(&counter);
  std::sort(order.begin(), order.end(), [](const Counter* a, const Counter* b) {
    return std::tie(a->process, a->name) < std::tie(b->process, b->name);
  });
  for (Counter* counter : order) {
    std::vector<Change>& changes = counter->changes;
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Change& a, const Change& b) { return a.at < b.at; });
    const auto show = [&](std::uint64_t ns, std::uint64_t value) {
      const bool fraction = counter->what.kind == TraceSignal::Kind::thousand;
      const std::string number =
          fraction ? fmt::format("{}.{:03}", value / 1000, value % 1000) : std::to_string(value);
      events.add(fmt::format(R"({{"ph":"C","pid":{},"name":{},"ts":{},"args":{{"{}":{}}}}})",
                             counter->process, json_text(counter->name), us(ns), counter->what.unit, number));
    };
    // The last value of each nanosecond, where it differs.
    std::uint64_t value = counter->what.initial;
    std::uint64_t shown = value;
    const bool rare = counter->what.rare && changes.empty();
    if (!rare) show(0, value);
    for (std::size_t i = 0; i < changes.size() && changes[i].at <= end; ++i) {
      value = changes[i].added ? value + changes[i].value : changes[i].value;
      const std::uint64_t ns = nanoseconds(changes[i].at);
      const bool last =
          i + 1 == changes.size() || changes[i + 1].at > end || nanoseconds(changes[i + 1].at) != ns;
      if (!last || value == shown) continue;
      show(ns, value);
      shown = value;
    }
  }
}

void TimelineWriter::write(Tick end) {
  // 1. What is under way when the run ends, or was announced for later, ends with it.
  for (Span& span : spans_) {
    if (span.end == kNever) span.end_args = R"("unfinished":1)";
    span.begin = std::min(span.begin, end);
    span.end = std::min(span.end, end);
    tracks_[static_cast<std::size_t>(span.track)].used = true;
  }
  for (const Mark& mark : marks_) tracks_[static_cast<std::size_t>(mark.track)].used = true;
  // 2. Events.
  AtomicFile file(file_);
  file.write(R"({"displayTimeUnit":"ns","otherData":{"producer":"moesaic"},"traceEvents":[)");
  EventList events(file);
  write_names(events);
  write_spans(events, end);
  write_flows(events);
  write_counters(events, end);
  file.write("\n]}\n");
  file.commit();
}

}  // namespace moesaic
