// SPDX-License-Identifier: Apache-2.0
#include "tests/support/timeline.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include <set>

namespace moesaic::test {

namespace {

using Json = nlohmann::ordered_json;

class Parser {
 public:
  Timeline parse(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.contains("traceEvents")) {
      timeline_.errors.push_back("not a JSON object with traceEvents");
      return timeline_;
    }
    for (const Json& event : json["traceEvents"]) this->event(event);
    nesting();
    flows();
    return timeline_;
  }

 private:
  void error(const std::string& what) { timeline_.errors.push_back(what); }

  // Microseconds with at most three digits, as nanoseconds.
  std::int64_t time(const Json& event, const char* field) {
    if (!event.contains(field) || !event[field].is_number()) {
      error(std::string("no ") + field + ": " + event.dump());
      return 0;
    }
    const double us = event[field].get<double>();
    const auto ns = static_cast<std::int64_t>(std::llround(us * 1000));
    if (ns < 0 || std::abs(us * 1000 - static_cast<double>(ns)) > 0.01)
      error("not whole nanoseconds: " + event.dump());
    return ns;
  }

  void event(const Json& event) {
    const std::string kind = event.value("ph", "");
    if (!event.contains("pid") || !event["pid"].is_number_unsigned() || !event.contains("name"))
      return error("no pid or name: " + event.dump());
    const auto process = event["pid"].get<unsigned>();
    const auto thread = event.value("tid", 0u);
    if (kind == "M") return name(event, process, thread);
    if (kind != "C" && tracks_.count({process, thread}) == 0) error("unnamed track: " + event.dump());
    TimelineSpan span{
        processes_[process], tracks_[{process, thread}], event["name"], time(event, "ts"), 0, {}};
    if (kind == "X") {
      span.end = span.begin + time(event, "dur");
      for (const auto& [key, value] : event.at("args").items()) span.args[key] = value.dump();
      timeline_.spans.push_back(span);
    } else if (kind == "i") {
      timeline_.marks.push_back(span);
    } else if (kind == "C") {
      if (event.at("args").size() != 1) error("a counter with several values: " + event.dump());
      auto& values = timeline_.counters[span.process + "/" + span.name];
      if (!values.empty() && values.back().first > span.begin) error("a counter goes back: " + event.dump());
      values.emplace_back(span.begin, event.at("args").begin()->get<double>());
    } else if (kind == "s" || kind == "f") {
      if (kind == "f" && event.value("bp", "") != "e") error("a flow end without binding: " + event.dump());
      auto& ends = kind == "s" ? starts_ : ends_;
      if (!ends.emplace(event.at("id").get<unsigned>(), span).second) error("flow id twice: " + event.dump());
    } else {
      error("event of kind " + kind);
    }
  }

  void name(const Json& event, unsigned process, unsigned thread) {
    if (event["name"] == "process_name") processes_[process] = event.at("args").at("name");
    if (event["name"] == "thread_name") tracks_[{process, thread}] = event.at("args").at("name");
  }

  // On a track, in the order of the file: begins grow, and a span ends before the one around it.
  void nesting() {
    std::map<std::pair<std::string, std::string>, std::vector<const TimelineSpan*>> open;
    for (const TimelineSpan& span : timeline_.spans) {
      auto& stack = open[{span.process, span.track}];
      if (!stack.empty() && span.begin < stack.back()->begin) error("spans out of order on " + span.track);
      while (!stack.empty() && stack.back()->end <= span.begin) stack.pop_back();
      if (!stack.empty() && stack.back()->end < span.end)
        error(span.track + " of " + span.process + ": " + span.name + " outlives " + stack.back()->name);
      stack.push_back(&span);
    }
  }

  // The innermost span around a time on a track; of two that meet there, the one that begins.
  std::size_t around(const TimelineSpan& point) {
    std::size_t found = timeline_.spans.size();
    for (std::size_t i = 0; i < timeline_.spans.size(); ++i) {
      const TimelineSpan& span = timeline_.spans[i];
      if (span.process != point.process || span.track != point.track) continue;
      if (span.begin <= point.begin && span.end >= point.begin) found = i;
    }
    if (found == timeline_.spans.size()) error("a flow outside of spans on " + point.track);
    return found;
  }

  void flows() {
    if (starts_.size() != ends_.size()) error("flows without partner");
    for (const auto& [id, start] : starts_) {
      const auto end = ends_.find(id);
      if (end == ends_.end()) {
        error("flow " + std::to_string(id) + " does not end");
        continue;
      }
      if (end->second.begin < start.begin) error("flow " + std::to_string(id) + " goes back in time");
      timeline_.flows.push_back({around(start), around(end->second)});
    }
  }

  Timeline timeline_;
  std::map<unsigned, std::string> processes_;
  std::map<std::pair<unsigned, unsigned>, std::string> tracks_;
  std::map<unsigned, TimelineSpan> starts_;
  std::map<unsigned, TimelineSpan> ends_;
};

}  // namespace

Timeline parse_timeline(const std::string& text) {
  return Parser().parse(text);
}

}  // namespace moesaic::test
