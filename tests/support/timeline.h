// SPDX-License-Identifier: Apache-2.0
// A reader of timelines that checks what viewers rely on: fields, order, nesting, pairs of flows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace moesaic::test {

struct TimelineSpan {
  std::string process;
  std::string track;
  std::string name;
  std::int64_t begin = 0;                   ///< ns
  std::int64_t end = 0;                     ///< ns
  std::map<std::string, std::string> args;  ///< values as JSON
};

struct TimelineFlow {
  std::size_t from = 0;  ///< index of a span
  std::size_t to = 0;
};

struct Timeline {
  std::vector<TimelineSpan> spans;
  std::vector<TimelineFlow> flows;
  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> counters;  ///< "die 0/name"
  std::vector<TimelineSpan> marks;
  std::vector<std::string> errors;
};

Timeline parse_timeline(const std::string& text);

}  // namespace moesaic::test
